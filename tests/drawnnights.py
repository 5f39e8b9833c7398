"""Nights with drawn patients, for releases: each patient has one whole course and is due on the day of the night.

Six infusions on days 0, 3, 7, 10, 14 and 17, so that the window is days 31 to 48 and the course due from day 55 on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from outcomes.nights import run_night
from outcomes.paths import Home

ITEMS = ",".join(f"item_{n}" for n in range(1, 10))
HEADER = f"clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint,total,status,extract_day,{ITEMS}"
DAYS = (0, 3, 7, 10, 14, 17)
DUE = 55


def course(
    patient: str,
    after: int | None,
    *,
    clinic: str = "C01",
    extract: int | None = 60,
    before: int = 20,
    status: str = "",
) -> list[str]:
    """The rows of a patient with a total of `before` at baseline and of `after` on day 37, or without that one."""
    told = "" if extract is None else extract
    rows = [
        f"{clinic},{patient},{n},{day},pre_infusion,{before if n == 1 else ''},,{told}" for n, day in enumerate(DAYS, 1)
    ]
    return rows if after is None else [*rows, f"{clinic},{patient},,37,follow_up,{after},{status},{told}"]


def courses(names: Iterable[str], met: int, **more: str) -> list[str]:
    """Whole courses: the first `met` of them with a response."""
    return [row for n, name in enumerate(names) for row in course(name, 8 if n < met else 18, **more)]


def people(start: str, count: int) -> list[str]:
    return [f"{start}{n}" for n in range(1, count + 1)]


def night(home: Home, as_of: str, rows: Iterable[str] = (), clinics: Iterable[str] = ("C01", "C02", "C03")) -> None:
    """A night with one file of these rows, from clinics that send every infusion."""
    home.make()
    if not home.clinics.exists():
        entries = (f'[clinics."{c}"]\nsends_every_infusion = true\nconfirmed = true\n' for c in clinics)
        home.clinics.write_text("\n".join(entries))
    body = "\n".join(f"{row},,,,,,,,," for row in rows)
    if body:
        (home.inbox / "scores.csv").write_text(f"{HEADER}\n{body}\n")
    run_night(home, dt.date.fromisoformat(as_of))


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
