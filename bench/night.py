"""One night in this process, by `run_night`: prints what each step cost, CPU and wall seconds, and the peak behind it.

`night.py HOME AS_OF [WARM]`: where a small file is given, a night of another home takes it in first, so that everything is
imported and the night alone is measured, as in a process that runs one night after the other.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


def main(root: Path, as_of: dt.date, warm: list[Path]) -> None:
    """Run the night and print it."""
    # As the command line has them.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
    from outcomes.logs import heard_by
    from outcomes.nights import run_night
    from outcomes.paths import Home

    for path in warm:
        with tempfile.TemporaryDirectory(dir=root.parent) as folder:
            other = Home(Path(folder) / "home")
            other.make()
            shutil.copyfile(path, other.inbox / "warm.csv")
            run_night(other, as_of)
    steps: dict[str, Any] = {}
    at = [time.process_time(), time.monotonic()]

    def heard(line: dict[str, Any]) -> None:
        if line["event"] == "step_ended":
            now = [time.process_time(), time.monotonic()]
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            steps[line["step"]] = [now[0] - at[0], now[1] - at[1], peak]
            at[:] = now

    start = list(at)
    with heard_by(heard):
        summary = run_night(Home(root), as_of)
    cpu, wall = time.process_time() - start[0], time.monotonic() - start[1]
    pages = steps["pages"]
    print(
        json.dumps(
            {
                "cpu": cpu - pages[0], "wall": wall - pages[1], "peak": steps["put_away"][2], "pages_cpu": pages[0], "pages_wall": pages[1],
                "steps": steps, "files": summary.files, "rows": summary.rows,
            }
        )
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), dt.date.fromisoformat(sys.argv[2]), [Path(path) for path in sys.argv[3:]])
