"""Settings: read once from defaults, a TOML file and ``WEIR_…`` variables, frozen, unknown keys refused by name."""

import hashlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, get_args

import msgspec

from stream.errors import SettingsError

Positive = Annotated[int, msgspec.Meta(gt=0)]
Share = Annotated[float, msgspec.Meta(gt=0.0, lt=1.0)]
Money = Annotated[float, msgspec.Meta(ge=0.0)]  # currency units
Severity: TypeAlias = Literal["low", "medium", "high", "critical"]
GroupKey: TypeAlias = Literal["kind", "severity", "entity", "detector", "alert"]
Security: TypeAlias = Literal["plaintext", "sasl_ssl"]
Mechanism: TypeAlias = Literal["SCRAM-SHA-512", "SCRAM-SHA-256"]
LogFormat: TypeAlias = Literal["text", "json"]
LogLevel: TypeAlias = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
PASSWORD = "WEIR_KAFKA_PASSWORD"  # noqa: S105  a variable's name; what it holds is in no settings
_CHOICES = {
    "severity": get_args(Severity),
    "group_by": get_args(GroupKey),
    "security": get_args(Security),
    "mechanism": get_args(Mechanism),
    "format": get_args(LogFormat),
    "level": get_args(LogLevel),
}

_INPUTS = ("transactions", "labels", "ticks")  # topics that producers write and workers read


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Common form of all sections."""


class Kafka(Section, frozen=True, kw_only=True):
    """How to reach Kafka and how topics are made."""

    bootstrap: str = ""  # host:port[,host:port]; empty: an embedded one
    prefix: str = ""  # before every topic name
    inputs_prefix: str | None = None  # before those that producers write, where it is another: how a shadow reads
    partitions: Annotated[int, msgspec.Meta(ge=1, le=1024)] = 4
    replication: Annotated[int, msgspec.Meta(ge=1, le=9)] = 1
    group: str = "weir"
    instance: str = ""  # this worker's own name in the group: started again within session_seconds, no other rebalances
    commit_seconds: Annotated[float, msgspec.Meta(gt=0.0, le=60.0)] = 1.0
    session_seconds: Annotated[float, msgspec.Meta(ge=1.0, le=60.0)] = 6.0  # a dead worker keeps its partitions so long
    watchdog_seconds: Annotated[float, msgspec.Meta(ge=1.0, le=3600.0)] = 90.0  # without progress: the worker ends
    standbys: Annotated[int, msgspec.Meta(ge=0, le=8)] = 1  # other workers that keep a partition's state warm
    slice_records: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 4096  # at most, per fetch of a partition
    idle_ms: Annotated[int, msgspec.Meta(ge=1, le=60_000)] = 25  # a partition silent for so long holds nobody back
    security: Security = "plaintext"  # or SCRAM over TLS (docs/security.md)
    mechanism: Mechanism = "SCRAM-SHA-512"
    username: str = ""
    password_file: str = ""  # or the variable WEIR_KAFKA_PASSWORD: a password stands in no settings
    ca_file: str = ""  # PEM, of who vouches for the brokers; empty: whom this machine trusts

    def named(self, topic: str) -> str:
        """Full name of a topic."""
        return (self.prefix if self.inputs_prefix is None or topic not in _INPUTS else self.inputs_prefix) + topic

    def plain(self, name: str) -> str:
        """Name of a topic without its prefix."""
        if self.inputs_prefix is not None and (topic := name.removeprefix(self.inputs_prefix)) in _INPUTS:
            return topic
        return name.removeprefix(self.prefix)


class Payments(Section, frozen=True, kw_only=True):
    """What a payment must be to be scored."""

    currency: str = "EUR"  # ISO 4217; one group scores one currency, so that amounts compare
    max_amount: Annotated[int, msgspec.Meta(gt=0, le=2**31 - 1)] = 1_000_000_00  # minor units
    max_late_seconds: Positive = 3600  # behind the newest event of its partition
    max_ahead_seconds: Positive = 86_400  # ahead of its record timestamp
    max_history: Annotated[int, msgspec.Meta(ge=8, le=65_536)] = 1024  # payments remembered of one key


class Market(Section, frozen=True, kw_only=True):
    """What a tick must be, how risk is measured and when it is told."""

    symbols: tuple[str, ...] = ()  # empty: any
    max_symbols: Positive = 10_000  # per partition
    bar_seconds: Positive = 60  # sampling of returns
    snapshot_seconds: Positive = 10  # event time between snapshots of a symbol
    stale_seconds: Positive = 300
    break_seconds: Positive = 3600  # a partition silent for longer was closed, not stale
    max_late_seconds: Positive = 300  # behind the newest event of its partition
    jump_sigmas: Annotated[float, msgspec.Meta(gt=0.0)] = 8.0  # local deviations
    max_drawdown: Share = 0.05
    loss_factor: Annotated[float, msgspec.Meta(ge=1.0)] = 3.0  # of the 99 % value at risk: a bar's loss worth an alert
    spread_factor: Annotated[float, msgspec.Meta(gt=1.0)] = 5.0  # of its own usual spread: liquidity withdrawn
    max_skew_seconds: Positive = 30  # of event times from record timestamps in the mean, within an hour
    cooldown_seconds: Positive = 600


class Alerts(Section, frozen=True, kw_only=True):
    """When an alert is told."""

    detectors: tuple[str, ...] = ("ensemble", "autoencoder")  # of several at their threshold the first one speaks
    rules: str = ""  # TOML file of rules written by users (docs/rules.md); empty: none
    cooldown_seconds: Annotated[int, msgspec.Meta(ge=0)] = 3600
    budget_a_day: Money = 0.0  # alerts of each detector, at the volume it was calibrated on; 0: as it was trained
    review_cost: Money = 0.0  # currency units: alert where probability × amount is more; 0: by budget
    per_segment: bool = False  # the same share of the genuine payments of each segment of customers is alerted on
    severity_losses: tuple[Money, Money, Money] = (50.0, 200.0, 1000.0)  # expected, from which medium, high, critical
    top_reasons: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


class Log(Section, frozen=True, kw_only=True):
    """What processes write to standard error (docs/operations.md)."""

    format: LogFormat = "text"  # key=value, or an object of JSON a line
    level: LogLevel = "WARNING"  # INFO has a line for each alert


class Worker(Section, frozen=True, kw_only=True):
    """The worker process."""

    model: str = ""  # artefact folder; empty: the reference artefact in models/trained
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 9108
    metrics_host: str = "127.0.0.1"


class Registry(Section, frozen=True, kw_only=True):
    """The registry of models, and what one must show before it becomes shadow or champion (docs/registry.md)."""

    path: str = "registry"  # its folder
    least_frauds: Annotated[int, msgspec.Meta(ge=0)] = 50  # with their verdict in, to be judged by
    least_gain: float = 0.0  # of average precision over the champion's: what the end of the 95 % interval must exceed
    most_miscalibration: Annotated[float, msgspec.Meta(ge=0.0)] = 0.05  # expected over real frauds, off 1
    most_gap: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.005  # alert rates of groups of customers, apart
    least_payments_per_second: Annotated[float, msgspec.Meta(ge=0.0)] = 100_000.0  # scored on one core


class Route(Section, frozen=True, kw_only=True):
    """Which alerts go to which sinks, and how often. A condition left empty holds for all; patterns are as in a shell.

    At each sink the first route that names it and holds for an alert decides about it.
    """

    sinks: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]  # names under [notify.sinks]
    kinds: tuple[str, ...] = ()
    severity: Severity = "low"  # and above
    entities: tuple[str, ...] = ()  # patterns of KIND:ID: "customer:*", "symbol:EUR*"
    detectors: tuple[str, ...] = ()
    evidence: dict[str, str] = {}  # field → pattern of its value: {terminal = "m09*"}
    group_by: tuple[GroupKey, ...] = ("kind", "entity")
    wait_seconds: Annotated[float, msgspec.Meta(ge=0.0, le=3600.0)] = 0.0  # for more of the group, before it is told
    cooldown_seconds: Annotated[float, msgspec.Meta(ge=0.0)] = 0.0  # until a group that was told is told again
    budget_a_day: Annotated[int, msgspec.Meta(ge=0)] = 0  # notices per UTC day; 0: any


class Notify(Section, frozen=True, kw_only=True):
    """Who is told of alerts, by ``weir notify``."""

    sinks: dict[str, dict[str, Any]] = {}  # name → its ``type``, an installed sink, and that one's own settings
    routes: dict[str, Route] = {}  # name → route, in the order in which they are tried
    tries: Positive = 12  # of one notice, before it becomes a dead letter
    retry_seconds: Annotated[float, msgspec.Meta(gt=0.0)] = 1.0  # after the first failure; then twice as long each time
    longest_retry_seconds: Annotated[float, msgspec.Meta(gt=0.0)] = 300.0
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 9109
    metrics_host: str = "127.0.0.1"


class Console(Section, frozen=True, kw_only=True):
    """The page and HTTP API of ``weir console``, and ``weir score``."""

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 9110
    score_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 9111
    tokens: str = "weir-tokens.json"  # file of `weir console token`: hashes, no tokens
    certificate: str = ""  # PEM file; with ``key``: HTTPS
    key: str = ""
    is_behind_proxy: bool = False  # somebody else speaks HTTPS in front of it
    requests_a_minute: Positive = 1200  # of one address, to ``weir console``
    alerts: Positive = 2000  # of each partition, kept in memory
    snapshots: Positive = 10_000  # likewise
    payments: Positive = 50_000  # of each partition that are looked through for a history
    scores_a_second: Positive = 5000  # of one address, to ``weir score``
    decisions: Positive = 200_000  # of ``weir score``, remembered in all
    decline_from: Severity = "critical"  # of a score; one above its threshold and below this is "review"


class Monitor(Section, frozen=True, kw_only=True):
    """``weir monitor``: live figures and drift (docs/drift.md)."""

    currency_per_review: Annotated[float, msgspec.Meta(ge=0.0)] = 5.0  # what looking into one alert costs
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 30  # of payments that live figures are about
    window_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] = 24  # of payments held to the reference, of event time
    least_rows: Annotated[int, msgspec.Meta(ge=100)] = 500  # of them with features; fewer wait for more
    psi: Annotated[float, msgspec.Meta(gt=0.0)] = 0.25  # population stability index worth an alert
    creep_slack: Annotated[float, msgspec.Meta(gt=0.0)] = 0.1  # Page–Hinkley: of the mean rank of scores, in deviations
    creep_limit: Annotated[float, msgspec.Meta(gt=0.0)] = 100.0
    repeat_days: Annotated[float, msgspec.Meta(gt=0.0)] = 7.0  # until what was told is told again
    warm_up_days: Annotated[float, msgspec.Meta(ge=0.0)] = 30.0  # of a stream's life, when histories fill: no drift
    groups: str = ""  # CSV of customer and group, for fairness: no detector reads it (docs/drift.md)
    metrics_port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 9112
    metrics_host: str = "127.0.0.1"


class Settings(Section, frozen=True, kw_only=True):
    """All of it."""

    kafka: Kafka = Kafka()
    payments: Payments = Payments()
    market: Market = Market()
    alerts: Alerts = Alerts()
    log: Log = Log()
    worker: Worker = Worker()
    registry: Registry = Registry()
    notify: Notify = Notify()
    monitor: Monitor = Monitor()
    console: Console = Console()
    producers: dict[str, dict[str, Any]] = {}

    @property
    def decisive(self) -> dict[str, Section]:
        """The sections that decide alerts, none of which holds a secret."""
        return {"payments": self.payments, "market": self.market, "alerts": self.alerts}

    @property
    def version(self) -> str:
        """Short name of what decides alerts: equal settings, equal version."""
        text = msgspec.json.encode(tuple(self.decisive.values()), order="deterministic")
        return hashlib.sha256(text).hexdigest()[:12]


def load_settings(path: Path | None = None, environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings: defaults, then the TOML file, then ``WEIR_BOOTSTRAP`` and ``WEIR_<SECTION>_<FIELD>``.

    path         None: ``weir.toml`` in the working folder if there is one
    environment  None: the process's
    -> frozen ``Settings``
    Raises SettingsError that names the field, the expectation and the place.
    """
    variables = os.environ if environment is None else environment
    chosen = path or (Path("weir.toml") if Path("weir.toml").exists() else None)
    raw: dict[str, Any] = {}
    if chosen is not None:
        try:
            raw = tomllib.loads(chosen.read_text())
        except OSError as error:
            raise SettingsError("--config", f"a file to read ({error.strerror})", str(chosen)) from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(str(chosen), f"valid TOML ({error})") from None
        _convert(raw, where=str(chosen))  # by itself, so that a fault is looked for in the right place
    for name, value in variables.items():
        _set_variable(raw, name, value)
    settings = _convert(raw, where="environment")
    _check_security(settings.kafka)
    _check_patience(settings.kafka)
    _check_losses(settings.alerts)
    _check_routes(settings.notify)
    return settings


def _check_security(kafka: Kafka) -> None:
    """Refuse half a security: a name that would be sent to nobody, or a door to which there is no key."""
    if kafka.security == "plaintext":
        for field in ("username", "password_file", "ca_file"):
            if getattr(kafka, field):
                raise SettingsError("kafka.security", f"sasl_ssl, as kafka.{field} is set", kafka.security)
    elif not kafka.username:
        raise SettingsError("kafka.username", f"who we are, as kafka.security is {kafka.security}")


def _check_patience(kafka: Kafka) -> None:
    """Refuse a watchdog that takes for a fault what is none: the wait for a dead worker's session, or for a commit."""
    least = kafka.session_seconds + kafka.commit_seconds
    if kafka.watchdog_seconds <= least:
        expected = f"more than session_seconds + commit_seconds ({least:g})"
        raise SettingsError("kafka.watchdog_seconds", expected, kafka.watchdog_seconds)


def _check_losses(alerts: Alerts) -> None:
    """Refuse severities that do not rise with the loss, and two ways at once to say where to alert."""
    if alerts.review_cost and (alerts.budget_a_day or alerts.per_segment):
        raise SettingsError("alerts.review_cost", "0, as a budget or segments are set", alerts.review_cost)
    if list(alerts.severity_losses) != sorted(alerts.severity_losses):
        raise SettingsError("alerts.severity_losses", "rising amounts", list(alerts.severity_losses))


def _check_routes(notify: Notify) -> None:
    """Refuse a route to a sink that there is not."""
    for name, route in notify.routes.items():
        for sink in route.sinks:
            if sink not in notify.sinks:
                known = ", ".join(notify.sinks) or "none yet"
                raise SettingsError(f"notify.routes.{name}.sinks", f"names under [notify.sinks] ({known})", sink)


def _set_variable(raw: dict[str, Any], name: str, value: str) -> None:
    if name == PASSWORD:
        return
    if name == "WEIR_BOOTSTRAP":
        raw.setdefault("kafka", {})["bootstrap"] = value
        return
    head, _, rest = name.partition("_")
    section, _, field = rest.lower().partition("_")
    if head == "WEIR" and section in Settings.__struct_fields__ and section != "producers" and field:
        kind = type(getattr(getattr(Settings(), section), field, ""))
        raw.setdefault(section, {})[field] = value.split(",") if kind is tuple else value


def _convert(raw: dict[str, Any], *, where: str) -> Settings:
    try:
        return msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        said, _, place = str(error).replace("`", "").partition(" - at $")
        raise _refusal(raw, said, _named(raw, place.strip(".")), where=where) from None


def _refusal(raw: dict[str, Any], said: str, section: str, *, where: str) -> SettingsError:
    """Say what msgspec says, with the field's whole path and what it may be."""
    head, _, missing = said.partition("Object missing required field ")
    head, _, unknown = head.partition("Object contains unknown field ")
    field = ".".join(filter(None, (section, unknown or missing)))
    if field == "kafka.password":
        return SettingsError(field, f"no password in settings: name a file by kafka.password_file, or set {PASSWORD}")
    if unknown:
        known = Route if section.startswith("notify.routes.") else getattr(Settings(), section, Settings())
        expected = f"one of {', '.join(known.__struct_fields__)}"
    elif missing:
        expected = "a value"
    elif head.startswith("Invalid enum value"):
        field_name = section.rpartition(".")[2].partition("[")[0]
        expected = f"one of {', '.join(_CHOICES.get(field_name, ()))}"
    else:
        expected = head.removeprefix("Expected ").split(", got")[0]
    return SettingsError(field or "settings", expected, _was(raw, field), where=where)


def _named(raw: dict[str, Any], place: str) -> str:
    """Put the name of the route that is wrong where msgspec writes ``[...]``."""
    head, dots, rest = place.partition("notify.routes[...]")
    if head or not dots:
        return place
    for name, route in raw["notify"]["routes"].items():
        try:
            msgspec.convert(route, Route, strict=False)
        except msgspec.ValidationError:
            return f"notify.routes.{name}{rest}"
    return place


def _was(raw: object, field: str) -> object:
    """Look up a refused value; None where it is a whole section or none at all."""
    for name in field.split("."):
        raw = raw.get(name) if isinstance(raw, dict) else None
    return None if isinstance(raw, dict | list) else raw
