"""The model card: what the detectors are for, what they learnt from, how good they are, where they fail."""

import datetime as dt

from models.artifact import Baseline, Network, Provenance
from models.fairness import LEAST
from models.report import Figures, Report

_ABOUT = """\
# Model card: Weir's payment detectors

Three detectors in one artefact. **ensemble** puts boosted trees that learnt from verdicts and the autoencoder into one
calibrated probability; it finds most, where verdicts come. **autoencoder** rebuilds the features of a payment from a
narrow code; what the payment itself brings (amount and pace) and the code cannot rebuild is strange, whether or not
anyone has labelled its like before. It reads no verdicts at all. **robust** adds four plain signals in units of the
level that one genuine payment in 200 reaches. Each scores every payment, says which
features made the score, and alerts at a threshold that a budgeted share of genuine payments reaches.

For: ranking card payments for analysts. Not for: declining a payment by itself, or judging people.
"""
_PICTURES = ("precision_recall", "roc", "calibration", "cost", "scores", "confusion", "importance")
_RANKED = 12  # features that are named
_LIMITS = """\
## Limits

- A fraud that looks like the cardholder's ordinary payments can't be seen until verdicts on its terminal come in.
- The thresholds hold while genuine payments stay as they were in the calibration window; watch the alert rate.
- Probabilities are at the prevalence of the calibration window.
- `robust` uses verdicts on the terminal's payments once they have come; `autoencoder` uses none, so a terminal that
  was taken over shows in it only where amounts or pace change.
- No personal attribute is used; amounts and places may still stand in for one. Fairness has been measured only over
  {measured}, above: of other groups nothing is known here.
"""


def model_card(network: Network, baseline: Baseline, provenance: Provenance, report: Report) -> str:
    """Write the card in Markdown; every figure in it is one of the report, to the digits shown."""
    return "\n".join(
        (
            _ABOUT,
            _made(network, baseline, provenance),
            _judged(report, provenance),
            _over_segments(report),
            *([_over_groups(report)] if report.fairness else []),
            _looked_into(report),
            _LIMITS.format(measured="segments of behaviour" + " and the groups" * bool(report.fairness)),
        )
    )


def _made(network: Network, baseline: Baseline, provenance: Provenance) -> str:
    lines = ["## How they were made", "", f"History: {provenance.source}. Seed {provenance.seed}.", ""]
    lines += ["| window | from | to (excluded) | payments |", "|---|---|---|---:|"]
    for name, (start, end) in provenance.windows.items():
        lines.append(f"| {name} | {_day(start)} | {_day(end)} | {provenance.rows[name]:,} |")
    lines += [
        "",
        (
            f"A purge of {provenance.label_delay_days:g} days, the label delay, lies between train and stop and "
            "between calibration and test. Frauds whose verdict had come by the end of training were left out of it; "
            "the others were not, as they would not be live."
        ),
        "",
        f"Network: {' - '.join(map(str, network.sizes))} units, {network.activation}, linear output, "
        f"{len(network.features)} features scaled by median and quartiles within ± {network.clip:g}; judged are "
        f"{', '.join(network.judged)}, by the surprise of their residuals in nats; "
        f"threshold {network.operating.threshold:.4g}. Robust: "
        + ", ".join(f"{name} {level:.4g}" for name, level in baseline.unusual.items())
        + f"; threshold {baseline.operating.threshold:.4g}. Ensemble: learnt on the calibration window. "
        f"Alert budgets: {provenance.alert_budget:.2%} of genuine payments, "
        f"the autoencoder's {_strange(provenance):.2%}.",
        "",
        "Made with " + ", ".join(f"{name} {version}" for name, version in provenance.versions.items()) + ".",
        "",
    ]
    return "\n".join(lines)


def _strange(provenance: Provenance) -> float:
    return provenance.alert_budget if provenance.strange_budget is None else provenance.strange_budget


def _judged(report: Report, provenance: Provenance) -> str:
    start, end = provenance.windows["test"]
    lines = [
        f"## How good they are, {_day(start)} to {_day(end)}",
        "",
        (
            f"{report.rows:,} payments, {report.frauds:,} frauds: base rate {report.base_rate:.4%}. In brackets 95 % "
            "intervals, by bootstrap over customers."
        ),
        "",
        (
            "| detector | average precision | ROC-AUC | card precision@100 | precision | recall | F1 "
            "| false alerts per 1,000 genuine | accuracy (never alerting) |"
        ),
        "|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [_row(name, figures) for name, figures in report.figures.items()]
    return "\n".join([*lines, "", *(f"![{name}]({name}.png)" for name in _PICTURES), ""])


def _over_segments(report: Report) -> str:
    """How evenly false alerts fall on customers of one kind or another."""
    lines = [
        "## Segments of customers",
        "",
        (
            "By what they did in the 30 days before a payment (how often, how much, at how many places), ascending by "
            "median amount; 0 is who has too few payments to tell. Share of genuine payments alerted on, and recall, "
            "by one threshold and by one of each segment (`alerts.per_segment`)."
        ),
        "",
        "| detector | segment | payments | mean amount | genuine alerted | per segment | recall | per segment |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, spread in report.spread.items():
        for one in spread.segments:
            rates = (one.genuine_alert_ratio, one.genuine_alert_ratio_per_segment)
            found = (one.recall, one.recall_per_segment)
            cells = (
                *("–" if rate is None else f"{rate:.2%}" for rate in rates),
                *("–" if share is None else f"{share:.3f}" for share in found),
            )
            lines.append(f"| {name} | {one.segment} | {one.payments:,} | {one.mean_amount:.2f} | {' | '.join(cells)} |")
        lines.append(f"| {name} | greatest less least | | | {spread.gap:.2%} | {spread.gap_per_segment:.2%} | | |")
    return "\n".join([*lines, ""])


def _over_groups(report: Report) -> str:
    """How evenly alerts fall on the groups that were named, which no detector knows of."""
    lines = [
        "## Groups of customers",
        "",
        (
            "Named beside the payments, and read by no detector. Share of genuine payments alerted on, and of frauds "
            f"found; in brackets 95 %, as if payments were independent; – for fewer than {LEAST}."
        ),
        "",
        "| detector | group | payments | frauds | genuine alerted | recall |",
        "|---|---|---|---|---|---|",
    ]
    for name, fairness in report.fairness.items():
        for one in fairness.groups:
            rate = _within(one.genuine_alert_ratio, one.genuine_alert_ratio_95)
            found = _within(one.recall, one.recall_95)
            lines.append(f"| {name} | {one.group} | {one.payments:,} | {one.frauds:,} | {rate} | {found} |")
        gaps = (fairness.gap_genuine_alert_ratio, fairness.gap_recall)
        cells = " | ".join("–" if gap is None else f"{gap:.2%}" for gap in gaps)
        lines.append(f"| {name} | greatest less least | | | {cells} |")
    return "\n".join([*lines, ""])


def _within(rate: float | None, interval: tuple[float, float] | None) -> str:
    return "–" if rate is None or interval is None else f"{rate:.2%} [{interval[0]:.2%}, {interval[1]:.2%}]"


def _looked_into(report: Report) -> str:
    """What the ensemble's scores are made of, and a tree that says nearly the same."""
    if report.insight is None:
        return ""
    surrogate = report.insight.surrogate
    ranked = list(report.insight.importance.items())[:_RANKED]
    return "\n".join(
        (
            f"## What scores of {report.insight.detector} are made of",
            "",
            "Mean size of each feature's part: " + ", ".join(f"{name} {size:.2f}" for name, size in ranked) + ".",
            "",
            (
                f"A tree in its place, for a first look. It explains {surrogate.r2:.0%} of the probability's variance, "
                f"shares {surrogate.agreement:.0%} of the alerts, and has an average precision of "
                f"{surrogate.average_precision:.3f}; -1 stands for no history."
            ),
            "",
            "```",
            surrogate.rules.rstrip(),
            "```",
            "",
        )
    )


def _row(name: str, figures: Figures) -> str:
    cells = (
        name,
        f"{_number(figures.average_precision)} [{', '.join(map(_number, figures.average_precision_95))}]",
        f"{_number(figures.roc_auc)} [{', '.join(map(_number, figures.roc_auc_95))}]",
        _number(figures.card_precision_100),
        _number(figures.precision),
        _number(figures.recall),
        _number(figures.f1),
        _number(figures.alerts_per_1000_genuine, digits=2),
        f"{figures.accuracy:.4f} ({figures.accuracy_of_never_alerting:.4f})",
    )
    return f"| {' | '.join(cells)} |"


def _number(value: float | None, *, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _day(millis: int) -> str:
    return dt.datetime.fromtimestamp(millis / 1000.0, dt.UTC).date().isoformat()
