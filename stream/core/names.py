"""Names of the features in the order of the matrix columns: the one contract between features and detectors.

Windows are ``[at - w, at)`` in event time: neither the event itself nor another of the same millisecond counts towards
its own history, so the figures do not depend on the order of ties. NaN means "no history"; artefacts carry their own
imputation.
"""

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WINDOWS: dict[str, int] = {"1h": HOUR_MS, "1d": DAY_MS, "7d": 7 * DAY_MS, "30d": 30 * DAY_MS}

CUSTOMER_FEATURES: tuple[str, ...] = (
    "amount",  # currency units, not minor units
    *(f"customer_count_{w}" for w in WINDOWS),  # payments in the window
    *(f"customer_sum_{w}" for w in WINDOWS),  # currency units; 0 for none
    *(f"customer_mean_{w}" for w in WINDOWS),  # currency units; nan for none
    *(f"customer_std_{w}" for w in WINDOWS),  # sample deviation (ddof 1); nan below two
    "amount_ratio",  # amount / customer_mean_30d; nan for none
    "amount_robust_z",  # (amount - median) / max(1.4826 MAD, 1 % of the median, one minor unit), 30 d; nan for none
    "seconds_since_last",  # nan for none within 30 d
    "distinct_terminals_30d",  # terminals the customer paid at
    "hour_sin",
    "hour_cos",  # of the UTC day
    "weekday_sin",
    "weekday_cos",  # of the week, Monday 0
    *(f"amount_ratio_{w}" for w in ("1d", "7d")),  # amount / customer_mean of the window; nan for none
    "amount_to_median_30d",  # amount / median of 30 d, at least one minor unit; nan for none
    *(f"customer_peak_{w}" for w in ("1d", "7d", "30d")),  # largest amount of the window / that median; nan for none
)
TERMINAL_FEATURES: tuple[str, ...] = (
    *(f"terminal_count_{w}" for w in WINDOWS),
    *(f"terminal_mean_{w}" for w in WINDOWS),  # currency units; nan for none
    *(f"terminal_fraud_share_{w}" for w in WINDOWS),  # frauds / verdicts that came in the window; nan for none
    "terminal_fraud_run",  # frauds in a row among its latest verdicts; nan for no verdict
    "terminal_fraud_run_days",  # since the first of them was known; nan for none
    "terminal_fraud_days",  # since the last verdict of fraud
    "terminal_clean_days",  # since the last verdict of none
    "terminal_fraud_run_amount",  # least amount among the payments of the run; nan where none is remembered
    "terminal_fraud_run_ratio",  # their least amount_ratio, rounded down to 1 part in 256; nan likewise
)
FEATURES: tuple[str, ...] = CUSTOMER_FEATURES + TERMINAL_FEATURES
LABEL_FEATURES: frozenset[str] = frozenset(
    name for name in TERMINAL_FEATURES if name.startswith(("terminal_fraud", "terminal_clean"))
)
