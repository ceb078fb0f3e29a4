"""Reads what a registry shows, as Prometheus would."""

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def scrape(registry: CollectorRegistry) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """All samples of a scrape: (name, labels) → value."""
    families = text_string_to_metric_families(generate_latest(registry).decode())
    samples: list[Sample] = [sample for family in families for sample in family.samples]
    return {(sample.name, frozenset(sample.labels.items())): float(sample.value) for sample in samples}


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    """One sample of a scrape; None where there is none."""
    return scrape(registry).get((name, frozenset(labels.items())))
