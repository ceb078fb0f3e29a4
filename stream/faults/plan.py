"""Which rows, how often, in which order: every harm of ``rows``, seed after seed, side by side if asked."""

import pkgutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import lru_cache
from importlib import import_module
from pathlib import Path

import msgspec

from stream.errors import WeirError
from stream.faults import rows
from stream.faults.events import ALERTS, mixed
from stream.faults.ground import Ground
from stream.faults.harm import Harm
from stream.faults.report import Matrix, read_json
from stream.faults.row import Row, Stand, Tell, run_row
from stream.run.children import Child
from stream.settings import Kafka, Settings
from stream.walk import detectors_of

_LOOK_SECONDS = 0.5  # at what the others have written
_KEPT = 2  # materials remembered: one seed has perhaps two lengths


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done.

    harms  their names, in order
    seeds  each harm is done once with each; consecutive
    jobs   rows side by side, each with brokers of its own
    keeps_logs  of clean rows too
    """

    harms: tuple[str, ...]
    seeds: tuple[int, ...]
    jobs: int = 1
    keeps_logs: bool = False


def harms() -> dict[str, Harm]:
    """All harms by name, family after family as their files are called."""
    modules = [import_module(f"{rows.__name__}.{found.name}") for found in pkgutil.iter_modules(rows.__path__)]
    every = [harm for module in modules for harm in module.HARMS]
    return {harm.name: harm for harm in every}


def run(plan: Plan, matrix: Matrix, folder: Path, tell: Tell, on_row: Callable[[Row], None]) -> None:
    """Do every row and add it to ``matrix``; ``on_row`` is told after each.

    folder  for brokers and logs; those of rows that are not clean stay there
    Raises WeirError where rows could not be begun at all.
    """
    every = harms()
    matrix.not_run = {name: why for name in plan.harms if (why := every[name].lacks())}
    wanted = [every[name] for name in plan.harms if name not in matrix.not_run]

    def add(row: Row) -> None:
        matrix.rows.append(row)
        on_row(row)

    if plan.jobs > 1 and len(wanted) > 1:
        _side_by_side(wanted, plan, folder, tell, add)
        matrix.rows.sort(key=lambda row: (plan.harms.index(row.harm), row.seed))
    else:
        _in_turn(wanted, plan, folder, tell, add)


def _in_turn(wanted: Sequence[Harm], plan: Plan, folder: Path, tell: Tell, add: Callable[[Row], None]) -> None:
    stand = Stand(
        material=lru_cache(maxsize=_KEPT)(lambda count, seed: mixed(count, partitions=Kafka().partitions, seed=seed)),
        detectors=detectors_of(Settings(alerts=ALERTS)),
        folder=folder,
        tell=tell,
        keeps_logs=plan.keeps_logs,
    )
    shared: dict[object, Ground] = {}
    with ExitStack() as all_along:
        for seed in plan.seeds:
            for harm in wanted:
                with ExitStack() as for_this:
                    ground = shared.get(harm.setup.ground) if harm.setup.is_shared else None
                    if ground is None:
                        tell(f"{harm.name}, seed {seed}", "brokers start")
                        stack = all_along if harm.setup.is_shared else for_this
                        ground = stack.enter_context(harm.setup.ground(_new_folder(folder)))
                    if harm.setup.is_shared:
                        shared[harm.setup.ground] = ground
                    add(run_row(harm, seed, ground, stand))


def _new_folder(folder: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="ground-", dir=folder))


def _side_by_side(wanted: Sequence[Harm], plan: Plan, folder: Path, tell: Tell, add: Callable[[Row], None]) -> None:
    """Deal the harms out to as many processes as there are jobs, longest first, and take in what each writes."""
    dealt = sorted(wanted, key=lambda harm: -harm.setup.seconds)
    parts = [part for job in range(plan.jobs) if (part := dealt[job :: plan.jobs])]
    with ExitStack() as stack:
        jobs = []
        for number, part in enumerate(parts):
            report = folder / f"job-{number}.json"
            child = Child.start(f"job-{number}", _arguments(part, plan, report), folder=folder, environment={})
            stack.callback(child.stop)
            jobs.append((child, report))
        taken = [0] * len(jobs)
        is_over = False
        while not is_over:
            is_over = all(child.ended() is not None for child, _ in jobs)
            for number, (child, report) in enumerate(jobs):
                rows = read_json(report).rows if report.exists() else []
                for row in rows[taken[number] :]:
                    add(row)
                taken[number] = len(rows)
                tell(f"job {number + 1} of {len(jobs)}", f"{taken[number]} of {len(parts[number]) * len(plan.seeds)}")
                if child.ended() not in (None, 0) and taken[number] < len(parts[number]) * len(plan.seeds):
                    raise WeirError(f"{child.name} ended with status {child.ended()}; its log: {child.log}")
            time.sleep(_LOOK_SECONDS)


def _arguments(part: Sequence[Harm], plan: Plan, report: Path) -> list[str]:
    names = [argument for harm in part for argument in ("--only", harm.name)]
    seeds = ["--seeds", str(len(plan.seeds)), "--first-seed", str(plan.seeds[0])]
    logs = ["--folder", str(report.parent)]  # ours: what is kept there goes with it
    return ["faults", *names, *seeds, "--json", str(report), *logs]
