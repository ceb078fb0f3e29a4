"""``weir worker``: one worker process, as many as there are partitions may run side by side."""

import signal
import sys
from pathlib import Path

import click

from stream.commands.options import bootstrap_option, config_option, settings_from
from stream.errors import SettingsError

_EXIT_CODES = """\b
Exit codes; after 1, 3, 4 and 5 start it again, and it goes on where it was:
  0  SIGTERM or Ctrl-C: all flushed and committed
  1  a failure, named by the last line of the log
  2  a setting or an option that can't be used
  3  the machine lacks something: no Kafka answers, a port is taken
  4  fenced: another worker has taken its partitions over
  5  stalled: no progress for kafka.watchdog_seconds
"""


@click.command(epilog=_EXIT_CODES)
@config_option
@bootstrap_option
@click.option(
    "--log-level", type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"]), default="WARNING", show_default=True
)
def worker(config: Path | None, bootstrap: str | None, *, log_level: str) -> None:
    """Run one worker: it takes its share of the partitions, scores, and tells alerts.

    Metrics stand at /metrics, health at /healthz, readiness at /readyz (worker.metrics_port).
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # until Faust listens for it, there is nothing to flush
    settings = settings_from(config, bootstrap)
    if not settings.kafka.bootstrap:
        raise SettingsError("kafka.bootstrap", "host:port of a broker; give --bootstrap or set WEIR_BOOTSTRAP")
    from prometheus_client import CollectorRegistry  # noqa: PLC0415  # all that a worker needs, and --help does not

    from monitoring.exporter import Exporter  # noqa: PLC0415
    from monitoring.health import stall  # noqa: PLC0415
    from monitoring.metrics import Metrics  # noqa: PLC0415
    from stream.agents.topics import create_topics  # noqa: PLC0415
    from stream.agents.watchdog import Watchdog  # noqa: PLC0415
    from stream.audit.telling import tell_change  # noqa: PLC0415
    from stream.walk import STAGES, detectors_of, stages_of  # noqa: PLC0415
    from stream.warm_up import warm_up  # noqa: PLC0415
    from stream.worker import run_worker  # noqa: PLC0415

    detectors = detectors_of(settings)
    create_topics(settings.kafka.bootstrap, settings, STAGES)
    tell_change(settings, detectors)
    warm_up(settings, detectors)
    metrics = Metrics(CollectorRegistry(), config=settings.version)
    metrics.serves({detector.name: detector.version for detector in detectors})
    place = settings.worker
    patience = settings.kafka.watchdog_seconds
    with (
        Exporter(metrics, host=place.metrics_host, port=place.metrics_port, stalled_seconds=patience),
        Watchdog(settings, lambda: stall(metrics.progress(), stalled_seconds=patience)),
    ):
        sys.exit(run_worker(settings, stages_of(settings, detectors), observer=metrics, loglevel=log_level))
