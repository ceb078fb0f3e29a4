"""A network link on loopback that can be harmed: one port is forwarded to another, by a process of its own.

``python -m deployment.local.link LISTEN FORWARD`` serves until standard input closes. It writes a line when it listens
and one after each command, of which it takes one a line:

    cut           nothing passes any more, either way; new connections are taken and hang
    delay N       all arrives N milliseconds after it was sent, in order, each way
    throttle N    N bytes a second pass, each way, over all connections
    mend          all of this is over; what was held back arrives
"""

import asyncio
import sys
from asyncio import Queue, StreamReader, StreamWriter
from contextlib import suppress

import uvloop

CHUNK_BYTES = 256 << 10  # read at once
PIECE_BYTES = 16 << 10  # passed at once while throttled, so that connections take turns
_QUEUED_CHUNKS = 64  # on their way, per connection and direction: enough for 80 MB/s at 200 ms

Sent = tuple[float, bytes]  # loop time at which it was read here; b"": the end


class Way:
    """One direction of the link, shared by its connections."""

    def __init__(self) -> None:
        self.delay_seconds = 0.0
        self.bytes_per_second = 0.0  # 0: as many as there are
        self.is_open = asyncio.Event()
        self.is_open.set()
        self._busy_until = 0.0

    def mend(self) -> None:
        """Let all pass, at once."""
        self.delay_seconds = self.bytes_per_second = self._busy_until = 0.0
        self.is_open.set()

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection's bytes until its end, which arrives after them."""
        queue: Queue[Sent] = Queue(_QUEUED_CHUNKS)
        reading = asyncio.create_task(_read(reader, queue))
        try:
            while True:
                at, chunk = await queue.get()
                if (early := at + self.delay_seconds - _now()) > 0:
                    await asyncio.sleep(early)
                for piece in self._pieces(chunk) if chunk else (b"",):
                    await self._pass(len(piece))
                    writer.write(piece)
                    await writer.drain()
                if not chunk:
                    return
        finally:
            reading.cancel()

    def _pieces(self, chunk: bytes) -> list[bytes]:
        size = PIECE_BYTES if self.bytes_per_second else CHUNK_BYTES
        return [chunk[start : start + size] for start in range(0, len(chunk), size)]

    async def _pass(self, size: int) -> None:
        """Wait for a turn of ``size`` bytes, and for as long as the link is cut."""
        if self.bytes_per_second:
            self._busy_until = max(self._busy_until, _now()) + size / self.bytes_per_second
            await asyncio.sleep(self._busy_until - _now())
        await self.is_open.wait()


class Link:
    """Forwards connections to a port of 127.0.0.1 over two ways, there and back."""

    def __init__(self, forward: int) -> None:
        self._forward = forward
        self._ways = (Way(), Way())

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Forward one connection until either side ends it."""
        for way in self._ways:
            await way.is_open.wait()
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._forward, limit=CHUNK_BYTES)
        except OSError:  # nobody there: whoever came is turned away too
            writer.transport.abort()
            return
        there, back = self._ways
        carrying = {
            asyncio.create_task(there.carry(reader, there_writer)),
            asyncio.create_task(back.carry(there_reader, writer)),
        }
        with suppress(asyncio.CancelledError):  # the process ends
            await asyncio.wait(carrying, return_when=asyncio.FIRST_COMPLETED)
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)  # a connection that broke is one that ended
        for end in (writer, there_writer):
            end.close()

    def obey(self, command: str) -> None:
        """Carry out one command; raises ValueError on any other word or number."""
        word, _, number = command.partition(" ")
        for way in self._ways:
            match word:
                case "cut":
                    way.is_open.clear()
                case "mend":
                    way.mend()
                case "delay":
                    way.delay_seconds = float(number) / 1000
                case "throttle":
                    way.bytes_per_second = float(number)
                case _:
                    raise ValueError(command)


async def _read(reader: StreamReader, queue: Queue[Sent]) -> None:
    chunk = b"-"
    while chunk:
        try:
            chunk = await reader.read(CHUNK_BYTES)
        except OSError:  # reset by its peer: the other side hears of it as of an end
            chunk = b""
        await queue.put((_now(), chunk))


def _now() -> float:
    return asyncio.get_running_loop().time()


async def run(listen: int, forward: int) -> None:
    """Serve until standard input closes."""
    link = Link(forward)
    server = await asyncio.start_server(link.serve, "127.0.0.1", listen, limit=CHUNK_BYTES)
    commands = StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    _say("listening")
    while line := await commands.readline():
        link.obey(line.decode().strip())
        _say("done")
    server.close()


def _say(word: str) -> None:
    with suppress(BrokenPipeError):  # whoever started us is gone
        sys.stdout.write(word + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(run(int(sys.argv[1]), int(sys.argv[2])))
