import json
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.text import Text
from prometheus_client import CollectorRegistry

from monitoring.boards import BOARDS
from monitoring.dashboards.board import Board, Listing, expressions
from monitoring.dashboards.build import annotated, build
from monitoring.exporter import Exporter, Shown
from monitoring.metrics import Metrics
from monitoring.preview import asked, preview
from monitoring.render import dashboard_text
from stream.core.stage import Output
from tests.monitoring.driven import outputs
from tests.monitoring.others import Others
from tests.monitoring.prometheus import Prometheus, prometheus

LISTINGS = {panel.title for board in BOARDS for row in board.rows for panel in row.panels if isinstance(panel, Listing)}
QUERIES = [(board.uid, *query) for board in BOARDS for query in expressions(board) if query[0] not in LISTINGS]
LIVE_SECONDS = 6.0
_FIRING = (
    'ALERTS{alertstate="firing", slo!="fresh"}'  # in this process a scrape may wait for the stages: it looks stale
)


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has scraped a worker's real exporter while real stages' outputs came in."""
    metrics = Metrics(CollectorRegistry(), config="test")
    metrics.opened(8)  # before anybody looks: a worker that is not ready breaks a promise
    others = Others()
    shown: dict[str, Shown] = {
        "weir-worker": metrics,
        "weir-notify": others.notify,
        "weir-monitor": others.monitor,
        "weir-score": others.score,
        "weir-console": others.console,
    }
    with ExitStack() as stack:
        exporters = {job: stack.enter_context(Exporter(one)) for job, one in shown.items()}
        targets = {job: f"127.0.0.1:{one.port}" for job, one in exporters.items()}
        asked = stack.enter_context(prometheus(tmp_path_factory.mktemp("prometheus"), targets=targets))
        deadline = time.monotonic() + 30.0
        while len(asked.query('up{job=~"weir-.+"} == 1')) < len(shown):  # a rate needs what stood there before
            assert time.monotonic() < deadline, "Prometheus does not scrape"
            time.sleep(0.1)
        others.tell()
        live(metrics, seconds=LIVE_SECONDS)
        others.tell()
        yield asked


def live(metrics: Metrics, *, seconds: float) -> None:
    """Tell ``metrics`` what a worker would, in its order, for some seconds; latencies are drawn around 10 ms."""
    rng = np.random.default_rng(1)
    metrics.serves({"amounts": "1"})
    metrics.opened(8)
    metrics.suppressed("terminals", 2)
    made = outputs()
    pause = seconds / len(made)
    for place, (stage, output) in enumerate(made):
        now = time.time_ns() // 1_000_000
        metrics.fed(as_if_live(output, now, rng), stage=stage, partition=place % 4, now=now)
        size = {"keys": 100 + place, "nbytes": 90_000, "seconds": 0.003}
        metrics.committed(stage=stage, partition=place % 4, offsets={}, **size)  # type: ignore[arg-type]  # of a dict
        for topic in ("transactions", "labels", "ticks", "weir-by-terminal"):
            metrics.lag(topic, place % 4, int(rng.integers(0, 50)))
        time.sleep(pause)


def as_if_live(output: Output, now: int, rng: np.random.Generator) -> Output:
    """The same output, its events stamped a little before ``now``."""
    ages = [
        np.ceil(rng.lognormal(2.3, 0.5, stamps.size)).astype(np.int64) for stamps in (output.scored, output.alerted)
    ]
    return Output(counts=output.counts, figures=output.figures, scored=now - ages[0], alerted=now - ages[1])


@pytest.mark.slow
@pytest.mark.parametrize(("board", "panel", "expression"), QUERIES, ids=[f"{b}: {p}" for b, p, _ in QUERIES])
def test_every_panel_shows_numbers(board: str, panel: str, expression: str, scraped: Prometheus) -> None:
    """Run against a real Prometheus: a misspelt metric or label is an empty panel, a division by nothing is NaN."""
    query = asked(expression, rate="60s", span="60s")
    samples = scraped.query(query)

    assert samples, f"{board}, {panel}: nothing for {query}"
    assert all(math.isfinite(float(sample["value"][1])) for sample in samples), f"{board}, {panel}: {samples}"


@pytest.mark.slow
def test_every_choice_has_values(scraped: Prometheus) -> None:
    """A board's variable lists the values of a label."""
    for board in BOARDS:
        for choice in board.choices:
            assert scraped.query(f"count by ({choice.label}) ({choice.metric})"), f"{board.uid}: {choice}"


@pytest.mark.slow
def test_a_new_version_and_a_new_model_are_marked(scraped: Prometheus) -> None:
    """For two minutes from when they first judged."""
    marks = annotated(BOARDS[0])

    assert [one["metric"] for one in scraped.query(marks["New model"])] == [{"detector": "amounts", "version": "1"}]
    assert [one["metric"]["config"] for one in scraped.query(marks["New version or settings"])] == ["test"]


@pytest.mark.slow
def test_no_rule_fires_on_a_worker_that_is_well(scraped: Prometheus) -> None:
    """The rules are loaded, and silent but for the bad input that the test itself sends."""
    lived = scraped.query("max(weir_symbol_updated_timestamp_seconds)")[0]["value"][1]  # since then nothing moves
    firing = {one["metric"]["alertname"] for one in scraped.query(f"{_FIRING} @ {lived}")}

    assert firing == set()


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_preview_says_what_it_is_and_draws_every_panel(board: Board, scraped: Prometheus) -> None:
    """The pictures in the documentation come from this; nobody should take them for Grafana's."""
    plt.switch_backend("agg")
    rendered = json.loads(dashboard_text(build(board)))
    figure = preview(f"http://{scraped.address}", rendered, seconds=10)
    words = [text.get_text() for text in figure.findobj(Text)]
    plt.close(figure)

    assert {panel["title"] for panel in rendered["panels"]} <= {word.removeprefix("▾ ") for word in words}
    assert any("not Grafana" in word for word in words)
