"""Tells a sink again what it did not take: for when its token, its disk or its settings are mended."""

import time

from stream.errors import WeirError
from stream.notify.records import Records
from stream.notify.sink import NotTakenError, Sink
from stream.settings import Settings
from stream.triage.held import held_alerts
from stream.wire.triage import Delivery, Notice


def tell_again(settings: Settings, name: str, sink: Sink, *, since: int) -> int:
    """Hand ``sink`` every alert that is undelivered there since then, epoch ms, each alone, the oldest first.

    -> how many it took: they are undelivered no more
    Raises WeirError at the first that it does not take.
    """
    records, told = Records(settings), 0
    try:
        for last, alert, _ in held_alerts(settings, since):
            if alert is None or (last.sink, last.outcome) != (name, "undelivered"):
                continue
            try:
                sink.deliver(Notice(id=alert.id, sink=name, route=last.route, group=last.group, alerts=(alert,)))
            except NotTakenError as error:
                raise WeirError(f"{told:,} told; {name} did not take {alert.id}: {error.why}") from None
            records.write(
                Delivery(
                    id=alert.id,
                    at=round(1000 * time.time()),
                    sink=name,
                    route=last.route,
                    group=last.group,
                    outcome="told",
                    alerts=(alert.id,),
                    tries=last.tries + 1,
                )
            )
            records.flush()
            told += 1
    finally:
        records.close()
        sink.close()
    return told
