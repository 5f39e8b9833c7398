"""Homes whose clinics are unlike each other, and the pages made of them: once a session, and only read."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from outcomes.exporting import export
from outcomes.pages.asking import NETWORK, SHARED, asked
from outcomes.pages.making import shared_page_of
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from schemas.scores import ITEMS
from tests import nightly
from tests.conftest import FIRST, copied, made
from tests.spec.test_freshness import Drawn

HEAD = f"clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint,{','.join(ITEMS)},total"
SCRIPT = '<script>alert(1)</script>" onload="x & {{ 7*7 }} </style>'
# Written from right to left, with signs that would turn the text around it.
TURNED = "عيادة \u202eالكيتامين\u202c"
# Rows that a rule set aside in the last night but one and in the last: new, still failing, fixed, and no row left to check.
RULES_FAILED = {"item_range": (0, 4), "day_range": (3, 5), "drug_unknown": (2, 0), "total_range": (1, 0)}
CLINICS = f"""
[clinics.FIVE]
[clinics.EARLY]
[clinics.GONE]
[clinics.NOTHING]
[clinics.C01]
name = "Harbor"
drug = "ketamine_iv"
sends_every_infusion = true
confirmed = true
[clinics."Z-.._x"]
name = '{SCRIPT}'
[clinics.RIGHT]
name = '{TURNED}'
[clinics.LONG]
name = '{"W" * 300}'
"""


def forms(clinic: str, patients: int, *, endpoint_day: int | None = 40, first: str = "P-") -> list[str]:
    """Courses of six infusions in 15 days, a score before each, and one on `endpoint_day`."""
    rows = []
    for patient in range(patients):
        for number, day in enumerate([0, 3, 6, 9, 12, 15], start=1):
            items = [2 if number == 1 else max(0, 2 - number // 2 + patient % 2)] * 9
            rows.append(form(clinic, f"{first}{patient:03}", number, day, "pre_infusion", items))
        if endpoint_day is not None:
            rows.append(form(clinic, f"{first}{patient:03}", None, endpoint_day, "follow_up", [patient % 3] * 9))
    return rows


def form(clinic: str, patient: str, number: int | None, day: int, timepoint: str, items: list[int]) -> str:
    cells = [clinic, patient, number, day, timepoint, *items, None]
    return ",".join("" if cell is None else str(cell) for cell in cells)


def file(rows: list[str]) -> bytes:
    return "\n".join([HEAD, *rows, ""]).encode()


@pytest.fixture(scope="session")
def odd(tmp_path_factory) -> Home:
    """An ordinary clinic (C01); five patients; no endpoint yet; every course missing; nothing sent; hostile names and codes."""
    folder = tmp_path_factory.mktemp("odd")
    ordinary = made(folder / "ordinary", 1, 90, 7, bad=False)
    home = Home(folder / "home")
    home.make()
    home.clinics.write_text(CLINICS, "utf-8")
    nightly.night(
        home,
        {
            "five.csv": file(forms("FIVE", 5)),
            "gone.csv": file(forms("GONE", 12, endpoint_day=None)),
            # A code that no pattern takes is set aside with its rows.
            "hostile.csv": file([*forms("Z-.._x", 4, first="<b>"), *forms("Z-.._x", 40, first="Q-")]),
        },
        dt.date(2025, 6, 1),
    )
    # GONE: followed long enough by a later row of no use, so that all are due, and nothing is there.
    later = [form("GONE", f"P-{patient:03}", 7, 400, "pre_infusion", [1] * 9) for patient in range(12)]
    ordinary.send(FIRST, home)
    nightly.night(home, {"early.csv": file(forms("EARLY", 12, endpoint_day=None)), "later.csv": file(later)})
    return home


@pytest.fixture(scope="session")
def sixty(tmp_path_factory) -> Home:
    """Sixty clinics of a few courses each."""
    folder = tmp_path_factory.mktemp("sixty")
    home = Home(folder / "home")
    made(folder / "sample", 60, 240, 5, bad=False).run(FIRST, home)
    return home


@pytest.fixture(scope="session")
def edition(after_later, tmp_path_factory) -> Home:
    """The sample's home after both nights, with an edition that is shared."""
    home = copied(after_later, tmp_path_factory.mktemp("edition") / "home")
    export(home, home.root / "edition", None)
    return home


@pytest.fixture(scope="session")
def shared_pages(edition) -> dict[str, str]:
    """The page for sharing of each clinic, and of all."""
    with opened(edition) as con:
        book = asked(con, SHARED)
    return {clinic: shared_page_of(book, clinic) for clinic in [NETWORK, *book.clinics]}


def pages(home: Home) -> dict[str, str]:
    """The pages that the last night left."""
    return {path.name: path.read_text("utf-8") for path in sorted(home.reports.iterdir())}


@pytest.fixture(scope="session")
def uneven(after_first, tmp_path_factory) -> Home:
    """A published copy with six nights more, drawn into it: C02 sends no more, SILENT never did, C03 sends ten times as much as
    usual in the last, and a quarter of it without a total; and rules of each standing."""
    home = copied(after_first, tmp_path_factory.mktemp("uneven") / "home")
    home.published_copy.chmod(0o600)
    with duckdb.connect(str(home.published_copy)) as con:
        drawn = Drawn(con)
        con.execute("DELETE FROM rule_count")
        drawn.clinic("SILENT", 90_001, 47)
        con.execute("INSERT INTO clinic_cadence VALUES ('C02', 7)")
        ((patient,),) = con.execute("SELECT min(patient_no) FROM patient WHERE clinic_id = 'C03'").fetchall()
        for week in range(6):
            # After the sample's one night.
            night, day, first, is_last = 2 + week, 70 + 7 * week, 90_000 + week, week == 5
            drawn.night(night, day)
            drawn.file(first, night, day, patient, rows=60 if is_last else 6, without=15 if is_last else 0)
            for rule, failed in RULES_FAILED.items():
                values = [
                    night,
                    first,
                    first,
                    rule,
                    0 if rule == "total_range" and is_last else 36,
                    failed[max(0, week - 4)],
                ]
                con.execute("INSERT INTO rule_count VALUES (?, ?, ?, 'scores', ?, ?, ?)", values)
    home.published_copy.chmod(0o400)
    return home
