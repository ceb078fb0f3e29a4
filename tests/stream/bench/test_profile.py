"""Where microseconds go: samples of stacks are shared out by step, and a real worker's come to what it used."""

from pathlib import Path

import pytest

from stream.bench.ground import Ground
from stream.bench.processes import share_cores
from stream.bench.profile import measure_profile, shared_out
from stream.settings import Settings, load_settings

_FEED = "MainThread;<module> (stream/__main__.py:5);Lane.feed (stream/agents/lane.py:90);"
_CUSTOMERS = f"{_FEED}CustomerStage.feed (stream/core/customer_stage.py:1);"
_TERMINALS = f"{_FEED}TerminalStage.feed (stream/core/terminal_stage.py:9);"


def test_a_sample_belongs_to_the_step_it_stands_in() -> None:
    """A kernel deep in the arena is the customers' features; a wait is nobody's; what no step knows is the loop's."""
    stacks = [
        f"{_CUSTOMERS}CustomerTable.apply (stream/core/customers.py:69);Arena.make_room (stream/core/arena.py:68) 7",
        f"{_TERMINALS}Scorer.score (stream/core/scoring.py:9);Autoencoder._run (models/autoencoder.py:79) 5",
        f"{_TERMINALS[:-1]} 2",
        "Thread-2;_PollLikeSelector.select (selectors.py:415) 400",
        "MainThread;Worker.execute_from_commandline (mode/worker.py:264) 3",
    ]

    found = shared_out(stacks)

    assert found == {"customer features": 7, "detectors": 5, "rest of the stages": 2, "event loop": 3}


@pytest.mark.kafka
@pytest.mark.slow
def test_the_steps_of_a_real_worker_add_up_to_what_it_used(bootstrap: str, tmp_path: Path) -> None:
    """A short backlog under py-spy: decoding and both stages are seen, and shares are of the whole."""
    settings: Settings = load_settings(environment={"WEIR_BOOTSTRAP": bootstrap})
    ground = Ground(settings=settings, cores=share_cores(), folder=tmp_path, tell=lambda *_: None)

    found = measure_profile(ground, events=100_000)

    if found.left_out:
        pytest.skip(found.left_out)
    assert sum(found.steps.values()) == pytest.approx(found.cpu_seconds_per_million)
    assert {"decode", "customer features", "terminal features", "detectors"} <= set(found.steps)
