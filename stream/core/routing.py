"""Which alerts go to which sink, by which route, and what they are grouped by."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import get_args

from stream.settings import Route, Severity
from stream.wire.events import Alert

SEVERITIES: tuple[str, ...] = get_args(Severity)  # rising


def is_at_least(severity: str, least: str) -> bool:
    """Whether an alert's severity is ``least`` or above; one we do not know, of a newer writer, is above all."""
    return severity not in SEVERITIES or SEVERITIES.index(severity) >= SEVERITIES.index(least)


def holds(route: Route, alert: Alert) -> bool:
    """Whether every condition of a route holds for an alert."""
    return (
        (not route.kinds or alert.kind in route.kinds)
        and is_at_least(alert.severity, route.severity)
        and (not route.detectors or alert.detector.name in route.detectors)
        and (not route.entities or _fits(entity_name(alert), route.entities))
        and all(_fits(str(alert.evidence.get(key, "")), (pattern,)) for key, pattern in route.evidence.items())
    )


def route_of(alert: Alert, sink: str, routes: Mapping[str, Route]) -> str | None:
    """Name of the first route that names the sink and holds for the alert; None: it does not go there."""
    return next((name for name, route in routes.items() if sink in route.sinks and holds(route, alert)), None)


def group_of(alert: Alert, route: Route) -> str:
    """Name of the group an alert is told in, as in ``fraud customer:c42``; what waits in one group is told together.

    A route that groups by nothing has one group for all its alerts.
    """
    values = {
        "kind": alert.kind,
        "severity": alert.severity,
        "entity": entity_name(alert),
        "detector": alert.detector.name,
        "alert": alert.id,
    }
    return " ".join(values[key] for key in route.group_by) or "all"


def entity_name(alert: Alert) -> str:
    """Name whom an alert is about, as in ``customer:c42``."""
    return f"{alert.entity.kind}:{alert.entity.id}"


def _fits(value: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(value, pattern) for pattern in patterns)
