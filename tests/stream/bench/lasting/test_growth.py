"""Cost against state (``stream.bench.lasting.growth``): that it is measured on what is resident, not how high it is."""

from models.plugins import load_detectors
from stream.bench.lasting.growth import measure_growth
from stream.settings import Settings


def test_each_point_has_the_keys_and_the_history_it_is_named_after() -> None:
    """Tables hold nearly all customers that were drawn from, before anything is timed."""
    settings = Settings()
    told: list[float] = []
    growth = measure_growth(
        settings,
        load_detectors(settings.alerts.detectors, None),
        keys=(200, 800),
        history=20.0,
        days=(1, 30),
        customers=300,
        a_day=2.0,
        events=8_192,
        tell=told.append,
    )

    assert {name: size.customers for name, size in growth.keys.items()} == {"200": 200, "800": 800}
    assert {name: size.history for name, size in growth.windows.items()} == {"1": 2.0, "30": 60.0}
    assert growth.windows["30"].customer_bytes > growth.windows["1"].customer_bytes
    assert all(size.us > 0.0 for size in (*growth.keys.values(), *growth.windows.values()))
    assert told == [0.0, 0.25, 0.5, 0.75, 1.0]
