"""The contract test of a sink, for anyone's package: ``check_sink(MySink, config=…)`` in a test of its own.

from stream.notify.contract import check_sink

def test_my_sink_keeps_the_contract() -> None:
    check_sink(MySink, config={"room": "#alerts"}, down={"room": "#alerts", "host": "127.0.0.1:1"})
"""

import time
from collections.abc import Mapping

from stream.errors import SettingsError
from stream.notify.rehearsal import made_up
from stream.notify.sink import NotTakenError, Sink
from stream.wire.triage import Notice

_NO_FIELD = "no_sink_has_this_field"
_PATIENCE_SECONDS = 60.0
_MANY = 100  # alerts: as many as a notice may have


class ContractError(AssertionError):
    """A sink breaks a promise; the message says which."""


def check_sink(
    kind: type[Sink], *, config: Mapping[str, object], down: Mapping[str, object] | None = None, name: str = "mine"
) -> None:
    """Hold a sink to the contract of ``stream.notify.sink.Sink``; its receiver gets notices that say they are none.

    kind    the class that the entry point names
    config  with which it reaches a receiver that takes everything
    down    with which it reaches nobody; None: it can't be down
    Raises ContractError that says which promise is broken.
    """
    _require(bool((kind.__doc__ or "").strip()), "it has a docstring, whose first line is listed")
    _check_refusal(kind, config)
    sink = kind(name=name, config=dict(config))
    try:
        for notice in (_notice(name, 1), _notice(name, 1), _notice(name, 2), _notice(name, _MANY)):
            _deliver(sink, notice)
    except NotTakenError as error:
        raise ContractError(
            f"a notice is taken, also one that comes again, and one of {_MANY} alerts: {error}"
        ) from error
    finally:
        sink.close()
    if down is not None:
        _check_down(kind(name=name, config=dict(down)), _notice(name, 1))


def _check_refusal(kind: type[Sink], config: Mapping[str, object]) -> None:
    try:
        kind(name="mine", config={**config, _NO_FIELD: 1})
    except SettingsError as error:
        _require(_NO_FIELD in str(error), f"the error names the unknown field, it says: {error}")
    else:
        raise ContractError("an unknown field of the configuration is refused with SettingsError")


def _check_down(sink: Sink, notice: Notice) -> None:
    try:
        _deliver(sink, notice)
    except NotTakenError as error:
        _require(bool(str(error)), "it says why it did not take a notice")
        _require(not error.is_final, "a receiver that is down is tried again: the failure is not final")
    except Exception as error:
        raise ContractError(f"a receiver that is down raises NotTakenError, not {type(error).__name__}") from error
    else:
        raise ContractError("what reached nobody is not taken")
    finally:
        sink.close()


def _deliver(sink: Sink, notice: Notice) -> None:
    began = time.monotonic()
    try:
        sink.deliver(notice)
    finally:
        _require(time.monotonic() - began < _PATIENCE_SECONDS, f"it answers within {_PATIENCE_SECONDS:.0f} s")


def _notice(name: str, count: int) -> Notice:
    alerts = tuple(made_up(name, now=1_760_011_200_000 + number) for number in range(count))
    return Notice(id=f"{alerts[0].id}-{count}", sink=name, route="rehearsal", group=f"sink:{name}", alerts=alerts)


def _require(holds: bool, promise: str) -> None:
    if not holds:
        raise ContractError(promise)
