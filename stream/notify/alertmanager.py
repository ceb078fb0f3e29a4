"""Alertmanager's API v2: for whoever has on-call rotas, inhibition and receivers there already."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

import msgspec

from producers.configuration import read_config
from stream.notify.post import check_url, post
from stream.notify.secrets import Secret, read_secret
from stream.settings import Section
from stream.wire.codec import encode
from stream.wire.events import Alert
from stream.wire.triage import Notice


class AlertmanagerConfig(Section, frozen=True, kw_only=True):
    """``[notify.sinks.NAME]`` of type alertmanager."""

    url: str  # http://host:9093, with the path prefix if it has one
    active_seconds: Annotated[float, msgspec.Meta(gt=0.0)] = 3600.0  # an event has no end: it resolves after so long
    labels: dict[str, str] = msgspec.field(default_factory=dict)  # added to every alert
    headers: dict[str, Secret] = msgspec.field(default_factory=dict)
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 10.0


class Alertmanager:
    """Puts each alert into a Prometheus Alertmanager, where it resolves by itself."""

    def __init__(self, *, name: str, config: Mapping[str, object]) -> None:
        where = f"[notify.sinks.{name}]"
        self._config = read_config(AlertmanagerConfig, config, where=where)
        self._url = check_url(self._config.url.rstrip("/") + "/api/v2/alerts", where=where)
        self._headers = {
            header: read_secret(value, field=f"headers.{header}", where=where)
            for header, value in self._config.headers.items()
        }

    def deliver(self, notice: Notice) -> None:
        """Send its alerts; 200 is taken. The same labels again are the same alert to Alertmanager."""
        ends = datetime.now(UTC) + timedelta(seconds=self._config.active_seconds)
        body = encode([self._alert(alert, notice, ends) for alert in notice.alerts])
        post(self._url, body, headers=self._headers, timeout=self._config.timeout_seconds)

    def _alert(self, alert: Alert, notice: Notice, ends: datetime) -> dict[str, object]:
        labels = {
            "alertname": f"weir_{alert.kind}",
            "kind": alert.kind,
            "severity": alert.severity,
            "entity_kind": alert.entity.kind,
            "entity": alert.entity.id,
            "detector": alert.detector.name,
            "route": notice.route,
            "alert_id": alert.id,
        }
        began = datetime.fromtimestamp(min(alert.emitted_at / 1000, ends.timestamp() - 1), UTC)
        return {
            "labels": {**self._config.labels, **labels},
            "annotations": {"summary": alert.sentence, "action": alert.action},
            "startsAt": began.isoformat(),
            "endsAt": ends.isoformat(),
        }

    def close(self) -> None:
        """Nothing is kept open."""
