"""What a plain install has is enough for the quick start: no extra is needed to start, watch and end it."""

import subprocess
import sys

_EXTRAS = (
    "cryptography",
    "litestar",
    "matplotlib",
    "mkdocs",
    "psycopg",
    "sklearn",
    "tensorflow",
    "websockets",
    "xgboost",
)
_QUICK_START = (
    "deployment.local.kafka",
    "producers.publisher",
    "producers.commands",
    "stream.run.children",
    "stream.walk",
    "stream.worker",
)


def test_the_quick_start_imports_no_extra() -> None:
    """A package that is not there is None among the modules: to import it fails."""
    hidden = f"import sys, importlib; sys.modules |= dict.fromkeys({_EXTRAS!r})"
    code = f"{hidden}; [importlib.import_module(name) for name in {_QUICK_START!r}]"

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert ended.stderr == ""
