"""Returns: how far a price moved, and how far that is per bar when some bars had no price."""

import math

from models.compiled import kernel


@kernel
def simple_return(before: float, after: float) -> float:
    """Relative change of a price, signed.

    before, after  > 0  price
    -> ratio, -0.03 is 3 % down
    """
    return after / before - 1.0


@kernel
def per_bar_return(move: float, bars: float) -> float:
    """Return per bar of a move over several bars, by the square root of time.

    move  signed simple return
    bars  >= 1, bar lengths between the two closes
    -> signed ratio of the size that one bar's return would have under the same volatility
    """
    return move / math.sqrt(bars)
