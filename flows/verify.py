"""The verify flow: one task. A difference fails the run, in words that name checks and nothing else."""

from __future__ import annotations

from pathlib import Path

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from outcomes.errors import OutcomesError
from outcomes.nights import run_step
from outcomes.paths import Home
from outcomes.verifying import verify as verify_home
from outcomes.verifying.checks import DIFFERS


@task(name="verify", cache_policy=NO_CACHE, persist_result=False)
def _verify(home: Path, from_archive: bool) -> None:
    said = run_step("verify", lambda place, progress: verify_home(place, from_archive=from_archive), Home(home))
    differing = [check.name for check in said.checks if check.result == DIFFERS]
    if differing:
        raise OutcomesError(f"Not as it was: {', '.join(differing)}. Run outcomes verify for where.")
    if said.unfinished:
        raise OutcomesError(said.unfinished)


@flow(name="verify", persist_result=False, validate_parameters=False)
def verify(home: str, from_archive: bool = False) -> None:
    """Every check of a home; with `from_archive` the archive is read again too."""
    _verify(Path(home), from_archive)
