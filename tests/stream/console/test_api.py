"""What every request meets: roles, limits, headers, problems; and what is read from memory."""

from pathlib import Path

import pytest

from stream.console.tokens import ROLES
from stream.wire.codec import encode
from stream.wire.triage import Acknowledgement
from tests.stream.console.office import Office
from tests.stream.some_alert import NOON, an_alert

READ = ("/v1/me", "/v1/alerts", "/v1/alerts/a1", "/v1/symbols", "/v1/snoozes")
READERS = {"viewer", "analyst", "admin"}


def test_a_role_may_do_what_it_may_and_nothing_else(tmp_path: Path) -> None:
    """Every role at every path that is open to some: 401 without a token, 403 with one of another role."""
    office = Office(tmp_path, an_alert("a1"))
    read = {(role, path): office.ask("GET", path, role=role).status_code for role in ("", *ROLES) for path in READ}
    acts = {  # a body that is refused later shows that the role was let through
        role: office.ask("POST", "/v1/alerts/a1/verdict", role=role, json={"right": "maybe"}).status_code
        for role in ("", *ROLES)
    }

    assert {key: status for key, status in read.items() if status != 200} == {
        (role, path): 403 if role else 401 for role in ("", "scorer") for path in READ
    }
    assert acts == {"": 401, "scorer": 403, "viewer": 403, "analyst": 400, "admin": 400}
    assert office.ask("GET", "/v1/acts", role="analyst").status_code == 403


@pytest.mark.parametrize(
    ("method", "path", "status", "field"),
    [
        ("GET", "/v1/alerts?severity=4111111111111111", 400, "severity"),
        ("GET", "/v1/alerts?limit=4111111111111111", 400, "limit"),
        ("GET", "/v1/alerts?cursor=4111111111111111", 404, "cursor"),
        ("GET", "/v1/symbols/4111111111111111", 404, "name"),
        ("GET", "/v1/4111111111111111", 404, ""),
        ("DELETE", "/v1/alerts", 405, ""),
    ],
)
def test_an_error_is_a_problem_that_names_the_field_and_repeats_nothing(
    tmp_path: Path, method: str, path: str, status: int, field: str
) -> None:
    """RFC 9457, with what to do, and without the card number that somebody sent."""
    answer = Office(tmp_path).ask(method, path)
    problem = answer.json()

    assert (answer.status_code, problem["status"], problem.get("field", "")) == (status, status, field)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["title"]
    assert problem["fix"]
    assert "4111" not in answer.text + str(answer.headers)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/v1/alerts/a1/acknowledgement", {"note": "card 4111 1111 1111 1111"}, "note"),
        ("/v1/alerts/a1/verdict", {"right": True, "note": "4111111111111111"}, "note"),
        ("/v1/snoozes", {"seconds": 60, "entity": "4111111111111111"}, "entity"),
    ],
)
def test_a_card_number_in_a_note_gets_nowhere(tmp_path: Path, path: str, body: dict[str, object], field: str) -> None:
    """It is refused by name before anything is written, and not repeated."""
    answer = Office(tmp_path, an_alert("a1")).ask("POST", path, role="analyst", json=body)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert "4111" not in answer.text


def test_every_answer_has_its_headers(tmp_path: Path) -> None:
    """Page, file, API and error alike: no script of others, no framing, no cache."""
    office = Office(tmp_path)
    for path in ("/", "/static/app.js", "/v1/me", "/v1/nothing", "/healthz"):
        headers = office.ask("GET", path).headers

        assert "default-src 'none'; script-src 'self'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff", path
        assert headers["cache-control"] == "no-store", path


def test_too_many_requests_and_too_large_ones_are_refused(tmp_path: Path) -> None:
    """The fourth within the minute, and a note of 20 KB; both as problems."""
    office = Office(tmp_path, limit=3)
    note = {"note": "x" * 20_000}
    large = Office(tmp_path, an_alert("a1")).ask("POST", "/v1/alerts/a1/acknowledgement", role="analyst", json=note)
    statuses = [office.ask("GET", "/v1/me").status_code for _ in range(4)]
    last = office.ask("GET", "/v1/me")

    assert statuses == [200, 200, 200, 429]
    assert int(last.headers["ratelimit-reset"]) > 0
    assert (large.status_code, large.json()["title"]) == (413, "Request Entity Too Large")


def test_alerts_are_found_by_the_filters_of_the_command(tmp_path: Path) -> None:
    """Held in full by test_wanted.py; here that each parameter reaches its filter."""
    office = Office(
        tmp_path,
        an_alert("f1", severity="low", emitted_at=NOON),
        an_alert("f2", entity="terminal:m7", emitted_at=NOON + 1),
        an_alert("m1", kind="market", entity="symbol:ACME", sentence="ACME lost 4 %.", score=9.5, emitted_at=NOON + 2),
    )
    office.book.take_triage(0, encode(Acknowledgement(alert="f2", at=NOON, owner="ann", note="called")))
    found = {
        query: [one["alert"]["id"] for one in office.ask("GET", f"/v1/alerts?{query}").json()["alerts"]]
        for query in (
            "",
            "kind=fraud",
            "severity=medium",
            "entity=terminal:m*",
            "score=9",
            "text=acme",
            "open=true",
            f"since={NOON + 1}&until={NOON + 2}",
            "kind=fraud&kind=market&detector=robust&limit=2",
        )
    }

    assert found == {
        "": ["m1", "f2", "f1"],
        "kind=fraud": ["f2", "f1"],
        "severity=medium": ["m1", "f2"],
        "entity=terminal:m*": ["f2"],
        "score=9": ["m1"],
        "text=acme": ["m1"],
        "open=true": ["m1", "f1"],
        f"since={NOON + 1}&until={NOON + 2}": ["f2"],
        "kind=fraud&kind=market&detector=robust&limit=2": ["m1", "f2"],
    }


def test_an_alert_comes_with_its_reasons_in_words_and_what_was_said(tmp_path: Path) -> None:
    """6.0 of a score of 8.0 is 75 %."""
    office = Office(tmp_path, an_alert("f1"))
    office.book.take_triage(0, encode(Acknowledgement(alert="f1", at=NOON, owner="ann", note="called")))
    shown = office.ask("GET", "/v1/alerts/f1").json()

    assert shown["why"] == [{"share": 0.75, "says": "the amount is 5.4 times the customer's own mean of 30 days"}]
    assert shown["standing"] == {"state": "acknowledged", "owner": "ann", "note": "called", "until": None}
    assert shown["alert"]["evidence"]["transaction"] == "t-f1"


def test_what_can_be_asked_is_described(tmp_path: Path) -> None:
    """OpenAPI 3.1: every operation has a summary, a description, a role by token, and every body an example."""
    described = Office(tmp_path).ask("GET", "/v1/openapi.json", role="").json()
    operations = [one for path in described["paths"].values() for one in path.values()]

    assert described["openapi"].startswith("3.1")
    assert len(operations) >= 18
    for one in operations:
        assert one["summary"], one
        assert one["description"], one
        assert one["security"] == [{"token": []}], one
        if "requestBody" in one:
            assert one["requestBody"]["content"]["application/json"]["schema"]["examples"], one
        assert {"401", "403", "429"} <= set(one["responses"]), one
