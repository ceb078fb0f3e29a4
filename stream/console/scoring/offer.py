"""Offers payments to ``weir score`` at a fixed rate, however long the answers take, and says how long they took.

``WEIR_TOKEN=… python -m stream.console.scoring.offer 127.0.0.1:9111 --rate 500 --seconds 30``. A request's time counts
from the moment it was due, so one that had to wait for others counts in full (no coordinated omission).
"""

import asyncio
import os
import time
from collections import Counter
from random import Random

import click
import msgspec
import uvloop

_CONNECTIONS = 64
_WARM_SECONDS = 3.0  # not counted


@click.command()
@click.argument("address")
@click.option("--rate", type=float, default=500.0, show_default=True, help="Requests a second.")
@click.option("--seconds", type=float, default=30.0, show_default=True)
@click.option("--at", type=int, help="Event time of the first payment, epoch ms. Default: now.")
@click.option("--seed", type=int, default=1, show_default=True)
def offer(address: str, rate: float, seconds: float, at: int | None, seed: int) -> None:
    """Send payments of 5,000 customers at 10,000 terminals, named as the simulator names them."""
    host, _, port = address.rpartition(":")
    begin = round(1000 * time.time()) if at is None else at
    run = _Offer(host, int(port), os.environ["WEIR_TOKEN"], Random(seed), begin)  # noqa: S311  # no secret is made
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run.offer(rate, seconds))
    run.tell()


class _Offer:
    def __init__(self, host: str, port: int, token: str, chance: Random, at: int) -> None:
        self._host, self._port, self._token, self._chance, self._at = host, port, token, chance, at
        self._free: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._times: list[float] = []
        self._answers: Counter[str] = Counter()

    async def offer(self, rate: float, seconds: float) -> None:
        """Send, and wait for all answers."""
        for _ in range(_CONNECTIONS):
            self._free.put_nowait(await asyncio.open_connection(self._host, self._port))
        tasks, began = set[asyncio.Task[None]](), time.perf_counter()
        for number in range(round(rate * (seconds + _WARM_SECONDS))):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            task = asyncio.create_task(self._ask(number, due, counts=due - began > _WARM_SECONDS))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        while not self._free.empty():
            self._free.get_nowait()[1].close()

    async def _ask(self, number: int, due: float, *, counts: bool) -> None:
        reader, writer = await self._free.get()
        writer.write(self._request(number))
        head = await reader.readuntil(b"\r\n\r\n")
        status = head[9:12].decode()
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        body = msgspec.json.decode(await reader.readexactly(length))
        self._free.put_nowait((reader, writer))
        if counts:
            self._times.append(time.perf_counter() - due)
            self._answers[body.get("decision", f"{status} {body.get('detail', '')}")] += 1

    def _request(self, number: int) -> bytes:
        chance = self._chance
        body = msgspec.json.encode(
            {
                "id": f"o{self._at}-{number}",
                "at": self._at + 2 * number,
                "customer": f"c{chance.randrange(5_000):05}",
                "terminal": f"m{chance.randrange(10_000):05}",
                "amount": round(chance.lognormvariate(8.0, 1.0)),
                "currency": "EUR",
            }
        )
        head = (
            f"POST /v1/score HTTP/1.1\r\nHost: weir\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    def tell(self) -> None:
        """Say how long they took."""
        times = sorted(1000 * one for one in self._times)
        shares = {name: times[min(len(times) - 1, int(len(times) * share))] for name, share in _SHARES.items()}
        words = ", ".join(f"{name} {value:.1f}" for name, value in shares.items())
        click.echo(f"{len(times):,} answers {dict(self._answers)}; ms: {words}, most {times[-1]:.1f}")


_SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}

if __name__ == "__main__":
    offer()
