"""The commands of ``weir``, one file each; ``stream.cli`` finds them by name and loads only the one that is called."""
