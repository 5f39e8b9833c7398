"""Any bytes at the door: whatever a file holds it is judged, every row has one fate, and it is judged alike in any company.

A few hundred examples run with the other tests; `make fuzz` draws 10,000, from another place with `make fuzz SEED=2`.
"""

from __future__ import annotations

import csv
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outcomes.checking import Judged, judge
from schemas.clinics import Clinics, read_clinics
from schemas.reasons import SENTENCES
from tests import test_patients
from tests.test_door import other, packed, row, stored, written
from tests.test_fhir import ANSWERS, bundle, form, observed, relative, sdc, us_core
from tests.test_formats import SHEET, STARTS, array, arrow, lines_of, numbers, part, sheets, zipped
from tests.test_profiles import DATES, DATES_HEAD, EVENTS, EVENTS_HEAD

Table = list[list[str]]
FHIR = """
[clinics.C03]
limited_data_set = true
[clinics.C03.profiles.fhir]
version = 1
confirmed = true
[clinics.C03.profiles.fhir.columns]
patient_id = "patient_id"
total = "total"
status = "status"
{items}
[clinics.C03.profiles.fhir.constants]
timepoint = "follow_up"
infusion_number = ""
"""
DAYS_OR_DATES = ('days_since_first_infusion = "days_since_first_infusion"\n', "")
BY_DATE = '[clinics.C03.profiles.dated.dates.days_since_first_infusion]\ncolumn = "authored"\n'


@lru_cache
def clinics() -> Clinics:
    """C01 with a profile of events, C02 with one of dates, C03 with two of FHIR; C02 and C03 may send dates."""
    own = FHIR.format(items="\n".join(f'item_{n} = "item_{n}"' for n in range(1, 10)))
    days = own.replace('patient_id = "patient_id"\n', 'patient_id = "patient_id"\n' + DAYS_OR_DATES[0])
    dated = own[own.index("[clinics.C03.profiles") :].replace("profiles.fhir", "profiles.dated") + BY_DATE
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clinics.toml"
        path.write_text(EVENTS + DATES.replace("C01", "C02") + days + dated)
        return read_clinics(path)


# ---- files that are good, and how to write them anew ------------------------------------------------------------


def as_table(text: str) -> tuple[list[str], Table]:
    """Header and cells of a text with commas, as wide as the header; a name that is there twice is numbered."""
    lines = [line for line in csv.reader(io.StringIO(text.replace("\0", ""), newline=""), strict=False) if line]
    lines = lines or [["a"]]
    names = [name if name not in lines[0][:at] else f"{name}{at}" for at, name in enumerate(lines[0])]
    return names, [(line + [""] * len(names))[: len(names)] for line in lines[1:]]


def as_frame(text: str) -> pl.DataFrame:
    names, rows = as_table(text)
    return pl.DataFrame(rows, dict.fromkeys(names, pl.String), orient="row")


def as_records(text: str) -> list[dict[str, Any]]:
    """Records with numbers as numbers; an empty cell is null."""
    names, rows = as_table(text)
    return [numbers(dict(zip(names, cells, strict=True))) for cells in rows]


def as_excel(text: str) -> bytes:
    names, rows = as_table(text)
    # A leading = would be a formula, which the writer and not the reader judges.
    return sheets({"scores": [[cell.lstrip("={").strip() or None for cell in line][:40] for line in [names, *rows]]})


WORKBOOK_PARTS = (SHEET, "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml")


def part_of(workbook: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return archive.read(name)


def within(workbook: bytes, name: str, text: str) -> bytes:
    """A workbook with one of its files written otherwise."""
    return part(workbook, name, lambda _: text)


def text_of(data: bytes) -> str:
    return data.decode("utf-8", "replace")


PLAIN = text_of(
    written(
        row(), other(), other(patient_id="P-3", total="", item_2=""), other(timepoint="after"), other(item_1="4"), ""
    )
)
EVENTS_FILE = f"{EVENTS_HEAD}\nP-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9\nP-1,infusion_1_arm_1,2,12,2,2,2,2,2,2,2,2,2,\nP-2,week_4_arm_1,2,12,2,2,2,2,2,2,2,2,2,18\n"
DATES_FILE = f"{DATES_HEAD}\nP-1,1,before,17/03/2024,,2024-03-17,1,2,3,4,4,3,2,1,88\nP-1,2,before,24/03/2024,,2024-03-24,1,2,3,4,4,3,2,1,88\nP-2,2,before,24/03/2024,x,,1,1,1,1,1,1,1,1,1\n"
ISO_FILE = text_of(
    written(
        *(
            row(clinic_id="C02", infusion_number=str(n), days_since_first_infusion=f"2024-03-{10 + n}")
            for n in (1, 2, 3)
        )
    )
)
DAYS = form(us_core(ANSWERS), _authored=relative(14))
del DAYS["authored"]
FORMS = [form(us_core(ANSWERS)), sdc(ANSWERS, 10), observed("44261-6", {"valueInteger": 10})]


def fhir(*resources: Any) -> str:
    return text_of(lines_of(*resources))


@dataclass(frozen=True)
class Seed:
    """A good file: its text, and how its bytes are made of it."""

    text: str
    made: Callable[[str], bytes] = str.encode


SEEDS: dict[str, list[Seed]] = {
    "text": [
        Seed(PLAIN), Seed(PLAIN.replace(",", ";")), Seed(PLAIN.replace(",", "\t")), Seed(PLAIN.replace("\n", "\r\n")),
        Seed(PLAIN.replace("P-001", '"P-001"').replace("pre_infusion", '"pre_infusion"')),
        Seed(PLAIN, lambda text: text.encode("utf-16")), Seed(PLAIN, lambda text: b"\xef\xbb\xbf" + text.encode()),
        Seed(PLAIN, lambda text: packed(text.encode())), Seed(PLAIN, lambda text: zipped(("a", text.encode()))),
        Seed(EVENTS_FILE), Seed(DATES_FILE), Seed(ISO_FILE),
        Seed(test_patients.csv(test_patients.GOOD, test_patients.GOOD | {"patient_id": "P-2", "sex": "f"}).decode()),
    ],
    "typed": [
        Seed(PLAIN, as_excel), Seed(DATES_FILE, as_excel),
        *(Seed(text_of(part_of(as_excel(PLAIN), name)), partial(within, as_excel(PLAIN), name)) for name in WORKBOOK_PARTS),
        Seed(PLAIN, lambda text: zipped(("a", as_excel(text)))),
        Seed(PLAIN, lambda text: stored(as_frame(text))), Seed(DATES_FILE, lambda text: stored(as_frame(text))),
        Seed(EVENTS_FILE, lambda text: arrow(as_frame(text))), Seed(PLAIN, lambda text: arrow(as_frame(text), stream=True)),
    ],
    "json": [
        Seed(text_of(lines_of(*as_records(PLAIN)))), Seed(text_of(array(*as_records(PLAIN), indent=1))),
        Seed(PLAIN, lambda text: lines_of(*as_records(text))), Seed(DATES_FILE, lambda text: array(*as_records(text))),
        Seed(EVENTS_FILE, lambda text: packed(lines_of(*as_records(text)))),
    ],
    "fhir": [
        Seed(fhir(*FORMS)), Seed(fhir(bundle(*FORMS))), Seed(fhir(DAYS)), Seed(fhir(DAYS, DAYS)),
        Seed(fhir(bundle(DAYS)), lambda text: zipped(("a", text.encode()))),
    ],
}  # fmt: skip

# ---- what may happen to them ------------------------------------------------------------------------------------

CELLS = [
    "", " ", "0", "3", "4", "9", "-1", "1.0", "1e3", "NaN", "99999999999999999999", "P-001", "C01", "C02", "C03", "follow_up", "2024-03-17", "17/03/2024",
    "31.02.2024", "45368", "Zebulon Quartermain", "078-05-1120", "a@b.example", "null", "true", "{}", "[]", '"x"', '"a""b"', '"', "\u00e9\u2028", "٣", "=1+1",
    "item_1", "x" * 600, "baseline_arm_1", "corrected", "retracted", "LA6568-5", "Patient/P-001", "\\ud800",
]  # fmt: skip
BETWEEN_CELLS = set(',;\t\n|":<>{}[]')
PIECES = [
    ",",
    ";",
    "\t",
    '"',
    "\n",
    "\r",
    "\r\n",
    "|",
    "\0",
    " ",
    "'",
    "{",
    "}",
    "[",
    "]",
    "#",
    "\ufeff",
    '""',
    "\n\n",
    "<",
    "/>",
    "\x1a",
]
PLACES = st.integers(0, 9_999).map(lambda place: place / 10_000)
TEXT_CHANGES = st.lists(
    st.one_of(
        st.tuples(st.just("cell"), PLACES, st.sampled_from(CELLS)),
        st.tuples(st.just("cell"), PLACES, st.sampled_from(CELLS)),
        st.tuples(st.just("put"), PLACES, st.sampled_from(PIECES)),
        st.tuples(st.sampled_from(["line twice", "line out", "lines swapped", "line to the end"]), PLACES, st.just("")),
        st.tuples(st.just("cut"), PLACES, st.just("")),
    ),
    max_size=4,
)
BYTE_CHANGES = st.lists(
    st.tuples(st.sampled_from(["flip", "out", "in", "cut", "large"]), PLACES, st.integers(0, 255)), max_size=3
)


def text_changed(text: str, changes: Iterable[tuple[str, float, str]]) -> str:
    """With a cell written otherwise, something put in, or lines repeated, lost, moved."""
    for how, place, said in changes:
        # The root: more often behind the header than in it, for a wrong header ends the reading.
        at = int(place**0.5 * len(text))
        lines = text.split("\n")
        line = int(place**0.5 * len(lines))
        if how == "cell":
            start = next((n + 1 for n in range(at - 1, -1, -1) if text[n] in BETWEEN_CELLS), 0)
            end = next((n for n in range(at, len(text)) if text[n] in BETWEEN_CELLS), len(text))
            text = text[:start] + said + text[end:]
        elif how == "put":
            text = text[:at] + said + text[at:]
        elif how == "cut":
            text = text[:at]
        else:
            if how == "line twice":
                lines.insert(line, lines[line])
            elif how == "line to the end":
                lines.append(lines[line])
            elif how == "line out":
                del lines[line]
            else:
                lines[line - 1], lines[line] = lines[line], lines[line - 1]
            text = "\n".join(lines)
    return text


def bytes_changed(data: bytes, changes: Iterable[tuple[str, float, int]]) -> bytes:
    """With bytes flipped, lost, put in, cut off, or a large number among them."""
    for how, place, number in changes:
        at = int(place * len(data))
        if how == "flip" and data:
            data = data[:at] + bytes([data[at] ^ (number or 1)]) + data[at + 1 :]
        elif how == "out":
            data = data[:at] + data[at + 1 + number % 9 :]
        elif how == "in":
            data = data[:at] + bytes([number]) * (1 + number % 3) + data[at:]
        elif how == "large":
            data = data[:at] + (2 ** (number % 64) - 1).to_bytes(8, "little") + data[at + 8 :]
        elif how == "cut":
            data = data[:at]
    return data


@st.composite
def damaged(draw: st.DrawFn, kind: str) -> bytes:
    """A good file of a kind, with something done to its text, to its bytes, or to both."""
    seed = draw(st.sampled_from(SEEDS[kind]))
    text = text_changed(seed.text, draw(TEXT_CHANGES))
    try:
        data = seed.made(text)
    except (ValueError, OverflowError, csv.Error, pl.exceptions.PolarsError):
        # The writer would not write that: then as text.
        data = text.encode("utf-8", "replace")
    return bytes_changed(data, draw(BYTE_CHANGES)) if draw(st.sampled_from([False, False, True])) else data


HEADS = [*STARTS, *(seed.text.split("\n")[0].encode() + b"\n" for seed in SEEDS["text"]), b""]
ANY_BYTES = st.builds(
    lambda start, data: start + data,
    st.sampled_from(HEADS),
    st.one_of(st.binary(max_size=300), st.lists(st.sampled_from([*CELLS, *PIECES]), max_size=60).map(lambda all: "".join(all).encode("utf-8", "replace"))),
)  # fmt: skip
KINDS = {"any": ANY_BYTES} | {kind: damaged(kind) for kind in SEEDS}


# ---- what must hold ---------------------------------------------------------------------------------------------


def said_of(judged: Judged, file: int) -> tuple[Any, ...]:
    """All that was said of one file, and its good rows."""
    error = judged.refused.get(file)
    rows = {feed: good.frame().filter(pl.col("file") == file).drop("file") for feed, good in judged.good.items()}
    return (
        judged.formats[file], judged.feeds[file], judged.profiles[file], judged.rows_read[file], judged.blank[file],
        error and (error.reason_code, error.column_no, error.line, error.kind),
        {feed: good.rows() for feed, good in rows.items() if good.height},
        *(frame.filter(pl.col("file") == file).drop("file").rows() for frame in (judged.reasons, judged.notes)),
    )  # fmt: skip


def reconciles(judged: Judged, file: int) -> None:
    """Rows read are good, set aside or blank; a refused file has none, and a reason with a sentence."""
    good = [
        line
        for rows in judged.good.values()
        for line in rows.frame().filter(pl.col("file") == file)["line"].to_list()
    ]  # fmt: skip
    reasons = judged.reasons.filter(pl.col("file") == file)
    bad = set(reasons["line"].to_list())
    assert len(set(good)) == len(good), "a line is one row"
    assert not set(good) & bad
    assert judged.rows_read[file] == len(good) + len(bad) + judged.blank[file]
    assert set(reasons["reason_code"]) <= set(SENTENCES)
    if file in judged.refused:
        assert judged.rows_read[file] == 0
        assert judged.refused[file].reason_code in SENTENCES


def holds(files: list[bytes]) -> None:
    """Every file of a batch reconciles, and is judged as it is alone and as when it comes a second time."""
    together = judge([*files, files[0]], clinics())
    for number in range(len(files) + 1):
        reconciles(together, number)
    assert said_of(together, len(files)) == said_of(together, 0)
    for number, data in enumerate(files):
        assert said_of(judge([data], clinics()), 0) == said_of(together, number), number


def few(examples: int) -> settings:
    return settings(max_examples=examples, derandomize=True, deadline=None, database=None)


def many(examples: int) -> settings:
    """Drawn by the seed on the command line: `make fuzz SEED=2` looks elsewhere."""
    return settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))


def test_the_good_files_are_good() -> None:
    """What is damaged below is taken before that, by the contract's columns or by a profile of each clinic."""
    files = [seed.made(seed.text) for seeds in SEEDS.values() for seed in seeds]
    judged = judge(files, clinics())
    assert set(judged.formats) >= {"csv", "csv.gz", "csv.zip", "xlsx", "xlsx.zip", "parquet", "arrow", "ndjson", "json", "fhir", "fhir.ndjson", "ndjson.gz"}  # fmt: skip
    assert {profile.split("/")[0] for profile in judged.profiles} == {"", "C01", "C02", "C03"}
    assert {number: vars(error) for number, error in judged.refused.items()} == {}
    assert all(read for read in judged.rows_read)


@few(80)
@given(st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_comes_is_judged(kind: str, data: st.DataObject) -> None:
    holds(data.draw(st.lists(KINDS[kind], min_size=1, max_size=2)))


@few(60)
@given(st.lists(st.one_of(*KINDS.values()), min_size=2, max_size=4))
def test_files_of_all_kinds_in_one_batch_are_judged_as_alone(files: list[bytes]) -> None:
    holds(files)


@pytest.mark.nightly
@many(1_800)
@given(st.data())
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_comes_is_judged_every_night(kind: str, data: st.DataObject) -> None:
    holds([data.draw(KINDS[kind])])


@pytest.mark.nightly
@many(1_000)
@given(st.lists(st.one_of(*KINDS.values()), min_size=2, max_size=4))
def test_files_of_all_kinds_in_one_batch_are_judged_as_alone_every_night(files: list[bytes]) -> None:
    holds(files)
