"""The pages of 60 clinics and 20,000 courses: CPU and wall seconds, and the largest file. Exits with 1 beyond what is promised."""

from __future__ import annotations

import datetime as dt
import json
import sys
import tempfile
import time
from pathlib import Path

from outcomes.nights import run_night
from outcomes.pages.writing import write_pages
from outcomes.paths import Home
from outcomes.sample import make_sample

CLINICS, COURSES = 60, 20_000
MOST_SECONDS, MOST_BYTES = 60, 1_500_000

with tempfile.TemporaryDirectory() as folder:
    made, home = Path(folder) / "made", Home(Path(folder) / "home")
    make_sample(made, clinics=CLINICS, courses=COURSES, seed=1, bad=False)
    first = json.loads((made / "truth.json").read_text("utf-8"))["nights"]["first"]
    home.make()
    for path in (made / first["folder"]).iterdir():
        path.rename(home.inbox / path.name)
    (made / "clinics.toml").rename(home.clinics)
    run_night(home, dt.date.fromisoformat(first["as_of"]))
    # Else they lie there as they would come out, and are not made.
    home.pages_made.unlink()
    cpu, wall = time.process_time(), time.monotonic()
    write_pages(home)
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    sizes = [path.stat().st_size for path in [*home.reports.iterdir(), *home.review.iterdir()]]
    print(f"{len(sizes)} pages and review lists of {CLINICS} clinics and {COURSES:,} courses: {cpu:.1f} s of CPU, {wall:.1f} s in all; the largest {max(sizes):,} bytes")  # fmt: skip
    sys.exit(wall > MOST_SECONDS or max(sizes) > MOST_BYTES)
