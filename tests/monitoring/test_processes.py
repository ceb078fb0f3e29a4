import re

import pytest
import yaml

from monitoring.processes import PROCESSES, Process, samples
from monitoring.reference import metrics, shown_on
from tests.monitoring.prometheus import DEPLOYMENT

JOBS = yaml.safe_load((DEPLOYMENT / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
UNITS = r"_total$"


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.job)
def test_prometheus_asks_each_process_where_it_answers(process: Process) -> None:
    """A job each, at the port that the process has unless told otherwise."""
    ports = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in JOBS if "dns_sd_configs" in job}

    assert ports[process.job] == process.port


def test_no_two_processes_want_one_port() -> None:
    """All of them run on one machine."""
    assert len({process.port for process in PROCESSES}) == len(PROCESSES)


def test_no_two_processes_have_a_metric_of_one_name() -> None:
    """A sum over jobs would add unlike things."""
    ours = [name for process in PROCESSES for name in samples(process) if name.startswith("weir_")]

    assert len(set(ours)) == len(ours)


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.job)
def test_every_metric_is_explained_and_shown(process: Process) -> None:
    """Each says what it is, names its unit where it has one, and stands on a board."""
    found = list(metrics(process))

    assert [one.name for one in found if not one.about or not shown_on(one.names)] == []
    assert [one.name for one in found if one.kind == "counter" and not re.search(UNITS, one.name)] == []
    assert [one.name for one in found if one.kind == "histogram" and not one.name.endswith("_seconds")] == []
