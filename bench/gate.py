"""What of a first load's CPU is the search for identifiers and for files coded otherwise: nights with it and without, in turn.

The patterns of codes are left out with them, so that the search seems to cost rather more than less than it does. Every row
is clean, and none may be refused or set aside.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from homes import AS_OF, home_with, night
from inputs import COPY_ROWS
from measuring import HERE, OUTCOMES, measured, median, script

NIGHT = ("nightly", "--no-prefect", "--quiet", "--as-of", AS_OF, "--home")

with tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch)
    script("inputs", folder / "in", COPY_ROWS)
    source, clinics = folder / "in" / f"rows-{COPY_ROWS}.csv", folder / "in" / "clinics.toml"
    night(home_with(folder / "home", clinics, [source]), COPY_ROWS)  # all of them are taken
    gated, ungated = [], []
    for _ in range(3):
        gated.append(measured([OUTCOMES, *NIGHT, home_with(folder / "home", clinics, [source])]))
        home = home_with(folder / "home", clinics, [source])
        ungated.append(measured([sys.executable, HERE / "ungated.py", *NIGHT, home]))
    share = 1 - median(ungated) / median(gated)
    print(f"Of a first load of {COPY_ROWS:,} clean rows, the search for identifiers and for files coded otherwise: {share:.1%} of the CPU; no row refused")  # fmt: skip
