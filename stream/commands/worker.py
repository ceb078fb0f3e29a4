"""``weir worker``: one worker process, as many as there are partitions may run side by side."""

import signal
import sys
from pathlib import Path

import click
import msgspec

from stream.commands.options import bootstrap_option, config_option, log_options, logged, settings_from
from stream.connection import require_admission
from stream.errors import SettingsError
from stream.settings import Settings

_EXIT_CODES = """\b
Exit codes; after 1, 3, 4 and 5 start it again, and it goes on where it was:
  0  SIGTERM or Ctrl-C: all flushed and committed
  1  a failure, named by the last line of the log
  2  a setting or an option that can't be used
  3  the machine lacks something: no Kafka answers, a port is taken
  4  fenced: another worker has taken its partitions over
  5  stalled: no progress for kafka.watchdog_seconds
  6  Kafka turned it away: name, password, certificate or rights
"""


@click.command(epilog=_EXIT_CODES)
@config_option
@bootstrap_option
@click.option(
    "--shadow",
    metavar="ID",
    help="Score by this model of the registry beside the champion, seen by nobody (docs/registry.md).",
)
@log_options
def worker(
    config: Path | None, bootstrap: str | None, *, shadow: str | None, log: str | None, log_level: str | None
) -> None:
    """Run one worker: it takes its share of the partitions, scores, and tells alerts.

    Metrics stand at /metrics, health at /healthz, readiness at /readyz (worker.metrics_port).
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust listens for it, there is nothing to flush
    settings = logged(settings_from(config, bootstrap), log, log_level)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    settings = _beside(settings, shadow) if shadow else settings
    require_admission(settings.kafka)  # at once: what comes next takes seconds to import
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # all that a worker needs, and --help does not

    from monitoring.exporter import Exporter  # noqa: PLC0415
    from monitoring.health import stall  # noqa: PLC0415
    from monitoring.metrics import Metrics  # noqa: PLC0415
    from stream.access import require_role  # noqa: PLC0415
    from stream.agents.topics import create_topics  # noqa: PLC0415
    from stream.agents.watchdog import Watchdog  # noqa: PLC0415
    from stream.audit.telling import tell_change  # noqa: PLC0415
    from stream.registry.arrivals import Arrivals  # noqa: PLC0415
    from stream.walk import STAGES, detectors_of, stages_of  # noqa: PLC0415
    from stream.warm_up import warm_up  # noqa: PLC0415
    from stream.worker import run_worker  # noqa: PLC0415

    own = detectors_of(settings)
    create_topics(settings.kafka.bootstrap, settings, STAGES)
    require_role("worker", settings)
    metrics = Metrics(CollectorRegistry(), config=settings.version)
    arrivals = Arrivals(settings, own, metrics.serves)
    detectors = arrivals.serving_first()
    tell_change(settings, detectors)
    warm_up(settings, detectors)  # on a cold start for longer, perhaps, than a worker may stand still
    metrics.begins()
    place = settings.worker
    patience = settings.kafka.watchdog_seconds
    with (
        Exporter(metrics, host=place.metrics_host, port=place.metrics_port, stalled_seconds=patience),
        Watchdog(settings, lambda: stall(metrics.progress(), stalled_seconds=patience)),
        arrivals,
    ):
        specs = stages_of(settings, own, arrivals.models())[: 2 if shadow else None]  # a shadow judges payments alone
        sys.exit(run_worker(settings, specs, observer=metrics))


def _beside(settings: Settings, name: str) -> Settings:
    """Settings of a shadow: the same inputs, a group and outputs of its own, and one model for good."""
    from models.registry.shelf import Registry  # noqa: PLC0415  # kernels are not needed for --help
    from stream.registry.beside import shadowing  # noqa: PLC0415

    registry = Registry(Path(settings.registry.path))
    model = registry.find(name)
    if registry.standings()[model].state != "shadow":
        raise SettingsError("--shadow", "a model in state shadow: `weir models shadow`", model, where="worker")
    folder, _ = registry.folder(model)
    served = msgspec.structs.replace(settings.worker, model=str(folder))
    return shadowing(msgspec.structs.replace(settings, worker=served), model)
