"""The walk put together: which stages there are, and the detectors that the settings name."""

from collections.abc import Sequence
from pathlib import Path

from models.detector import Detector
from stream.agents.spec import StageSpec
from stream.core.customer_stage import CustomerStage
from stream.core.market.stage import MarketStage
from stream.core.swap import Models
from stream.core.terminal_stage import TerminalStage
from stream.errors import SettingsError
from stream.settings import Settings

STAGES = ("customers", "terminals", "market")


def detectors_of(settings: Settings) -> list[Detector]:
    """Load the detectors named in ``alerts.detectors`` from the artefact of ``worker.model``, and ``alerts.rules``."""
    from models.plugins import load_detectors  # noqa: PLC0415  # numba kernels only where they are needed
    from models.rules.detector import Rules, load  # noqa: PLC0415

    model = Path(settings.worker.model) if settings.worker.model else None
    if Rules.name in settings.alerts.detectors:
        raise SettingsError("alerts.detectors", f"no {Rules.name}; name their file in alerts.rules", Rules.name)
    detectors = _placed(load_detectors(settings.alerts.detectors, model), model, settings)
    return [*detectors, load(Path(settings.alerts.rules))] if settings.alerts.rules else detectors


def _placed(detectors: list[Detector], model: Path | None, settings: Settings) -> list[Detector]:
    """Move thresholds to where the settings want them; untouched where they say nothing."""
    alerts = settings.alerts
    if not (alerts.budget_a_day or alerts.review_cost or alerts.per_segment):
        return detectors
    from models.thresholds.placing import place  # noqa: PLC0415  # as above
    from models.thresholds.table import read_table  # noqa: PLC0415

    return place(
        detectors,
        read_table(model),
        alerts_a_day=alerts.budget_a_day,
        review_cost=alerts.review_cost,
        per_segment=alerts.per_segment,
    )


def stages_of(settings: Settings, detectors: Sequence[Detector], models: Models | None = None) -> list[StageSpec]:
    """Name the three stages and how to make one for a partition; ``models``: see ``TerminalStage``."""

    def terminals(partition: int) -> TerminalStage:
        return TerminalStage(partition, settings, detectors, models=models)

    return [
        StageSpec(name=STAGES[0], topics=CustomerStage.topics, factory=lambda p: CustomerStage(p, settings)),
        StageSpec(name=STAGES[1], topics=TerminalStage.topics, factory=terminals),
        StageSpec(name=STAGES[2], topics=MarketStage.topics, factory=lambda p: MarketStage(p, settings)),
    ]
