import msgspec
import pytest

from stream.core.routing import group_of, route_of
from stream.settings import Route
from tests.stream.some_alert import an_alert


def route(**conditions: object) -> Route:
    """Make a route to the sink ``desk``."""
    return msgspec.convert({"sinks": ["desk"], **conditions}, Route)


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        ({}, True),
        ({"kinds": ["market", "fraud"]}, True),
        ({"kinds": ["market"]}, False),
        ({"severity": "high"}, True),
        ({"severity": "critical"}, False),
        ({"entities": ["customer:*"]}, True),
        ({"entities": ["customer:c4?"]}, True),
        ({"entities": ["terminal:*", "customer:c43"]}, False),
        ({"detectors": ["autoencoder"]}, False),
        ({"evidence": {"terminal": "m*", "currency": "EUR"}}, True),
        ({"evidence": {"terminal": "m*", "currency": "CHF"}}, False),
        ({"evidence": {"symbol": "*"}}, True),
        ({"evidence": {"symbol": "?*"}}, False),
    ],
)
def test_a_route_takes_the_alerts_for_which_all_its_conditions_hold(conditions: object, holds: bool) -> None:
    """The alert is of fraud, high, about customer c42 at terminal m7, by the detector robust, in EUR, of no symbol."""
    assert isinstance(conditions, dict)

    assert (route_of(an_alert(), "desk", {"r": route(**conditions)}) == "r") is holds


def test_the_first_route_that_holds_decides_at_each_sink() -> None:
    """Critical alerts wake the phone by a route of their own; the desk's first route is for all."""
    routes = {
        "wake": route(severity="critical", sinks=["phone"]),
        "all": route(sinks=["desk", "phone"]),
        "never": route(sinks=["desk"]),
    }

    assert route_of(an_alert(severity="critical"), "phone", routes) == "wake"
    assert route_of(an_alert(), "phone", routes) == "all"
    assert route_of(an_alert(severity="critical"), "desk", routes) == "all"
    assert route_of(an_alert(), "mail", routes) is None


def test_a_severity_of_a_newer_writer_is_taken_for_grave() -> None:
    """What we do not know is told rather than lost."""
    assert route_of(an_alert(severity="extreme"), "desk", {"r": route(severity="critical")}) == "r"


def test_alerts_go_together_by_what_a_route_groups_by() -> None:
    """By kind and entity unless said otherwise; by nothing is one group, by alert is each its own."""
    alert = an_alert("a9")

    assert group_of(alert, route()) == "fraud customer:c42"
    assert group_of(alert, route(group_by=["severity", "detector"])) == "high robust"
    assert group_of(alert, route(group_by=[])) == "all"
    assert group_of(alert, route(group_by=["alert"])) == "a9"
