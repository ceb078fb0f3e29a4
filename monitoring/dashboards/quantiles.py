"""Quantiles of a latency histogram, as every board asks for them."""


def quantiles(histogram: str, selector: str = "", *, by: str = "") -> dict[str, str]:
    """Legend → PromQL of the 50th, 99th and 99.9th percentile.

    histogram  metric without its ending
    selector   in braces, or ""
    by         label to tell apart
    """
    legend, labels = (f"{{{{{by}}}}} ", f"le, {by}") if by else ("", "le")
    rate = f"sum by ({labels}) (rate({histogram}_bucket{selector}[$__rate_interval]))"
    return {f"{legend}p{name}": f"histogram_quantile({q}, {rate})" for name, q in _QUANTILES}


_QUANTILES = (("50", "0.5"), ("99", "0.99"), ("99.9", "0.999"))
