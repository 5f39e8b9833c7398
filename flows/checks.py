"""Reading and checking on Dask: one task a part of a batch, in other processes or on other machines. Only this process stores.

A worker reads the bytes of its part itself, by their hashes: between processes go no bytes of a file, but what was made of
them does, and never in the clear. Nothing of it reaches Prefect or a log.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from contextvars import Context, copy_context
from importlib.util import find_spec
from typing import Any

from flows.tasks import step_task
from outcomes.checking import Judged
from outcomes.errors import OutcomesError
from outcomes.loading import Judging, batches
from outcomes.parting import PART_BYTES, Part, joined, judge_part, part_of
from outcomes.paths import Home
from outcomes.recomputing import clear_scratch
from outcomes.settings import settings_of
from outcomes.store import File
from schemas.clinics import Clinics
from schemas.settings import Check

# So many parts for each worker are handed out before the first of them is stored: that bounds what is held in memory.
_AHEAD = 2
# Nothing of what is under way is written to disk to make room, shown on a page or logged by Dask.
_QUIET = {
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "logging": {"distributed": "critical", "distributed.client": "critical"},
}
_CHECK = step_task("check", judge_part)


def judging_of(home: Home) -> Judging | None:
    """Where a home's files are judged, by its settings; None: in this process. To be called within the flow run.

    Raises OutcomesError where that is Dask and it is not installed.
    """
    how = settings_of(home).check
    if how.runner == "here":
        return None
    if not find_spec("prefect_dask"):
        raise OutcomesError(
            'check.runner is dask, and Dask is not installed. Install it with pip install "outcomes[dask]", or say here.'
        )
    # The run of the flow, without that of the task that will store: Prefect sends a task's own parameters along.
    flow_run = copy_context()

    def judged(home: Home, of_night: list[list[File]], clinics: Clinics | None) -> Generator[Judged]:
        parts = [
            [part_of(home, (file.sha256 for file in files), clinics) for files in batches(batch, PART_BYTES)]
            for batch in of_night
        ]
        if sum(map(len, parts)) < 2:
            # Nothing to share out: a cluster costs seconds.
            yield from (judge_part(part) for of_batch in parts for part in of_batch)
            return
        with _runner(home, how) as runner:
            results = _in_order(runner, flow_run, [part for of_batch in parts for part in of_batch], how)
            for of_batch in parts:
                yield joined([next(results) for _ in of_batch])

    return judged


def _in_order(runner: Any, flow_run: Context, parts: list[Part], how: Check) -> Iterator[Judged]:
    """What became of each part, in their order, while those after it are judged."""
    under_way: deque[Any] = deque()
    left = iter(parts)
    for _ in parts:
        while len(under_way) < _AHEAD * how.workers and (part := next(left, None)):
            # Not in quote(), as elsewhere: Dask takes that for the tuple that it is made of.
            under_way.append(flow_run.run(runner.submit, _CHECK, {"part": part}))
        # Taken out first: what nobody asks for any more, Dask forgets.
        first = under_way.popleft()
        with _in_our_words("A worker of Dask was lost"):
            judged = first.result()
        yield judged


@contextmanager
def _runner(home: Home, how: Check) -> Iterator[Any]:
    """Prefect's runner of tasks on Dask: at the scheduler that the settings name, or on a cluster of its own that ends with it."""
    import dask

    clear_scratch(home)
    home.scratch.mkdir(mode=0o700)
    scratch = str(home.scratch.absolute())
    try:
        # Before Dask's own part is imported, which then sets up its logs.
        with dask.config.set({**_QUIET, "temporary-directory": scratch}):
            from prefect_dask.task_runners import DaskTaskRunner

            # Who we are to a scheduler that others run, and whom we trust, is in Dask's own configuration: distributed.comm.tls.
            with DaskTaskRunner(**({"address": how.address} if how.address else _own(how.workers))) as runner:
                with _in_our_words("Dask could not be started, or did not answer"):
                    assert runner.client, "it begins with whoever asks for it"
                yield runner
    finally:
        clear_scratch(home)


@contextmanager
def _in_our_words(what: str) -> Iterator[None]:
    """Dask's own words name workers, tasks and what they were given."""
    try:
        yield
    except OutcomesError:
        raise
    except Exception as error:
        raise OutcomesError(
            f"{what} ({type(error).__name__}). Nothing is lost: run the night again, or in its own process: "
            "OUTCOMES_CHECK_RUNNER=here outcomes nightly"
        ) from None


def _own(workers: int) -> dict[str, Any]:
    """A cluster for this night alone, on loopback."""
    return {
        "cluster_class": "distributed.LocalCluster",
        "cluster_kwargs": {
            "n_workers": workers,
            "threads_per_worker": 1,
            "processes": True,
            "host": "127.0.0.1",
            "dashboard_address": "127.0.0.1:0",
            # Whoever else is on this machine could have the workers run anything: certificates for this night alone.
            "security": True,
            # No limit, and nothing is spilt to disk: _AHEAD bounds what is under way.
            "memory_limit": 0,
            "silence_logs": logging.CRITICAL,
            "env": {"POLARS_MAX_THREADS": "1"},
        },
    }
