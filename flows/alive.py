"""Which runs of a home are alive: each holds a lock of the kernel on a file of its own for as long as it is.

A process that is killed tells Prefect nothing: its run would be Running for ever and keep the one slot of its deployment, so
that no later run would begin. The kernel lets go of a dead run's lock, and whoever comes next says that it crashed.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from prefect.client.orchestration import get_client
from prefect.runtime import flow_run
from prefect.states import Crashed

from flows.tasks import by_block
from outcomes import notifying
from outcomes.paths import Home


@contextmanager
def alive(home: Home) -> Iterator[None]:
    """Hold the lock of this run for as long as the block lasts; first say of the runs of this home that died that they did.

    Every flow begins here: whatever it writes is for its user alone. Raises nothing: what cannot be written or reached here ends no night.
    """
    os.umask(0o077)
    if not home.root.is_dir():
        yield
        return
    tell_who_died(home)
    path, handle = _runs(home) / str(flow_run.id), None
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Locked before it has its name, so that nobody finds it free while its run is alive.
        aside = path.with_name(f".{path.name}")
        handle = os.open(aside, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.replace(aside, path)
    except OSError:
        pass
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        if handle is not None:
            os.close(handle)


def tell_who_died(home: Home) -> None:
    """Set the runs of this home that died, and that this server knows, to Crashed, and send a notice; each once. Raises nothing."""
    died = 0
    try:
        paths = sorted(_runs(home).iterdir())
    except OSError:
        return
    for path in paths:
        with suppress(Exception), path.open() as handle:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A run that ends takes its file away before it lets go.
            if not path.exists():
                continue
            if not path.name.startswith("."):
                _set_crashed(path.name)
                died += 1
            path.unlink()
    notifying.tell(home, lambda _: notifying.after_death(died), by_block)


def _set_crashed(run: str) -> None:
    """Tell Prefect, unless it knows. Raises where this server does not know the run: it waits for its own."""
    client: Any
    with get_client(sync_client=True) as client:
        found = client.read_flow_run(run)
        if not found.state.is_final():
            client.set_flow_run_state(
                run, Crashed(message="The process of this run is gone. The next night does what it left undone.")
            )


def _runs(home: Home) -> Path:
    return home.prefect / "runs"
