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
from measuring import measured, median, script

UNGATED = """
import sys
from outcomes import checking, reading
from outcomes.cli import main
off = {
    reading: {"_is_odd_code": None, "kind_of_identifier": None, "kind_in_pseudonym": None},
    checking: {"identifier_in_ragged": None, "odd_codings": {}, "mostly_bad": {}},
}
for module, names in off.items():
    for name, answer in names.items():
        assert callable(getattr(module, name)), name
        setattr(module, name, lambda *_, answer=answer: answer)
main(sys.argv[1:])
"""

with tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch)
    script("inputs", folder / "in", COPY_ROWS)
    source, clinics = folder / "in" / f"rows-{COPY_ROWS}.csv", folder / "in" / "clinics.toml"
    gated, ungated = [], []
    for _ in range(3):
        gated.append(night(home_with(folder / "home", clinics, [source]), COPY_ROWS))
        home = home_with(folder / "home", clinics, [source])
        command = [
            sys.executable,
            "-c",
            UNGATED,
            "nightly",
            "--no-prefect",
            "--quiet",
            "--as-of",
            AS_OF,
            "--home",
            home,
        ]
        ungated.append(measured(command))
    share = 1 - median(ungated) / median(gated)
    print(f"Of a first load of {COPY_ROWS:,} clean rows, the search for identifiers and for files coded otherwise: {share:.2f} of the CPU; no row refused")  # fmt: skip
