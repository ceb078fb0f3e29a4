"""Card messages by ISO 8583 over TCP: an acquirer's switch sends advices, and each is answered once it stands in Kafka.

Advices are what a switch keeps and sends again until they are answered (store and forward), so none is lost. Requests
for authorisation are not ours to answer: they get response code 12, and become no event.
"""

import asyncio
import datetime as dt
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from producers.adapters.card_messages import payment_of
from producers.adapters.extra import library
from producers.adapters.intake import Fate, Intake, serving
from producers.adapters.posted import UnfitError
from producers.configuration import read_config
from producers.ledger import Ledger
from producers.live import Batch
from producers.tokens import Tokens
from stream.notify.secrets import Secret
from stream.settings import Section

_WHERE = "[producers.iso8583]"
_ECHOED = ("3", "4", "7", "11", "12", "13", "32", "37", "41", "42", "49")  # into a response; never the card
_APPROVED, _INVALID, _FORMAT, _DUPLICATE = "00", "12", "30", "94"  # response codes, field 39
_ADVICE, _NETWORK = "2", "8"  # third digit of an advice's type; second of network management
_CURRENCIES = {"978": "EUR", "840": "USD", "826": "GBP", "756": "CHF", "392": "JPY", "752": "SEK", "985": "PLN"}


class Iso8583Config(Section, frozen=True, kw_only=True):
    """``[producers.iso8583]``.

    token          where the keys of card tokens are, one a line, of 32 characters or more (docs/security.md)
    encoding       of numbers, lengths and bitmaps: "ascii" or "binary" (BCD), the starter specifications of pyiso8583
    currencies     ISO 4217, numeric → letters; others are refused
    idle_seconds   without a message, after which a connection is closed
    ledger         ids that have come; one of its own for each process
    """

    token: Secret
    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9483
    encoding: Literal["ascii", "binary"] = "ascii"
    currencies: dict[str, str] = msgspec.field(default_factory=lambda: dict(_CURRENCIES))
    idle_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=86_400.0)] = 600.0
    ledger: str = ".weir/iso8583.sqlite"
    remember_days: Annotated[float, msgspec.Meta(gt=0.0, le=90.0)] = 7.0


class Iso8583:
    """Card payments from ISO 8583 advices over TCP, card numbers replaced by tokens before anything else is done."""

    def __init__(self, *, seed: int = 0, config: Mapping[str, object] | None = None) -> None:
        self.config = read_config(Iso8583Config, config or {}, where=_WHERE)
        self.seed = seed  # changes nothing
        self.refused: Counter[str] = Counter()
        self.ledger = Ledger(Path(self.config.ledger))
        self._tokens = Tokens.read(self.config.token, where=_WHERE)
        self._iso8583 = library("iso8583")
        specs = library("iso8583.specs")
        self._spec = specs.default_ascii if self.config.encoding == "ascii" else specs.default
        self._intake = Intake(self.ledger, remember_days=self.config.remember_days)

    def batches(self, stop: threading.Event) -> Iterator[Batch]:
        """Serve, and yield what comes."""
        with serving(self._start, what=f"ISO 8583 at {self.config.host}:{self.config.port}"):
            yield from self._intake.batches(stop)

    async def _start(self) -> Callable[[], Awaitable[object]]:
        talks: dict[asyncio.Task[None], asyncio.Event] = {}  # each with whether it owes no answer

        def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            owes_none = asyncio.Event()
            talk = asyncio.ensure_future(self._talk(reader, writer, owes_none))
            talks[talk] = owes_none
            talk.add_done_callback(talks.pop)
            talk.add_done_callback(lambda _: writer.close())  # also where it never began

        server = await asyncio.start_server(begin, self.config.host, self.config.port)

        async def end() -> None:
            server.close()
            await asyncio.gather(*(owes_none.wait() for owes_none in talks.values()))
            talking = list(talks)
            for talk in talking:
                talk.cancel()
            await asyncio.gather(*talking, return_exceptions=True)
            await server.wait_closed()

        return end

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, owes_none: asyncio.Event) -> None:
        """Answer message after message; each has its length before it, two bytes, most significant first."""
        idle = self.config.idle_seconds
        try:
            while True:
                owes_none.set()
                size = await asyncio.wait_for(reader.readexactly(2), idle)
                body = await asyncio.wait_for(reader.readexactly(int.from_bytes(size, "big")), idle)
                owes_none.clear()
                answer = await self._answer(body)
                if answer:
                    writer.write(len(answer).to_bytes(2, "big") + answer)
                    await asyncio.wait_for(writer.drain(), idle)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            return  # the switch has gone, or says nothing any more
        finally:
            owes_none.set()

    async def _answer(self, body: bytes) -> bytes:
        """Take a message; b"" where nothing can be said: the switch sends it again."""
        try:
            fields, _ = self._iso8583.decode(body, self._spec)
        except self._iso8583.DecodeError as error:  # its text may show the card: not said
            self.refused[f"message: expected ISO 8583, fails at field {error.field}"] += 1
            return b""
        kind = str(fields["t"])
        if kind[2] not in "02" or kind[0] != "0":
            return b""  # a response to what we never asked, or another version
        if kind[1] == _NETWORK:
            return self._respond(fields, _APPROVED)
        if kind[1] not in "12" or kind[2] != _ADVICE:
            self.refused[f"message type {kind}: expected an advice, 0120 or 0220"] += 1
            return self._respond(fields, _INVALID)
        return await self._take(fields)

    async def _take(self, fields: dict[str, Any]) -> bytes:
        now = dt.datetime.now(dt.UTC)
        try:
            payment = payment_of(fields, tokens=self._tokens, currencies=self.config.currencies, now=now)
        except UnfitError as error:
            self.refused[str(error)] += 1
            return self._respond(fields, _FORMAT)
        fate = await self._intake.take(payment.id, payment)
        if fate is Fate.CLOSED:
            return b""
        return self._respond(fields, _DUPLICATE if fate is Fate.OTHER else _APPROVED)

    def _respond(self, fields: Mapping[str, str], code: str) -> bytes:
        kind = fields["t"]
        said = {number: fields[number] for number in _ECHOED if number in fields}
        answer = {"h": fields.get("h", ""), "t": f"{kind[:2]}{int(kind[2]) + 1}0", **said, "39": code}
        encoded, _ = self._iso8583.encode(answer, self._spec)
        return bytes(encoded)
