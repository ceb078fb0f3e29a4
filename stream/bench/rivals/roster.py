"""Who the rivals are."""

from pathlib import Path

import msgspec

_HERE = Path(__file__).parent


class Rival(msgspec.Struct, frozen=True, kw_only=True):
    """One program and its requirements, both beside this file.

    every  it drains one in so many of the payments that Weir is given, so that it takes about as long
    """

    name: str
    title: str
    package: str
    program: str
    every: int

    @property
    def path(self) -> Path:
        """Its program."""
        return _HERE / self.program

    @property
    def requirements(self) -> Path:
        """Exact pins of its environment."""
        return _HERE / f"{self.name}.txt"

    @property
    def version(self) -> str:
        """Of the package it is about, as pinned."""
        pins = dict(line.split("==") for line in self.requirements.read_text().split() if line.count("==") == 1)
        return pins[self.package]


RIVALS = (
    Rival(name="faust", title="stock Faust", package="faust-streaming", program="faust_app.py", every=20),
    Rival(name="quix", title="Quix Streams", package="quixstreams", program="quix_app.py", every=5),
    Rival(name="aiokafka", title="aiokafka loop", package="aiokafka", program="aiokafka_loop.py", every=3),
)
