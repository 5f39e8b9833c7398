"""Prefect's share of a night: the same night with it and without it, in turn, on a server that is running.

`prefects.py SCRATCH AS_OF WITH WITHOUT ...`: pairs of homes, all copies of one. Prints wall and CPU seconds of each command, and
how many task runs a night is to the server.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from pathlib import Path

from measuring import OUTCOMES, measured

from flows.ownserver import OwnServer


def main(scratch: Path, as_of: str, homes: list[str]) -> None:
    """Start a server, run the nights, and ask it."""
    os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "PREFECT_HOME": str(scratch)}
    server = OwnServer(scratch)
    flows, plain = [], []
    try:
        server.wait()
        command = [OUTCOMES, "nightly", "--quiet", "--as-of", as_of, "--home"]
        for with_it, without in zip(homes[::2], homes[1::2], strict=True):
            flows.append(measured([*command, with_it], {"PREFECT_API_URL": server.url})[:2])
            plain.append(measured([*command, without, "--no-prefect"])[:2])
        task_runs = _asked(server.url + "/task_runs/count") / len(flows)
    finally:
        server.end()
    print(json.dumps({"task_runs": task_runs, "with": flows, "without": plain}))


def _asked(url: str) -> int:
    """The number that the server answers to an empty filter."""
    request = urllib.request.Request(url, b"{}", {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return int(answer.read())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
