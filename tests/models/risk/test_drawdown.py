"""Drawdown against pandas."""

import numpy as np
import pandas as pd

from models.risk.drawdown import drawdown


def test_drawdown_is_the_loss_from_the_running_peak() -> None:
    """A random walk of a hundred prices against ``cummax``."""
    prices = pd.Series(100.0 * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 0.02, 100))))

    ours = [drawdown(peak, price) for peak, price in zip(prices.cummax(), prices, strict=True)]

    np.testing.assert_allclose(ours, (prices.cummax() - prices) / prices.cummax(), atol=1e-12)
