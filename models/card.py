"""The model card: what the detectors are for, what they learnt from, how good they are, where they fail."""

import datetime as dt

from models.artifact import Baseline, Network, Provenance
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
_LIMITS = """\
## Limits

- A fraud that looks like the cardholder's ordinary payments can't be seen until verdicts on its terminal come in.
- The thresholds hold while genuine payments stay as they were in the calibration window; watch the alert rate.
- Probabilities are at the prevalence of the calibration window.
- `robust` uses verdicts on the terminal's payments once they have come; `autoencoder` uses none, so a terminal that
  was taken over shows in it only where amounts or pace change.
- No personal attribute is used; amounts and places may still stand in for one. Fairness has not been measured.
"""


def model_card(network: Network, baseline: Baseline, provenance: Provenance, report: Report) -> str:
    """Write the card in Markdown; every figure in it is one of the report, to the digits shown."""
    return "\n".join(
        (
            _ABOUT,
            _made(network, baseline, provenance),
            _judged(report, provenance),
            _LIMITS,
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
    lines += ["", "![Precision over recall](precision_recall.png)", "", "![Scores](scores.png)", ""]
    return "\n".join([*lines, "![Calibration](calibration.png)", ""])


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
