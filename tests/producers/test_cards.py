"""The simulated cards do what their configuration says."""

from collections import Counter
from collections.abc import Mapping

import msgspec
import numpy as np
import pandas as pd
import pytest

from producers.card_config import CardsConfig
from producers.card_day import draw_day
from producers.card_fraud import KINDS
from producers.card_world import draw_world
from producers.cards import Cards
from stream.errors import SettingsError
from stream.wire.events import Label, Transaction

DAY_MS = 86_400_000
SMALL: dict[str, object] = {"customers": 300, "terminals": 600}


def payments_of(config: Mapping[str, object], *, seed: int = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All payments with the kind of fraud that the truth tells, and all verdicts."""
    topics: dict[str, list[dict[str, object]]] = {"transactions": [], "labels": [], "truth": []}
    for record in Cards(seed=seed, config=config).records():
        topics[record.topic].append(msgspec.to_builtins(record.event))
    payments = pd.DataFrame(topics["transactions"])
    truth = pd.DataFrame(topics["truth"], columns=["transaction", "at", "scenario", "fraud"])
    payments["kind"] = payments["id"].map(truth.set_index("transaction")["scenario"]).fillna("")
    return payments, pd.DataFrame(topics["labels"])


def test_event_time_never_falls_over_days_and_topics() -> None:
    """Nine days, so that verdicts of the first days come between the payments of the last."""
    records = list(Cards(seed=3, config=SMALL | {"days": 9}).records())
    at = [record.event.at for record in records if isinstance(record.event, Transaction | Label)]

    assert len(at) == len(records)
    assert at == sorted(at)


def test_ids_number_the_payments_in_order() -> None:
    """The first payment is t000000000; numbers run on over midnight."""
    payments, _ = payments_of(SMALL | {"days": 2})

    assert payments["id"].tolist() == [f"t{i:09d}" for i in range(len(payments))]


def test_every_payment_has_its_verdict_a_delay_later() -> None:
    """Two and a half days after each payment one verdict comes, and it tells what the truth told at once."""
    payments, labels = payments_of(SMALL | {"days": 4, "label_delay_days": 2.5})

    told = labels.set_index("transaction").loc[payments["id"]]
    assert len(labels) == len(payments)
    assert (told["at"].to_numpy() - payments["at"].to_numpy() == 2.5 * DAY_MS).all()
    assert told["scenario"].tolist() == payments["kind"].tolist()
    assert told["fraud"].tolist() == (payments["kind"] != "").tolist()


def test_a_share_of_the_payments_gets_a_verdict() -> None:
    """Verdicts are binomial: within five deviations of the configured share, no payment has two."""
    payments, labels = payments_of(SMALL | {"days": 5, "labelled_share": 0.3})

    n = len(payments)
    assert abs(len(labels) - 0.3 * n) < 5 * np.sqrt(n * 0.3 * 0.7)
    assert labels["transaction"].is_unique


def test_truth_tells_frauds_alone_and_without_delay() -> None:
    """Each record of the truth has the time of its payment."""
    records = list(Cards(seed=2, config=SMALL | {"days": 3}).records())
    paid = {r.event.id: r.event.at for r in records if isinstance(r.event, Transaction)}
    truth = [r.event for r in records if r.topic == "truth" and isinstance(r.event, Label)]

    assert len(truth) > 0
    assert all(label.fraud and label.at == paid[label.transaction] for label in truth)


def test_frequency_and_amount_have_the_configured_means() -> None:
    """Over 28 days: Poisson counts within five deviations, amounts within five standard errors of the mean."""
    config = CardsConfig(customers=400, terminals=300, payments_per_day=3.0, amount=80.0)
    world = draw_world(config, np.random.default_rng(5))
    days = [draw_day(config, world, seed=5, day=day) for day in range(28)]  # whole weeks
    genuine = np.concatenate([day.amount[day.kind == 0] for day in days])

    expected = 400 * 3.0 * 28 * (1 - 0.0008 - 0.005 - 0.0015)
    assert abs(genuine.size - expected) < 5 * np.sqrt(expected)
    assert abs(genuine.mean() - 8_000) < 5 * genuine.std() / np.sqrt(genuine.size)


def test_each_kind_of_fraud_has_its_rate_from_the_first_day() -> None:
    """Of thirty worlds the mean share of each kind is within four standard errors of the configured one."""
    config = CardsConfig(customers=500, terminals=400)
    shares = []
    for seed in range(30):
        world = draw_world(config, np.random.default_rng(seed))
        kinds = np.concatenate([draw_day(config, world, seed=seed, day=day).kind for day in (0, 1)])
        shares.append(np.bincount(kinds, minlength=5) / kinds.size)
    mean, error = np.mean(shares, axis=0), np.std(shares, axis=0, ddof=1) / np.sqrt(30)

    rates = [config.amount_fraud.rate, config.terminal_fraud.rate, config.customer_fraud.rate, config.burst_fraud.rate]
    np.testing.assert_array_less(np.abs(mean[1:] - rates), 4 * error[1:])


def test_amounts_tell_amount_and_customer_fraud_from_genuine() -> None:
    """Against the customer's genuine mean they are about 8 and 5 times as high, terminal fraud is not higher."""
    payments, _ = payments_of(SMALL | {"days": 30})
    usual = payments[payments["kind"] == ""].groupby("customer")["amount"].mean()
    ratio = payments["amount"].div(payments["customer"].map(usual))

    median = ratio.groupby(payments["kind"].to_numpy()).median()
    assert median["amount"] == pytest.approx(8.0, rel=0.2)
    assert median["customer"] == pytest.approx(5.0, rel=0.2)
    assert median["terminal"] == pytest.approx(0.92, rel=0.2)  # the median of a gamma of shape 4 is 0.92 of its mean


def test_a_compromised_terminal_is_all_fraud_within_its_window() -> None:
    """Between the first and last fraud at a terminal every payment is fraud (share 1), for at most the window."""
    quiet = {"amount_fraud": {"rate": 0}, "customer_fraud": {"rate": 0}, "burst_fraud": {"rate": 0}}
    config = SMALL | quiet | {"days": 20, "terminal_fraud": {"rate": 0.01, "days": 5}}
    payments, _ = payments_of(config)
    struck = payments[payments["kind"] == "terminal"].groupby("terminal")["at"].agg(["min", "max"])
    inside = payments.join(struck, on="terminal").query("min <= at <= max")

    single = struck[struck["max"] - struck["min"] < 5 * DAY_MS]  # the others were compromised twice
    assert len(single) > 0.9 * len(struck)
    assert (inside[inside["terminal"].isin(single.index)]["kind"] == "terminal").all()


def test_a_compromised_card_pays_a_share_of_frauds() -> None:
    """Over the customers struck in a window of all days, a third of the payments is fraud."""
    quiet = {"amount_fraud": {"rate": 0}, "terminal_fraud": {"rate": 0}, "burst_fraud": {"rate": 0}}
    config = SMALL | quiet | {"days": 10, "customer_fraud": {"rate": 0.02, "days": 200}}
    payments, _ = payments_of(config)
    known = payments[payments["kind"] == "customer"]["customer"].unique()
    theirs = payments[payments["customer"].isin(known)]

    share = (theirs["kind"] == "customer").mean()
    assert abs(share - 1 / 3) < 5 * np.sqrt(2 / 9 / len(theirs)) + 0.05  # some windows begin within the ten days


def test_a_burst_is_many_small_payments_within_minutes() -> None:
    """Frauds of a burst lie within a quarter of an hour, at different terminals, below five euros."""
    payments, _ = payments_of(SMALL | {"days": 30, "burst_fraud": {"rate": 0.005, "payments": 6, "minutes": 15}})
    bursts = payments[payments["kind"] == "burst"].groupby(["customer", payments["at"] // DAY_MS])
    spans = bursts["at"].agg(lambda at: at.max() - at.min())

    assert (spans < 15 * 60_000).mean() > 0.9  # two bursts of a customer on one day are rare
    assert (payments[payments["kind"] == "burst"]["amount"] < 500).all()
    assert bursts["terminal"].nunique().median() >= 4


def test_customers_keep_their_hours_and_their_terminals() -> None:
    """A customer's genuine payments gather around an hour, at no more terminals than its reach."""
    payments, _ = payments_of(SMALL | {"days": 30, "reach": 7})
    genuine = payments[payments["kind"] == ""]
    angle = 2 * np.pi * (genuine["at"] % DAY_MS) / DAY_MS
    parts = pd.DataFrame({"c": np.cos(angle), "s": np.sin(angle), "customer": genuine["customer"]})
    mean = parts.groupby("customer").mean()

    assert np.median(np.hypot(mean["c"], mean["s"])) > 0.5  # 0 were no habit; a spread of 3 h makes 0.73
    assert genuine.groupby("customer")["terminal"].nunique().max() <= 7


def test_another_window_changes_only_what_it_says() -> None:
    """Strengths by configuration: a factor of 20 makes amount fraud twenty times the usual."""
    payments, _ = payments_of(SMALL | {"days": 10, "amount_fraud": {"rate": 0.01, "factor": 20}})
    usual = payments[payments["kind"] == ""].groupby("customer")["amount"].mean()
    ratio = payments["amount"] / payments["customer"].map(usual)

    assert ratio[payments["kind"] == "amount"].median() == pytest.approx(20.0, rel=0.2)


def test_all_kinds_are_named_in_the_truth() -> None:
    """The scenario of a truth record is one of the four kinds."""
    payments, _ = payments_of(SMALL | {"days": 30})

    assert set(Counter(payments["kind"])) == set(KINDS)


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"custommers": 5}, "custommers"),
        ({"terminal_fraud": {"dayz": 5}}, "terminal_fraud.dayz"),
        ({"terminal_fraud": {"share": 1.5}}, "terminal_fraud.share"),
        ({"labelled_share": -0.1}, "labelled_share"),
        ({"start": "yesterday"}, "start"),
        ({"customers": "many"}, "customers"),
    ],
)
def test_a_bad_setting_is_refused_by_name(config: dict[str, object], field: str) -> None:
    """Unknown and wrong fields, nested or not, are named with their path."""
    with pytest.raises(SettingsError) as refused:
        Cards(seed=0, config=config)

    assert refused.value.field == field
