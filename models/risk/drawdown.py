"""Drawdown: how far the price stands below its running peak."""

from models.compiled import kernel


@kernel
def drawdown(peak: float, price: float) -> float:
    """Loss from the highest price so far.

    peak   > 0, price  > 0, at most ``peak``
    -> ratio of the peak, 0 at the peak, 0.05 is 5 % below it
    """
    return 1.0 - price / peak
