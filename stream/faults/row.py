"""One row: a harm done once to a scene of its own, waited out, judged; its figures as the matrix shows them."""

import random
import re
import shutil
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from aiokafka.errors import KafkaError as AsyncKafkaError
from kafka.admin import KafkaAdminClient
from kafka.errors import KafkaError

from models.detector import Detector
from stream.agents.topics import create_topics
from stream.bench.material import Material
from stream.errors import WeirError
from stream.faults.events import ALERTS
from stream.faults.evidence import gather
from stream.faults.fleet import Fleet
from stream.faults.ground import Ground
from stream.faults.harm import Harm, Setup
from stream.faults.judge import Verdict, judge
from stream.faults.load import Load
from stream.faults.scene import Scene
from stream.faults.watch import Watch
from stream.settings import Kafka, Settings
from stream.walk import STAGES

_START_SECONDS = 120.0  # of workers and the first events
_COMMON: dict[str, object] = {
    "commit_seconds": 0.5,  # twice as often as usual: more commits to be hit
    "session_seconds": 3.0,
    # How long a partition may be silent before the others stop waiting for it. Replay knows no such limit, so live
    # equals it only as long as no partition that still has events lags by more (docs/delivery.md).
    "idle_ms": 3_000,
}

Tell = Callable[[str, str], None]  # which row, what it does now


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the matrix.

    events_in              records on the input topics
    scored                 of them, each counted once
    dead_letters           likewise
    alerts_expected, missing, duplicate, unexpected   against a replay of the same logs
    state_wrong            rows of changelogs
    others_wrong           scores, risk snapshots and dead letters that lack, contradict or stand twice
    seconds_to_processing  from the end of the harm until every partition had committed progress; None: not seen
    seconds_to_caught_up   … until all was committed that had stood on the topics two commits before; None: not seen
    facts                  anything else worth telling
    fault                  why the row was given up; "" where it was not
    """

    harm: str
    seed: int
    events_in: int = 0
    scored: int = 0
    dead_letters: int = 0
    alerts_expected: int = 0
    missing: int = 0
    duplicate: int = 0
    unexpected: int = 0
    state_wrong: int = 0
    others_wrong: int = 0
    seconds_to_processing: float | None = None
    seconds_to_caught_up: float | None = None
    facts: dict[str, float | str] = {}
    fault: str = ""

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong, and it went on."""
        return not (
            self.missing
            or self.duplicate
            or self.unexpected
            or self.state_wrong
            or self.others_wrong
            or self.events_in != self.scored + self.dead_letters
            or self.fault
            or self.seconds_to_caught_up is None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """What rows share.

    material   given a number of events and a seed, simulates them, or remembers
    detectors  what the judge replays with
    folder     of logs
    keeps_logs even those of clean rows
    events, seconds   override what the harm's setup says, for a short look; 0: as it says
    """

    material: Callable[[int, int], Material]
    detectors: Sequence[Detector]
    folder: Path
    tell: Tell
    keeps_logs: bool = False
    events: int = 0
    seconds: float = 0.0

    def offer(self, setup: Setup) -> tuple[int, float]:
        """How many events for this setup, and how many of them per second."""
        events = self.events or setup.events
        return events, events / (self.seconds or setup.seconds)


def run_row(harm: Harm, seed: int, ground: Ground, stand: Stand) -> Row:
    """Do the harm once on ``ground``, and judge; a scene that fails is a row with a ``fault``, not an error."""
    name = f"{re.sub('[^a-z0-9]+', '-', harm.name.lower())}-{seed}"
    settings = _settings(harm, name, ground)
    folder = stand.folder / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    create_topics(settings.kafka.bootstrap, settings, STAGES)
    try:
        with ExitStack() as stack:
            scene = _stage(harm, seed, settings, ground, folder, stand, stack)
            fault = _play(harm, scene, partial(stand.tell, f"{harm.name}, seed {seed}"))
            scene.fleet.stop()
            stand.tell(f"{harm.name}, seed {seed}", "judged")
            row = _judged(harm, seed, scene, fault, stand)
    finally:
        _remove_topics(settings)
    if row.is_clean and not stand.keeps_logs:
        shutil.rmtree(folder, ignore_errors=True)
        return row
    return msgspec.structs.replace(row, facts=row.facts | {"logs": str(folder)})


def _settings(harm: Harm, name: str, ground: Ground) -> Settings:
    own = {"bootstrap": ground.bootstrap, "prefix": f"{name}-", "group": name}
    kafka = msgspec.convert({**_COMMON, **harm.setup.kafka, **own}, Kafka)
    return Settings(kafka=kafka, alerts=ALERTS)


def _stage(
    harm: Harm, seed: int, settings: Settings, ground: Ground, folder: Path, stand: Stand, stack: ExitStack
) -> Scene:
    """Set the scene: everything but the workers is there and waits."""
    setup = harm.setup
    draw = random.Random(f"{harm.name}/{seed}")  # noqa: S311  # chance that can be repeated
    fleet = Fleet(folder, _environment(settings, ground), log_level=setup.log_level)
    stack.callback(fleet.stop)
    watch = stack.enter_context(Watch(settings))
    events, rate = stand.offer(setup)
    material = setup.spoil(stand.material(events, seed), draw)
    bootstrap, prefix = settings.kafka.bootstrap, settings.kafka.prefix
    load = stack.enter_context(Load(material, bootstrap=bootstrap, prefix=prefix, rate=rate, folder=folder))
    scene = Scene(settings=settings, ground=ground, fleet=fleet, load=load, watch=watch, draw=draw, folder=folder)
    stack.enter_context(setup.around(scene))
    return scene


def _play(harm: Harm, scene: Scene, tell: Callable[[str], None]) -> str:
    """Let events flow, do the harm, wait until all is quiet; returns what went wrong, "" where nothing did."""
    within = harm.setup.within_seconds
    try:
        tell("workers start")
        scene.fleet.scale(harm.setup.workers)
        scene.fleet.wait_ready()
        scene.load.begin()
        for worker in scene.fleet.workers:
            scene.fleet.wait_ready(worker)
        moment = scene.draw.uniform(*harm.setup.between)
        scene.facts["moment"] = round(moment, 3)
        tell(f"events flow, the harm comes at {moment:.0%}")
        scene.wait_offered(moment, within_seconds=_START_SECONDS)
        tell("harm")
        harm.inflict(scene)
        if not scene.watch.is_marked:
            scene.over()
        tell("until lag 0")
        scene.load.wait_done(within_seconds=within)
        scene.watch.wait_caught_up(within_seconds=within)
    except WeirError as error:
        return str(error)
    return ""


def _judged(harm: Harm, seed: int, scene: Scene, fault: str, stand: Stand) -> Row:
    facts = scene.facts | {"offered_per_second": scene.load.offered_per_second()}
    facts |= {name: " ".join(map(str, statuses)) for name, statuses in scene.fleet.endings().items()}
    try:
        evidence = gather(scene.settings)
    except (KafkaError, AsyncKafkaError) as error:
        return Row(harm=harm.name, seed=seed, facts=facts, fault=fault or f"can't be judged: {type(error).__name__}")
    verdict = judge(evidence, scene.settings, stand.detectors)
    if not verdict.is_clean:
        (scene.folder / "verdict.json").write_bytes(msgspec.json.format(msgspec.json.encode(verdict)))
    return Row(
        harm=harm.name,
        seed=seed,
        **_figures(verdict),
        seconds_to_processing=_rounded(scene.watch.seconds_to_processing()),
        seconds_to_caught_up=_rounded(scene.watch.seconds_to_caught_up()),
        facts=facts,
        fault=fault,
    )


def _figures(verdict: Verdict) -> dict[str, int]:
    return {
        "events_in": verdict.events_in,
        "scored": verdict.scored,
        "dead_letters": verdict.dead_letters,
        "alerts_expected": verdict.alerts.expected,
        "missing": verdict.alerts.missing,
        "duplicate": verdict.alerts.duplicate,
        "unexpected": verdict.alerts.unexpected,
        "state_wrong": verdict.state_wrong,
        "others_wrong": verdict.scores_wrong + verdict.risk.wrong + verdict.letters.wrong,
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _environment(settings: Settings, ground: Ground) -> dict[str, str]:
    """What a worker is told: all of ``settings.kafka``, where it reaches the brokers, and the rules."""
    kafka = msgspec.to_builtins(settings.kafka) | {"bootstrap": ground.worker_bootstrap}
    told = {f"WEIR_KAFKA_{field.upper()}": str(value) for field, value in kafka.items() if value is not None}
    return told | {"WEIR_ALERTS_RULES": settings.alerts.rules}


def _remove_topics(settings: Settings) -> None:
    """Leave the broker to the next row as it was found."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap)
    try:
        admin.delete_topics([topic for topic in admin.list_topics() if topic.startswith(settings.kafka.prefix)])
    finally:
        admin.close()
