"""Small recordings as files: three weeks of hourly payments with frauds, and a trading morning that ends in a fall."""

from pathlib import Path

import numpy as np
import pandas as pd

PAYMENTS = 336  # one an hour for two weeks: no two at one terminal within 16 hours, verdicts 8 hours from a payment
TRADES = 2_000
QUOTES = 1_000
CUSTOMERS, TERMINALS = 7, 16
SPEED = 200_000.0  # 9 s for two weeks and the last verdict a week later


def write_payments(path: Path) -> None:
    """Parquet in the form of ``cards-handbook``: small amounts, every 45th of the later ones forty times as much."""
    number = np.arange(PAYMENTS)
    is_fraud = (number > 100) & (number % 45 == 0)
    table = pd.DataFrame(
        {
            "TRANSACTION_ID": number,
            "TX_DATETIME": pd.Timestamp("2018-04-01") + pd.to_timedelta(number, unit="h"),
            "CUSTOMER_ID": number % CUSTOMERS,
            "TERMINAL_ID": number % TERMINALS,
            "TX_AMOUNT": (20.0 + number * 37 % 11) * np.where(is_fraud, 40.0, 1.0),
            "TX_FRAUD": is_fraud.astype(int),
            "TX_FRAUD_SCENARIO": is_fraud.astype(int),
        }
    )
    table.to_parquet(path)


def write_ticks(folder: Path) -> None:
    """Trades as CSV and quotes as Parquet in the form of ``ticks-equity``; the last tenth is 8 % lower."""
    draw = np.random.default_rng(5)
    folder.mkdir()
    price = 100.0 * np.exp(np.cumsum(draw.normal(0.0, 1e-4, TRADES)))
    price[-TRADES // 10 :] *= 0.92
    opening = pd.Timestamp("2013-10-07 09:30")
    trades = pd.DataFrame(
        {"ts": opening + pd.to_timedelta(5 * np.arange(TRADES), unit="s"), "price": price.round(2), "size": 100}
    )
    trades.to_csv(folder / "acme_trades.csv", index=False)
    mid = price[:: TRADES // QUOTES]
    quotes = pd.DataFrame(
        {
            "ts": opening + pd.to_timedelta(10 * np.arange(QUOTES) + 2, unit="s"),
            "bid": (mid - 0.01).round(2),
            "bid_size": 300,
            "ask": (mid + 0.01).round(2),
            "ask_size": 200,
        }
    )
    quotes.to_parquet(folder / "acme_quotes.parquet")
