"""Distances between a reference and a sample, held to scipy and to the definitions."""

import numpy as np
import pytest
from scipy import special, stats

from models.reference import bins_of, fit_reference
from stream.drift.distance import ks, ks_chance, psi
from stream.drift.slots import quantile

CHANCE = np.random.default_rng(11)


def test_ks_is_that_of_scipy_where_bins_hold_single_values() -> None:
    """Two samples of counts 0 … 30: the largest gap of their distribution functions."""
    before, now = CHANCE.poisson(8.0, 5_000).astype(float), CHANCE.poisson(9.0, 700).astype(float)
    column = fit_reference({"n": before}).columns["n"]
    counts = np.bincount(bins_of(column, now), minlength=len(column.share))
    inside = now[now <= column.edges[-1]]

    assert inside.size > 0.9 * now.size  # above the last percentile all falls into one bin, so the gap there is 0
    assert ks(np.array(column.share), counts) == pytest.approx(stats.ks_2samp(before, now).statistic, abs=1e-12)


def test_the_chance_of_a_distance_is_kolmogorovs() -> None:
    """Against scipy's limit law, at the size that Stephens' correction gives."""
    for distance, n in ((0.01, 500), (0.03, 2_000), (0.08, 500), (0.2, 100)):
        size = (np.sqrt(n) + 0.12 + 0.11 / np.sqrt(n)) * distance
        assert ks_chance(distance, n) == pytest.approx(special.kolmogorov(size), abs=1e-6)


def test_psi_is_its_definition_over_tenths() -> None:
    """Ten bins of a tenth each and one for no value: the sum of (q - p) ln(q / p), with half a payment more in each."""
    share = np.append(np.full(10, 0.099), 0.01)
    counts = np.array([120, 110, 100, 90, 80, 100, 100, 100, 100, 90, 10])
    q = (counts + 0.5) / (1000 + 5.5)

    assert psi(share, counts) == pytest.approx(float(((q - share) * np.log(q / share)).sum()), abs=1e-12)
    assert psi(share, np.round(share * 1e6).astype(np.int64)) < 1e-6


def test_psi_without_drift_is_about_its_expectation() -> None:
    """200 samples of 1,000 from the same law: the mean is near (groups - 1) / n, as Yurdakul derives."""
    column = fit_reference({"x": CHANCE.normal(size=200_000)}).columns["x"]
    share = np.array(column.share)
    found = [
        psi(share, np.bincount(bins_of(column, CHANCE.normal(size=1_000)), minlength=share.size)) for _ in range(200)
    ]

    assert np.mean(found) == pytest.approx(9 / 1_000, rel=0.15)


def test_quantiles_come_from_counts() -> None:
    """The median of a sample by its bins lies within one percentile step of numpy's."""
    before = CHANCE.exponential(1.0, 20_000)
    now = CHANCE.exponential(1.3, 4_000)
    column = fit_reference({"x": before}).columns["x"]
    counts = np.bincount(bins_of(column, now), minlength=len(column.share))

    for level in (0.5, 0.9):
        place = int(np.searchsorted(column.edges, np.quantile(now, level)))
        low, high = column.edges[place - 1], column.edges[min(place + 1, len(column.edges) - 1)]
        assert low <= quantile(column, counts, level) <= high
