"""Pages of known clinics, as they were when a person last read them: tests/pages/golden/ has what each says, and its digest.

After a change that is meant: `PAGES_GOLDEN=write python -m pytest tests/pages/test_page_golden.py`, and read the diff.
"""

from __future__ import annotations

import os

import pytest

from outcomes.pages.asking import NETWORK, asked
from outcomes.pages.making import page_of
from outcomes.publishedcopy import opened
from tests.pages.conftest import pages
from tests.pages.golden import FOLDER, said

CLINICS = {"ordinary": "C01", "five": "FIVE", "no_endpoint": "EARLY", "all_missing": "GONE", "nothing": "NOTHING", "hostile": "Z-.._x", "right_to_left": "RIGHT", "long_name": "LONG"}  # fmt: skip
KINDS = [*CLINICS, "sixty", "uneven", "shared", "review"]


@pytest.fixture(scope="module")
def found(odd, sixty, uneven, shared_pages) -> dict[str, str]:
    inside = pages(odd)
    with opened(uneven) as con:
        uneven_book = asked(con)
    return {
        **{kind: inside[f"clinic-{clinic}.html"] for kind, clinic in CLINICS.items()},
        "sixty": pages(sixty)["index.html"],
        "uneven": page_of(uneven_book, NETWORK),
        "shared": shared_pages[NETWORK],
        "review": (odd.review / "C01.html").read_text("utf-8"),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_is_as_it_was_when_a_person_last_read_it(kind, found):
    now, path = said(found[kind], is_whole=kind == "ordinary"), FOLDER / f"{kind}.txt"
    if os.environ.get("PAGES_GOLDEN") == "write":
        FOLDER.mkdir(exist_ok=True)
        path.write_text(now, "utf-8")
    then = path.read_text("utf-8")
    # First what is read, so that a failure shows it; then every byte.
    assert now.splitlines()[1:] == then.splitlines()[1:]
    assert now.splitlines()[0] == then.splitlines()[0], "what is read is the same, but not the page: its markup, style or drawing"  # fmt: skip


def test_no_page_is_kept_that_no_test_reads():
    assert {path.stem for path in FOLDER.iterdir()} == set(KINDS)
