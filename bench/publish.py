"""Publishing a home's warehouse, and `cp` of the same file to the same folder with an fsync behind it, in turn: wall seconds.

`publish.py HOME TIMES` prints the seconds of each. Most of both is the disk's, so it is wall time and not CPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from outcomes.lasting import sync
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy


def main(home: Home, times: int) -> None:
    """Time both, in turn."""
    copy = home.published / "bench.copy"
    seconds: dict[str, list[float]] = {"cp": [], "cp_and_fsync": [], "publish": []}
    for _ in range(times):
        copy.unlink(missing_ok=True)
        start = time.monotonic()
        subprocess.run(["cp", home.warehouse, copy], check=True)
        seconds["cp"].append(time.monotonic() - start)
        sync(copy)
        seconds["cp_and_fsync"].append(time.monotonic() - start)
        start = time.monotonic()
        publish_copy(home)
        seconds["publish"].append(time.monotonic() - start)
    copy.unlink()
    print(json.dumps({"bytes": home.warehouse.stat().st_size, **seconds}))


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])), int(sys.argv[2]))
