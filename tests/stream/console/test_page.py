"""The page in a real Chromium: what an analyst sees and does, by keyboard, on a phone, in the dark, under load."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from kafka import KafkaProducer
from playwright.sync_api import Browser, Error, Page, sync_playwright

from stream.wire.codec import encode
from stream.wire.events import RiskSnapshot, SourceRef, Transaction
from stream.wire.topics import ALERTS, RISK, TRANSACTIONS
from tests.commands.analyst import Analyst
from tests.stream.console.running import Desk, desk_of
from tests.stream.some_alert import NOON, an_alert

pytestmark = pytest.mark.kafka
VIEWS = {  # place → what it shows once it is complete
    "alerts": ".alert",
    "alert/f1": "table",
    "customer/c42": "tr.unusual",
    "symbols": "td",
    "symbol/ACME": ".chart .marked",
    "health": ".verdict",
}
_MINUTE = 60_000
_PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's Chromium; the tests are skipped where there is none."""
    path = os.environ.get("WEIR_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
            )
        except Error:
            pytest.skip("no Chromium: install one (apt install chromium), or name it in WEIR_CHROMIUM")
        yield chromium
        chromium.close()


@pytest.fixture
def desk(bootstrap: str, prefix: str, tmp_path: Path) -> Iterator[tuple[Analyst, Desk]]:
    """A console over an alert, a customer with one unusual payment, and a symbol with a breach."""
    analyst = Analyst(bootstrap, prefix, tmp_path)
    analyst.publish(an_alert("f1"), an_alert("m1", kind="market", entity="symbol:ACME", severity="critical"))
    day, amounts = 1440 * _MINUTE, (2_000, 2_100, 1_900, 2_050, 1_950, 2_000, 2_100, 2_000, 90_000)
    payments = (
        Transaction(id=f"t{i}", at=NOON + i * day, customer="c42", terminal="m7", amount=amount)
        for i, amount in enumerate(amounts)
    )
    analyst.put(TRANSACTIONS.name, *payments)
    analyst.put(RISK.name, *(a_snapshot(i) for i in range(20)))
    with desk_of(analyst) as running:
        yield analyst, running


def a_snapshot(i: int) -> RiskSnapshot:
    """Of the i-th minute; the tenth is a breach."""
    figures = {"last": 100.0 - (5.0 if i == 10 else 0.0), "value_at_risk_99": 0.01, "drawdown": 0.0}
    return RiskSnapshot(
        id=f"r{i}",
        symbol="ACME",
        at=NOON + i * _MINUTE,
        cause="loss" if i == 10 else "cadence",
        figures={**figures, "volatility_ewma": None},
        source=SourceRef(topic="ticks", partition=0, offset=i),
    )


def opened(browser: Browser, desk: Desk, *, width: int = 1200, scheme: str = "light", role: str = "analyst") -> Page:
    """A page that has signed in by its address; any error in it fails the test."""
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(_PATIENCE_MS)
    page.on("pageerror", lambda error: pytest.fail(f"error in the page: {error}"))
    page.goto(f"{desk.url}/#token={desk.tokens[role]}")
    page.wait_for_selector(".alert")
    return page


def see(page: Page, view: str) -> None:
    """Go to a view and wait until it has what it shows."""
    page.evaluate(f"location.hash = '#/{view}'")
    page.wait_for_selector(f"main {VIEWS[view]}", state="attached")


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_every_view_is_accessible_and_fits(
    browser: Browser, desk: tuple[Analyst, Desk], width: int, scheme: str
) -> None:
    """axe-core finds nothing, and nothing runs over the edge, wide and light or on a phone in the dark."""
    page = opened(browser, desk[1], width=width, scheme=scheme)
    for view in VIEWS:
        see(page, view)
        found = Axe().run(page)

        assert found.violations_count == 0, f"{view}: {found.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), view
        assert "4111" not in page.content()


def test_an_analyst_works_by_keyboard_alone(browser: Browser, desk: tuple[Analyst, Desk]) -> None:
    """To the second alert, take it; then snooze it in the dialog; what was said appears by itself."""
    page = opened(browser, desk[1])
    page.keyboard.press("j")
    page.keyboard.press("j")
    name = page.evaluate("document.activeElement.dataset.id")
    page.keyboard.press("a")
    page.wait_for_selector(f"[data-id={name}] .standing:text('looks into it')")
    page.keyboard.press("s")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog", state="detached")
    page.keyboard.press("3")
    page.wait_for_selector("h1:text('Health')")

    assert name in {"f1", "m1"}
    assert desk[1].get(f"/v1/alerts/{name}")["standing"]["owner"] == "analyst-2"


def test_alerts_appear_by_themselves_under_load(browser: Browser, desk: tuple[Analyst, Desk]) -> None:
    """A thousand in a burst: the page stays answerable, holds 200 of them, and shows the last without being asked."""
    analyst, running = desk
    page = opened(browser, running)
    producer = KafkaProducer(bootstrap_servers=analyst.settings.kafka.bootstrap)
    for i in range(1_000):
        name = f"n{i:03}" if i < 999 else "last"
        producer.send(analyst.settings.kafka.prefix + ALERTS.name, encode(an_alert(name, emitted_at=NOON + i)))
    producer.close()
    page.wait_for_selector("[data-id=last]")
    count = page.locator(".alert").count()
    page.fill("input[type=search]", "nobody says this")
    page.wait_for_selector(".empty")

    assert 50 <= count <= 200


def test_what_is_missing_or_refused_is_said(browser: Browser, desk: tuple[Analyst, Desk]) -> None:
    """An alert that there is not, a customer without payments, a viewer without buttons, a token that is none."""
    page = opened(browser, desk[1], role="viewer")

    assert page.locator("[data-act]").count() == 0
    page.evaluate("location.hash = '#/alert/none'")
    page.wait_for_selector("[role=alert]:has-text('There is no such alert')")
    page.evaluate("location.hash = '#/customer/nobody'")
    page.wait_for_selector(".empty:has-text('No payment among the last')")
    page.goto(f"{desk[1].url}/#token=weir_wrong")
    page.wait_for_selector("form.sign [role=alert]")
