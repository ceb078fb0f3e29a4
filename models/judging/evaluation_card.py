"""The card of an evaluation: every figure of its JSON that matters, as tables, with the pictures beside it."""

from models.judging.benchmark import Evaluation, Figures, FoldFigures

_COLUMNS = "| AP | AUC | CP@100 | Brier | expected / real frauds |"
_NAMES = ("average_precision", "roc_auc", "card_precision_100", "brier", "expected_over_real")
_DIGITS = (3, 3, 3, 5, 2)


def evaluation_card(found: Evaluation, pictures: list[str]) -> str:
    """Write the card in Markdown.

    pictures  file names beside the card
    """
    ours = {"**ensemble**": found.ensemble, "autoencoder, no label-derived feature": found.autoencoder}
    return "\n".join(
        (
            f"# Evaluation: {found.source}",
            "",
            (
                f"{found.rows:,} payments, {found.frauds:,} frauds; protocol {found.protocol}: every model learns from "
                "one week, waits one and is tested on the next. Mean of the folds ± the deviation of one from another. "
                "AP: average precision; CP@100: share of defrauded cards among the hundred most suspicious of a day."
            ),
            "",
            *_table({**ours, **found.baselines}),
            "",
            "## What each part adds",
            "",
            "The trees alone, one family of features left out at a time.",
            "",
            *_table(found.ablation),
            "",
            "## Fold by fold",
            "",
            f"| ensemble, training week from | frauds in the test week {_COLUMNS}",
            "|---|---|---|---|---|---|---|",
            *(f"| {one.train_from} | {one.frauds} | {' | '.join(_of_fold(one))} |" for one in found.ensemble.folds),
            "",
            *(f"![{name.removesuffix('.png')}]({name})" for name in pictures),
            "",
        )
    )


def _table(models: dict[str, Figures]) -> list[str]:
    return [
        f"| {_COLUMNS}",
        "|---|---|---|---|---|---|",
        *(f"| {name.replace('_', ' ')} | {' | '.join(_mean(one))} |" for name, one in models.items()),
    ]


def _mean(figures: Figures) -> list[str]:
    cells = []
    for name, digits in zip(_NAMES, _DIGITS, strict=True):
        mean, spread = getattr(figures, name), figures.spread.get(name)
        plain = mean is None or spread is None or name in {"brier", "expected_over_real"}
        cells.append(_number(mean, digits) if plain else f"{mean:.{digits}f} ± {spread:.{digits}f}")
    return cells


def _of_fold(one: FoldFigures) -> list[str]:
    return [_number(getattr(one, name), digits) for name, digits in zip(_NAMES, _DIGITS, strict=True)]


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
