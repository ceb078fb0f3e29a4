"""The rivals do Weir's job on a real Kafka (``stream.bench.rivals.race``)."""

from pathlib import Path

import msgspec
import pytest

from stream.agents.topics import create_topics
from stream.bench.backlog import preload
from stream.bench.drain import Offsets, drain
from stream.bench.ground import Ground
from stream.bench.material import payments
from stream.bench.processes import share_cores
from stream.bench.rivals.environments import environment
from stream.bench.rivals.race import Suspicion, measure_rivals, rival_on
from stream.bench.rivals.roster import RIVALS, Rival
from stream.bench.rivals.verdicts import verdicts
from stream.bench.throughput import read_all
from stream.errors import MachineError
from stream.settings import Kafka, Settings

_COUNT = 600


@pytest.mark.kafka
@pytest.mark.parametrize("rival", RIVALS, ids=lambda rival: rival.name)
def test_a_rival_raises_the_alerts_that_weirs_scorer_would(
    rival: Rival, bootstrap: str, prefix: str, tmp_path: Path
) -> None:
    """Nothing is skipped and nothing judged on another history: else its speed would compare with nothing."""
    try:
        python = environment(rival.requirements)
    except MachineError as error:
        pytest.skip(str(error))
    settings = Settings(kafka=Kafka(bootstrap=bootstrap, prefix=prefix, group=prefix + rival.name, partitions=2))
    create_topics(bootstrap, settings, [])
    material = payments(_COUNT, partitions=2, loud_share=0.05, labels=False, customers=100)
    preload(material, slice(None), bootstrap=bootstrap, prefix=prefix)
    topics = [prefix + "transactions"]
    with (
        Offsets(bootstrap, group=settings.kafka.group, topics=topics, partitions=2) as offsets,
        rival_on(_ground(settings, tmp_path), settings, rival, python) as child,
    ):
        drain(offsets, child, total=_COUNT, within_seconds=90.0, on_progress=lambda _: None)

    told = [msgspec.json.decode(value, type=Suspicion).transaction for value in read_all(settings, "alerts")]
    verdicts(material, settings).require(told, rival.name)
    assert len(told) == len(set(told)) > 20


def test_a_rival_that_cannot_be_installed_is_left_out_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a network the others, and Weir, are measured all the same; nothing is started for it."""
    for name, value in {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    ground = _ground(Settings(), tmp_path)
    raced = measure_rivals(ground, events=10_000, repeats=1, rates=(1_000,), seconds=1.0, warm_seconds=1.0)

    assert list(raced) == ["faust", "quix", "aiokafka"]
    for name, found in raced.items():
        assert found.throughput is None
        assert f"Can't install {name}" in found.left_out


def _ground(settings: Settings, folder: Path) -> Ground:
    return Ground(settings=settings, cores=share_cores(), folder=folder, tell=lambda _what, _share: None)
