"""The oracle: every figure of one symbol from the whole tape at once, with pandas and plain loops, none of our kernels.

Only value at risk and expected shortfall of the sorted residuals come from ``models.risk.tail``, which has oracles of
its own.
"""

import math

import numpy as np
import pandas as pd
from scipy import stats

from models.risk.tail import LEVELS, expected_shortfall, value_at_risk
from stream.settings import Market
from stream.wire.events import Quote, TickEvent, Trade

NAN = math.nan


class Oracle:
    """Remembers all accepted ticks of a symbol; slow and simple."""

    def __init__(self, market: Market) -> None:
        self.bar_ms = 1000 * market.bar_seconds
        self.stale_ms = 1000 * market.stale_seconds
        self.spread_factor = market.spread_factor
        self.break_ms = 1000 * market.break_seconds
        self.trades: list[tuple[int, float, float, float]] = []  # at, price, size, sign; accepted, in order
        self.odd: list[tuple[int, float, float]] = []  # bar, notional, signed of trades out of order
        self.quoted: list[tuple[int, float]] = []  # bar, order flow
        self.segments: list[list[tuple[int, float]]] = [[]]  # (bar, price) of mids, then of trades
        self.windows: dict[str, list[float]] = {"trade": [], "bid": [], "ask": []}
        self.accepted_at = {"trade": 0, "bid": 0, "ask": 0}
        self.suspects: dict[str, list[tuple[int, float]]] = {"trade": [], "bid": [], "ask": []}
        self.sides: dict[str, tuple[float, float, int]] = {"bid": (NAN, 0.0, 0), "ask": (NAN, 0.0, 0)}
        self.mid = self.spread = self.effective = NAN
        self.spread_at = self.quote_at = self.newest = 0
        self.total = self.weight = 0.0
        self.bar = -1
        self.bars_seen: set[int] = set()
        self.bad = 0.0
        self.prices: list[float] = []  # every price of the basis, for the peak

    def take(self, tick: TickEvent) -> str:
        """Apply one tick; returns "scored" or the reason for which it was filtered."""
        fate = self._trade(tick) if isinstance(tick, Trade) else self._quote(tick)
        self.bad += ((fate in ("outlier", "wide", "crossed")) - self.bad) / 64
        return fate

    def _open(self, at: int) -> None:
        self.newest = max(self.newest, at)
        self.bar = max(self.bar, at // self.bar_ms)
        self.bars_seen.add(self.bar)

    @property
    def usual(self) -> float:
        """Time-weighted spread."""
        return self.total / self.weight if self.weight > 0 else NAN

    def _passes(self, channel: str, price: float, at: int, mid: float = NAN) -> bool:
        if at - self.accepted_at[channel] > self.stale_ms:
            self.windows[channel].clear()
            self.suspects[channel].clear()
        window = sorted(self.windows[channel][-32:])
        n = len(window)
        if n == 0:
            return True
        centre = window[n // 2]
        if n < 8:
            width = 0.05 * centre
        else:
            scale = (window[3 * n // 4] - window[n // 4]) / 1.349
            width = max(6.0 * scale, 0.0015 * centre)
            if not math.isnan(self.usual):
                width = max(width, 3.0 * self.usual * centre)
                if channel != "trade":
                    width = max(width, min(25.0 * self.usual, 0.01) * centre)
        if abs(price - centre) <= width:
            return True
        run = self.suspects[channel]
        if run and abs(price - run[-1][1]) > width:
            run.clear()
        run.append((at, price))
        if len(run) < 3 or at == run[0][0] or abs(price - mid) > width:
            return False
        self.windows[channel].clear()
        return True

    def _accept(self, channel: str, price: float, at: int) -> None:
        self.windows[channel].append(price)
        self.accepted_at[channel] = at
        self.suspects[channel].clear()

    def _trade(self, tick: Trade) -> str:
        at, price, size = tick.at, tick.price, tick.size
        if at // self.bar_ms < self.bar:
            return "closed_bar"
        fresh = at - min(self.sides["bid"][2], self.sides["ask"][2]) <= self.stale_ms
        mid = self.mid if fresh else NAN
        if not self._passes("trade", price, at, mid):
            return "outlier"
        told = {"buy": 1.0, "sell": -1.0}.get(tick.side, 0.0)
        if self.trades and at < self.trades[-1][0]:
            self.odd.append((self.bar, price * size, told * size))
            return "scored"
        self._accept("trade", price, at)
        self._open(at)
        if not math.isnan(mid):
            self.effective = 2 * abs(price - mid)
        sign = told
        if not told and self.trades:
            before = self.trades[-1]
            sign = float(np.sign(price - before[1])) or before[3]
        if not self.trades:
            self.segments.append([])
            self.switched = self.bar
        self.trades.append((at, price, size, sign))
        self.segments[-1].append((self.bar, price))
        self.prices.append(price)
        return "scored"

    def _quote(self, tick: Quote) -> str:
        at, bid, ask = tick.at, tick.bid, tick.ask
        if at // self.bar_ms < self.bar:
            return "closed_bar"
        if at < self.quote_at:
            return "superseded"
        if bid and ask and bid > ask:
            return "crossed"
        good = [self._passes(side, price, at) for side, price in (("bid", bid), ("ask", ask)) if price]
        if not all(good) or not good:
            return "wide"
        self._open(at)
        self.quote_at = at
        self._side("bid", bid, tick.bid_size, at, one_sided=not ask)
        self._side("ask", ask, tick.ask_size, at, one_sided=not bid)
        self._weigh(at)
        low, high = self.sides["bid"], self.sides["ask"]
        self.mid = self.spread = NAN
        if not math.isnan(low[0] + high[0]) and at - min(low[2], high[2]) <= self.stale_ms:
            self.mid = 0.5 * (low[0] + high[0])
            self.spread = (high[0] - low[0]) / self.mid
            if not self.trades:
                self.segments[0].append((self.bar, self.mid))
                self.prices.append(self.mid)
        return "scored"

    def _side(self, side: str, price: float, size: float, at: int, *, one_sided: bool) -> None:
        if not price:
            return
        self._accept(side, price, at)
        before, size_before, _ = self.sides[side]
        if not math.isnan(before):
            up = price >= before if side == "bid" else price <= before
            down = price <= before if side == "bid" else price >= before
            flow = up * size - down * size_before
            self.quoted.append((self.bar, flow if side == "bid" else -flow))
        self.sides[side] = (price, size, at)
        other = "ask" if side == "bid" else "bid"
        crossed = price > self.sides[other][0] if side == "bid" else price < self.sides[other][0]
        if one_sided and crossed:
            self.sides[other] = (NAN, *self.sides[other][1:])

    def _weigh(self, at: int) -> None:
        stood, self.spread_at = at - self.spread_at, at
        if stood > self.break_ms:
            self.total = self.weight = 0.0
        elif not math.isnan(self.spread):
            keep = math.exp(-min(stood, 60_000) / 1_800_000)
            spread = self.spread if self.weight == 0 else min(self.spread, self.spread_factor * self.usual)
            self.total = keep * self.total + (1 - keep) * spread
            self.weight = keep * self.weight + (1 - keep)

    def closes(self) -> pd.DataFrame:
        """Returns of the closed bars, one row each: bar, move, bars it took, and what the tail knew before it."""
        parts = []
        for i, segment in enumerate(self.segments):
            end = self.switched if i == 0 and len(self.segments) > 1 else self.bar
            frame = pd.DataFrame(segment, columns=["bar", "price"], dtype=np.float64)
            last = frame.groupby("bar").last()
            last = last[last.index < end].reset_index()
            last["move"] = last["price"].pct_change()
            last["bars"] = last["bar"].diff()
            parts.append(last)
        every = pd.concat(parts, ignore_index=True)
        every = every[every["bars"] * self.bar_ms <= max(self.stale_ms, self.bar_ms)].reset_index(drop=True)
        every["scaled"] = every["move"] / np.sqrt(every["bars"])
        variance = (every["scaled"] ** 2).ewm(alpha=0.06, adjust=True).mean()
        every["after"] = np.sqrt(variance).where(np.arange(len(every)) >= 9)
        every["known"] = every["after"].shift()
        every["residual"] = every["scaled"] / every["known"]
        return every

    def figures(self) -> dict[str, float]:
        """All figures as they stand."""
        out = {
            "last": self.trades[-1][1] if self.trades else NAN,
            "bid": self.sides["bid"][0],
            "ask": self.sides["ask"][0],
            "mid": self.mid,
            "quoted_spread": self.spread * self.mid,
            "quoted_spread_ratio": self.spread,
            "usual_spread_ratio": self.usual,
            "effective_spread": self.effective,
            "bad_tick_ratio": self.bad,
        }
        changes = np.diff([price for _, price, _, _ in self.trades[-256:]])
        out["roll_spread"] = (
            2 * math.sqrt(max(-np.cov(changes[:-1], changes[1:])[0, 1], 0.0)) if changes.size >= 3 else NAN
        )
        closes = self.closes()
        return out | self._flow(closes) | self._volatility(closes) | self._now(closes)

    def _flow(self, closes: pd.DataFrame) -> dict[str, float]:
        rows = [(at // self.bar_ms, price * size, sign * size, 0.0) for at, price, size, sign in self.trades]
        rows += [(bar, notional, signed, 0.0) for bar, notional, signed in self.odd]
        rows += [(bar, 0.0, 0.0, flow) for bar, flow in self.quoted]
        columns = ["bar", "notional", "signed", "flow"]
        sums = pd.DataFrame(rows, columns=columns, dtype=np.float64).groupby("bar").sum()
        sums = sums.reindex(sorted(b for b in self.bars_seen if b < self.bar), fill_value=0.0)
        sums["move"] = closes.set_index("bar")["move"].abs().groupby(level=0).last()
        ends = (sums.index.to_numpy() + 1) * self.bar_ms
        out = {}
        for name, width in (("30m", 1_800_000), ("5m", 300_000)):
            held = sums[ends > self.newest - width]
            known = len(held) > 0 and not (len(held) >= 64 and len(sums) > 64)
            if name == "30m":
                traded = held[(held["notional"] > 0) & held["move"].notna()] if known else held[:0]
                out["amihud_per_million_30m"] = 1e6 * (traded["move"] / traded["notional"]).mean()
            else:
                out["order_flow_imbalance_5m"] = held["flow"].sum() if known else NAN
                out["signed_volume_5m"] = held["signed"].sum() if known else NAN
        return out

    def _volatility(self, closes: pd.DataFrame) -> dict[str, float]:
        now = closes["after"].iloc[-1] if len(closes) else NAN
        local = closes["scaled"].abs().to_numpy()[-60:]
        out = {
            "volatility_ewma": now,
            "volatility_bipower": (
                math.sqrt(math.pi / 2 * float(np.mean(local[1:] * local[:-1]))) if local.size > 1 else NAN
            ),
            "bars": float(len(closes)),
        }
        ends = (closes["bar"].to_numpy() + 1) * self.bar_ms
        for name, width in (("5m", 300_000), ("30m", 1_800_000), ("1d", 86_400_000)):
            held = closes["move"][ends > self.newest - width]
            known = len(held) > 0 and not (len(held) >= 1440 and len(closes) > 1440)
            out[f"realised_volatility_{name}"] = math.sqrt((held**2).sum()) if known else NAN
        residuals = closes["residual"].dropna().to_numpy()
        ordered = np.sort(residuals[-500:])
        enough = residuals.size >= 100
        for level, percent in zip(LEVELS, ("95", "975", "99"), strict=True):
            quantile = stats.norm.ppf(level)
            out[f"value_at_risk_{percent}"] = value_at_risk(ordered, level) * now if enough else NAN
            out[f"expected_shortfall_{percent}"] = expected_shortfall(ordered, level) * now if enough else NAN
            out[f"normal_value_at_risk_{percent}"] = quantile * now
            out[f"normal_expected_shortfall_{percent}"] = stats.norm.pdf(quantile) / (1 - level) * now
        judged = [
            residuals[i] < -value_at_risk(np.sort(residuals[max(0, i - 500) : i]), 0.99)
            for i in range(100, residuals.size)
        ]
        out["exceedances_250"] = float(np.sum(judged[-250:])) if judged else NAN
        return out

    def _now(self, closes: pd.DataFrame) -> dict[str, float]:
        if not self.prices:
            return {"drawdown": NAN, "move_sigmas": NAN}
        segment = pd.DataFrame(self.segments[-1], columns=["bar", "price"])
        closed = segment[segment["bar"] < self.bar]
        out = {"drawdown": 1 - segment["price"].iloc[-1] / max(self.prices), "move_sigmas": NAN}
        if len(closes) and len(closed):
            local = closes["scaled"].abs().to_numpy()[-60:]
            bipower = math.sqrt(math.pi / 2 * float(np.mean(local[1:] * local[:-1]))) if local.size > 1 else NAN
            half = 0.5 * closes["after"].iloc[-1]
            usual = max(bipower, half) * math.sqrt(max(self.bar - closed["bar"].iloc[-1], 1))
            if usual > 0:
                out["move_sigmas"] = (segment["price"].iloc[-1] / closed["price"].iloc[-1] - 1) / usual
        return out
