"""One payment in sixteen tells its features with its score, the same ones live and in a replay."""

import msgspec
import numpy as np

from models.robust import load
from producers.cards import Cards
from stream.core.merge import Merged
from stream.core.names import FEATURES
from stream.core.sampling import EVERY, unpack_features
from stream.core.scoring import Scored
from stream.core.terminal_stage import Observer
from stream.replay import Replay, outgoing
from stream.settings import Settings
from stream.wire.codec import encode
from stream.wire.columns import Matrix
from stream.wire.events import Scores
from stream.wire.topics import SCORES


def test_the_features_told_are_those_that_were_judged_whatever_the_batch() -> None:
    """A day of cards, judged in batches of 50 and of 5,000: both tell the same rows, and the stage judged these."""
    judged: dict[str, Matrix] = {}

    def keep(merged: Merged, x: Matrix, _: Scored) -> None:
        judged.update(zip(merged.id, x, strict=True))

    told = [_told(50, keep), _told(5000, keep)]

    assert told[0].keys() == told[1].keys()
    assert len(told[0]) == -(-len(judged) // EVERY)
    for name, row in told[0].items():
        assert row.tobytes() == told[1][name].tobytes()
        assert row.tobytes() == judged[name].astype(np.float32).astype(np.float64).tobytes()


def test_features_of_another_release_are_not_misread() -> None:
    """A record whose layout is unknown, or whose bytes don't fit, gives no rows."""
    row = np.ones((1, len(FEATURES)), "<f4").tobytes()
    scores = Scores(
        partitions=[0], offsets=[0], ids=["t"], at=[0], detectors={}, versions={}, thresholds={}, sample=[0]
    )

    assert unpack_features(msgspec.structs.replace(scores, features=row, layout="another")) is None
    assert unpack_features(msgspec.json.decode(encode(scores), type=Scores)) is None


def _told(batch: int, keep: Observer) -> dict[str, Matrix]:
    records = Cards(seed=3, config={"customers": 200, "terminals": 50, "days": 2, "labelled_share": 0.0}).records()
    settings = msgspec.convert({"kafka": {"partitions": 1}}, Settings)
    found: dict[str, Matrix] = {}
    for record in outgoing(Replay(settings, [load(None)], observe=keep, batch=batch).run(records)):
        if record.topic == SCORES.name:
            scores = msgspec.json.decode(record.value, type=Scores)
            rows = unpack_features(scores)
            assert rows is not None
            found.update(zip((scores.ids[i] for i in scores.sample), rows, strict=True))
    return found
