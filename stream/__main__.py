"""``python -m stream``: the same as ``weir``."""

from stream.cli import main

main()
