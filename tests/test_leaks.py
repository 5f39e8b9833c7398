"""No identifier gets out: what a refused or set aside cell, header, comment or file name held is written nowhere."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import subprocess
import sys
import traceback
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl
import pytest
import xlsxwriter

from outcomes.checking import judge
from outcomes.cli import main
from outcomes.errors import FileRefusedError, UsageError
from outcomes.paths import Home
from outcomes.proposing import proposed
from outcomes.sources.opening import opened, read_sheet
from outcomes.tables import place
from schemas.clinics import Clinics, read_clinics
from schemas.errors import DataFileError
from schemas.patients import CONTRACT as PATIENTS
from schemas.scores import CONTRACT as SCORES
from tests import test_patients
from tests.nightly import AS_OF, asked, written
from tests.test_door import HEAD, LINE, PLAIN, parquet, row, stored
from tests.test_door import written as csv
from tests.test_fhir import ANSWERS, bundle, form, observed, us_core
from tests.test_formats import array, arrow, book, excel, frame_of, lines_of, typed, zipped

# A value of each kind that HIPAA's Safe Harbor lists, and the words in it that are nobody else's.
CANARIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "name": ("Zebulon Quartermain", ("zebulon", "quartermain")),
    "name, last first": ("Xanthippos, Perpetua", ("xanthippos", "perpetua")),
    "street": ("4711 Wisteria Bogdan Lane", ("wisteria", "bogdan")),
    "postal code": ("90210-7743", ("90210-7743",)),
    "date": ("1961-03-17", ("1961-03-17",)),
    "date, US": ("03/18/1961", ("03/18/1961", "1961-03-18")),
    "date, in words": ("19 Mar 1961", ("19 mar 1961", "1961-03-19")),
    "telephone": ("555-867-5309", ("867-5309",)),
    "fax": ("+1 (555) 867-5310", ("867-5310",)),
    "e-mail": ("z.q1@canary-mail.example", ("canary-mail",)),
    "SSN": ("078-05-1120", ("078-05-1120",)),
    "record number": ("MRN-7730194", ("7730194",)),
    "health plan": ("1EG4-TE5-MK73", ("te5-mk73",)),
    "account": ("acct 99887766554", ("99887766554",)),
    "card": ("4111 1111 1111 1234", ("1111 1234",)),
    "licence": ("DL D0449-88172-CA", ("d0449-88172",)),
    "vehicle": ("VIN 1HGCM82633A004352", ("1hgcm82633a004352",)),
    "device": ("SN QX-88127-ZZ9", ("qx-88127",)),
    "device address": ("02:42:AC:11:00:9F", ("02:42:ac:11:00:9f",)),
    "web address": ("https://canary-site.example/zq", ("canary-site",)),
    "web address, bare": ("www.canary-9host.example", ("canary-9host",)),
    "network address": ("203.0.113.77", ("203.0.113.77",)),
    "photo": ("IMG_0042_canary.jpg", ("img_0042", "0042_canary")),
    "image": ("data:image/png;base64,iVBORw0KGgoCANARY", ("kggocanary",)),
    "hash": ("d41d8cd98f00b204e9800998ecf8427e", ("d41d8cd98f00b204",)),
    "free text": ("he would rather not come again after the blizzardous journey", ("blizzardous",)),
}
# The pseudonym and the unusual cells of a row that is taken: they belong into the store and nowhere else.
ACCEPTED = {"patient_id": "QZX-90417", "dose_mg_per_kg": "17.719", "infusion_minutes": "43"}
ANSWERED = (3, 2, 3, 1, 3, 0, 3, 2, 3)
COMMAND = Path(sys.executable).with_name("outcomes")
PROFILES = """
[clinics.C01]
[clinics.C01.profiles.ehr]
version = 3
confirmed = true
ignored = ["Site remark"]
[clinics.C01.profiles.ehr.columns]
patient_id = "Quartermain code"
{items}
[clinics.C01.profiles.ehr.constants]
total = ""
[clinics.C01.profiles.ehr.codes]
items = {{ "Xanthippos 0" = "0", "Xanthippos 1" = "1", "2" = "2", "3" = "3" }}
[clinics.C01.profiles.ehr.events]
column = "Visit of Zebulon"
[clinics.C01.profiles.ehr.events.rows."Wisteria visit"]
timepoint = "follow_up"
infusion_number = ""
days_since_first_infusion = "30"
[clinics.C02]
limited_data_set = true
[clinics.C02.profiles.dated]
version = 1
confirmed = true
[clinics.C02.profiles.dated.columns]
patient_id = "patient_id"
infusion_number = "infusion"
timepoint = "timepoint"
total = "total"
[clinics.C02.profiles.dated.dates.days_since_first_infusion]
column = "came"
[clinics.C02.profiles.dated.constants]
{none}
""".format(
    items="\n".join(f'item_{n} = "Answer {n}"' for n in range(1, 10)),
    none="\n".join(f'item_{n} = ""' for n in range(1, 10)),
)
BY_EVENT = "Quartermain code,Visit of Zebulon,Site remark," + ",".join(f"Answer {n}" for n in range(1, 10))
REDCAP = "record_id,redcap_event_name,redcap_repeat_instrument,redcap_data_access_group," + ",".join(f"phq9_{n}" for n in range(1, 10))  # fmt: skip


# ---- where each of them is planted ------------------------------------------------------------------------------


def text_files(value: str) -> Iterator[tuple[str, bytes]]:
    """In a text: every column, and around the rows."""
    quoted = '"' + value.replace('"', '""') + '"'
    cell = quoted if "," in value else value
    for contract, good in ((SCORES, PLAIN), (PATIENTS, test_patients.GOOD)):
        columns = [column for column in contract.columns if column in good or contract is SCORES]
        for column in columns:
            cells = [good | {"patient_id": "P-7"} | {column: cell}]
            yield f"{contract.feed} {column}", test_patients.csv(*cells, columns=columns)
    two = csv(row(patient_id="M-1"), row(patient_id="M-2"))
    yield "ragged", csv(row(patient_id="M-1"), f"{LINE},{cell}", "C01," + cell)
    yield "header", f"{HEAD},{cell}\n{LINE},1\n".encode()
    yield "header, all but one", f"patient_id,{cell},b\nP-1,2,3\n".encode()
    yield "comment", f"# {value}\n".encode() + two
    yield "comment behind", two + f"# {value}\n".encode()
    yield "trailer", two + f"Total for {value},{'1,' * 20}\n".encode()
    yield "no header", (LINE.replace("P-001", cell) + "\n").encode()
    yield "quotes not closed", csv(row(patient_id="M-1"), row(patient_id=f'"{value}'))
    yield "NUL", csv(row(patient_id="M-1")) + value.encode() + b"\0"
    yield "not UTF-8", csv(row(patient_id="M-1")) + value.encode() + b"\xff\xfe\xfd"
    yield "UTF-16", csv(row(patient_id=cell)).decode().encode("utf-16")
    yield "semicolons", csv(row(patient_id=value), separator=";")
    yield "control characters", csv(row(patient_id=f"{value}\x1b[31m"))
    yield "long", csv(row(patient_id=f"{value} " * 100 if "," not in value else cell))


def packed_files(value: str) -> Iterator[tuple[str, bytes]]:
    """In what gzip and zip tell beside the bytes."""
    two, said = csv(row(patient_id="M-1")), value.encode()
    plain = gzip.compress(two, mtime=0)
    yield "gzip name and comment", plain[:3] + b"\x18" + plain[4:10] + said + b"\0" + said + b"\0" + plain[10:]
    yield "gzip cut", (b"\x1f\x8b\x08\x18" + bytes(6) + said)
    yield "gzip, text behind", plain + said
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        member = zipfile.ZipInfo(f"{value.replace(':', '')}/{value.replace('/', '')}.csv")
        member.comment = said
        member.extra = b"\xfe\xca" + len(said).to_bytes(2, "little") + said
        archive.writestr(zipfile.ZipInfo(f"{value}/"), b"")
        archive.writestr(member, two)
        archive.comment = said
    yield "zip", out.getvalue()
    yield "zip of two", zipped((f"{value}.csv", two), (f"{value}.txt", said))
    yield "zip, spoilt", out.getvalue().replace(b"M-1", b"M-9")
    yield "zip, inside", zipped(("a", csv(row(patient_id=value.replace(",", "")))))
    yield "PDF", b"%PDF-1.4\n" + said
    yield "HTML", f"<html><body>{value}</body></html>".encode()
    yield "SQLite", b"SQLite format 3\0" + said


def typed_files(value: str) -> Iterator[tuple[str, bytes]]:
    """In a workbook, Parquet and Arrow: cells, and all that is beside the table."""
    name = "".join(c for c in value if c not in "[]:*?/\\'")[:28]

    def fill(made: xlsxwriter.Workbook, *, hidden: bool = False) -> None:
        page = made.add_worksheet(name)
        for line, cells in enumerate([list(PLAIN), [typed(text) for text in PLAIN.values()]]):
            page.write_row(line, 0, cells)
        page.write(1, 1, "X-1")
        page.write_comment(1, 1, value, {"author": value})
        page.set_header(value.replace("&", ""))
        page.data_validation(1, 4, 5, 4, {"validate": "list", "source": [value[:200]], "input_message": value})
        page.insert_textbox(5, 5, value)
        page.write_url(1, 0, "https://example.org/x", None, "C01", value)
        made.set_properties(dict.fromkeys(("title", "subject", "author", "manager", "company", "keywords", "comments"), value))  # fmt: skip
        made.set_custom_property("by", value)
        made.define_name("canary", f'="{value}"')
        if hidden:
            second = made.add_worksheet("second")
            second.write(0, 0, value)
            second.hide()

    yield "xlsx, beside the table", book(fill)
    yield "xlsx, hidden sheet", book(lambda made: fill(made, hidden=True))
    yield "xlsx, sheet and cell", excel(row(patient_id=value), sheet=name)
    yield "xlsx, cells", excel(row(patient_id="X-2", timepoint=value, drug=value), row(patient_id="X-3", item_2=value))
    frame = frame_of(row(patient_id="X-4"))
    unused = frame.with_columns(pl.col("timepoint").cast(pl.Enum(["pre_infusion", value])))
    out = io.BytesIO()
    frame.write_parquet(out, metadata={"pandas": value, value: value})
    yield "parquet, metadata", out.getvalue()
    yield "parquet, category", stored(unused)
    yield "parquet, cell", parquet(PLAIN | {"patient_id": value})
    yield "parquet, timepoint", parquet(PLAIN | {"timepoint": value})
    yield "parquet, column", stored(frame.with_columns(pl.lit(1).alias(value)))
    yield "parquet, spoilt", out.getvalue()[:-9] + value.encode()
    yield "arrow, category", arrow(unused)
    yield "arrow, stream", arrow(unused, stream=True) + value.encode()
    yield "arrow, column", arrow(frame.rename({"total": value}))
    yield "arrow, cell", arrow(frame.with_columns(patient_id=pl.lit(value)))


def json_files(value: str) -> Iterator[tuple[str, bytes]]:
    """In JSON: keys, values, nests, and what is cut."""
    yield "ndjson, cell", lines_of(row(patient_id="S-1"), row(patient_id=value))
    yield "ndjson, cut", lines_of(row(patient_id="S-2"), f'{{"patient_id": {json.dumps(value)}, "tim')
    yield "ndjson, nest", lines_of(row(patient_id="S-3"), row(patient_id="S-4") | {"total": {value: value}})
    yield "json, key", array(row(patient_id="S-5") | {value: 1})
    yield "json, key twice", f"[{{{json.dumps(value)}: 1, {json.dumps(value)}: 2}}]".encode()
    yield "json, beside", json.dumps({"by": value, "rows": [row()]}).encode()
    yield "json, timepoint", array(row(patient_id="S-6", timepoint=value))


def fhir_files(value: str) -> Iterator[tuple[str, bytes]]:
    """In every element of FHIR that takes a word."""
    items = us_core(list(ANSWERS))
    words = [
        {"text": {"status": "generated", "div": f"<div>{value}</div>"}}, {"id": value}, {"meta": {"source": value, "tag": [{"display": value}]}},
        {"subject": {"reference": "Patient/P-1", "display": value}}, {"subject": {"reference": f"Patient/{value}"}}, {"subject": {"identifier": {"value": value}}},
        {"author": {"display": value}}, {"source": {"reference": "Patient/P-1", "display": value}}, {"encounter": {"display": value}}, {"questionnaire": value},
        {"identifier": {"system": "urn:x", "value": value}}, {"extension": [{"url": "http://x.example/a", "valueString": value}]}, {"extension": [{"url": value, "valueBoolean": True}]},
        {"contained": [{"resourceType": "Patient", "name": [{"text": value}]}]}, {"language": value}, {"authored": value}, {"status": value}, {value: value},
        {"_authored": {"extension": [{"url": "http://x.example/a", "valueString": value}]}},
    ]  # fmt: skip
    for at, said in enumerate(words):
        yield f"form {at}", lines_of(form(items) | said)
    for at, change in enumerate([{"text": value}, {"linkId": value}, {"answer": [{"valueString": value}]}, {"answer": [{"valueCoding": {"system": "http://loinc.org", "code": "LA6568-5", "display": value}}]}, {"answer": [{"valueCoding": {"code": value}}]}, {"definition": value}]):  # fmt: skip
        yield f"item {at}", lines_of(form([items[0] | change, *items[1:]]))
    yield (
        "one more item",
        lines_of(form([*items, {"linkId": "notes", "text": value, "answer": [{"valueString": value}]}])),
    )
    score = {"valueInteger": 10}
    for at, said in enumerate([{"note": [{"text": value}]}, {"performer": [{"display": value}]}, {"device": {"display": value}}, {"method": {"text": value}}, {"code": {"text": value, "coding": [{"system": "http://loinc.org", "code": "44261-6", "display": value}]}}, {"valueString": value}, {"interpretation": [{"text": value}]}]):  # fmt: skip
        yield f"observation {at}", lines_of(observed("44261-6", score) | said)
    whole = bundle(form(items), observed("44261-6", score))
    yield (
        "bundle, fullUrl",
        json.dumps(whole | {"entry": [each | {"fullUrl": value} for each in whole["entry"]]}).encode(),
    )
    yield (
        "bundle, link",
        json.dumps(whole | {"link": [{"relation": "self", "url": value}], "identifier": {"value": value}}).encode(),
    )
    yield "patient", json.dumps(bundle({"resourceType": "Patient", "id": "P-1", "name": [{"text": value}], "telecom": [{"value": value}], "photo": [{"url": value}]}, form(items))).encode()  # fmt: skip
    yield "other resource", json.dumps(bundle({"resourceType": value, "id": "P-1"}, form(items))).encode()


def mapped_files(value: str) -> Iterator[tuple[str, bytes]]:
    """In files that are read through a profile, and in REDCap's own columns."""
    cell = f'"{value}"' if "," in value else value
    answers = ",".join("2" * 9)
    for at in range(3):
        cells = ["P-8", "Wisteria visit", ""]
        cells[at] = cell
        yield f"by event {at}", f"{BY_EVENT}\n{','.join(cells)},{answers}\n".encode()
    yield "by event, answer", f"{BY_EVENT}\nP-8,Wisteria visit,,{cell},{answers[:-2]}\n".encode()
    dated = "patient_id,infusion,timepoint,total,came\n"
    yield "dated", f"{dated}P-9,1,pre_infusion,12,{cell}\nP-9,2,pre_infusion,12,{cell}\n".encode()
    yield "dated, pseudonym", f"{dated}{cell},1,pre_infusion,12,2024-05-05\n".encode()
    yield "own columns, dated", csv(row(clinic_id="C02", days_since_first_infusion=cell))
    for at in range(4):
        cells = ["P-1", "baseline_arm_1", "", "site_a"]
        cells[at] = cell
        yield f"redcap {at}", f"{REDCAP}\n{','.join(cells)},{answers}\n".encode()
    yield "redcap, label", f"{REDCAP},{cell}\nP-1,baseline_arm_1,,site_a,{answers},x\n".encode()
    yield "redcap, survey", f"{REDCAP},redcap_survey_identifier\nP-1,baseline_arm_1,,site_a,{answers},{cell}\n".encode()


FILES = (text_files, packed_files, typed_files, json_files, fhir_files, mapped_files)


def planted(kind: str) -> Iterator[tuple[str, bytes]]:
    """(place, bytes) of each file with this kind: every place."""
    for files in FILES:
        yield from files(CANARIES[kind][0])


def planted_in_turn(kinds: int) -> Iterator[tuple[str, str, bytes]]:
    """(kind, place, bytes) of each file: so many kinds in each place, another few in the next one."""
    names = list(CANARIES)
    for place_no, files in enumerate(zip(*map(planted, names), strict=True)):
        for more in range(kinds):
            at = (place_no * kinds + more) % len(names)
            yield names[at], *files[at]


# ---- where they are looked for ----------------------------------------------------------------------------------

FORMS = {
    form: kind
    for kind, (value, words) in CANARIES.items()
    for form in (
        *(word.encode() for word in words),
        *(word.encode("utf-16-le") for word in words),
        *(json.dumps(word)[1:-1].encode() for word in words),
        *(word.replace(" ", "_").replace("-", "_").encode() for word in words),
        base64.b64encode(value.encode()).lower(),
    )
}


def kinds_in(data: bytes) -> list[str]:
    """The kinds of canary that are in some bytes, however they are spelt."""
    found = data.lower()
    return sorted({kind for form, kind in FORMS.items() if form in found})


def assert_clean(data: bytes | str, where: object) -> None:
    assert not (found := kinds_in(data.encode() if isinstance(data, str) else data)), (where, found)


def rows_of(store: Path) -> Iterator[tuple[str, str, str]]:
    """(table, column, text) of every cell of every stored table of a DuckDB file, and of its comments and SQL."""
    with duckdb.connect(str(store), read_only=True) as con:
        names = con.execute(
            "SELECT schema_name, table_name, list(column_name) FROM duckdb_columns() JOIN duckdb_tables() USING (schema_name, table_name) WHERE NOT duckdb_tables.internal GROUP BY ALL ORDER BY ALL"
        ).fetchall()
        assert len(names) > 20, "the tables of the store"
        for schema, table, columns in names:
            for column in columns:
                query = f'SELECT DISTINCT CAST("{column}" AS VARCHAR) FROM "{schema}"."{table}" WHERE "{column}" IS NOT NULL'
                yield from ((table, column, text) for (text,) in con.execute(query).fetchall())
        for kind in ("columns", "tables", "views", "functions"):
            yield from (("", kind, str(said)) for said in con.execute(f"SELECT COLUMNS(*)::VARCHAR FROM duckdb_{kind}() WHERE NOT internal").fetchall())  # fmt: skip


def environment(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("OUTCOMES", "PREFECT"))}
    return kept | {"HOME": str(folder), "PREFECT_HOME": str(folder / "prefect"), "DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}  # fmt: skip


def run(folder: Path, *words: str | Path) -> tuple[int, str]:
    """Exit code, and all that was printed. What the command and its libraries keep for a user goes into `folder`."""
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, env=environment(folder), cwd=folder, timeout=300, check=False)  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@dataclass
class Here:
    """The command line in this process, with a folder of its own for what is kept for a user: it costs no start."""

    folder: Path
    capfd: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *words: str | Path) -> tuple[int, str]:
        """As run()."""
        with self.monkeypatch.context() as patch:
            for key in os.environ.keys() - environment(self.folder).keys():
                patch.delenv(key)
            for key, value in environment(self.folder).items():
                patch.setenv(key, value)
            patch.chdir(self.folder)
            with pytest.raises(SystemExit) as ended:
                main([str(word) for word in words])
        return int(ended.value.code or 0), "".join(self.capfd.readouterr())


def accepted() -> bytes:
    answers = {f"item_{n}": str(answer) for n, answer in enumerate(ANSWERED, 1)} | {"total": str(sum(ANSWERED))}
    return csv(row(**ACCEPTED, **answers))


@pytest.fixture
def clinics(tmp_path: Path) -> Clinics:
    (tmp_path / "clinics.toml").write_text(PROFILES)
    return read_clinics(tmp_path / "clinics.toml")


def test_planted_identifiers_are_found_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One night as a Prefect flow with kinds in every place, and all that can be asked of it afterwards."""
    outside, home, sent = tmp_path / "outside", Home(tmp_path / "home"), tmp_path / "sent"
    home.make()
    outside.mkdir()
    sent.mkdir()
    home.clinics.write_text(PROFILES)
    names = {kind: f"{value[:60]}".replace("/", "") for kind, (value, _) in CANARIES.items()}
    files = [*planted_in_turn(2), ("name", "accepted", accepted())]
    for number, (kind, _, data) in enumerate(files):
        (home.inbox / f"{number} {names[kind]}.csv").write_bytes(data)
    folder = home.inbox / names["name"]
    folder.mkdir()
    (folder / names["street"]).write_bytes(accepted())
    few = []
    for number, (kind, _, data) in enumerate(files[::9]):
        few.append(sent / f"{number} {names[kind]}.csv")
        few[-1].write_bytes(data)

    here = Here(outside, capfd, monkeypatch)

    def asks(*words: str | Path) -> list[tuple[int, str]]:
        return [here(*words, "--home", home.root, "--format", how) for how in ("table", "csv", "json")]

    said = [run(outside, "nightly", "--home", home.root, "--as-of", str(AS_OF))]
    said += [run(outside, "check", *few), *asks("check", *few)]
    for words in ("status", "quarantine", "refused", "rates", "compare"):
        said += asks(words)
    said += [here("receipt", "--night", "1", "--home", home.root, *more) for more in ((), ("--format", "json"), ("--out", tmp_path / "out"))]  # fmt: skip
    assert [words for code, words in said if code] == []
    for number, (_, words) in enumerate(said):
        assert_clean(words, number)
    assert (asked(home, "SELECT count(*) FROM arrival")[0][0]) > 200
    assert len(asked(home, "SELECT DISTINCT reason_code FROM quarantine")) >= 10
    assert len(asked(home, "SELECT DISTINCT refused_because FROM arrival")) >= 10

    kept = [
        path for path in written(home.root) if not {home.held, home.archive, home.refused, home.inbox} & {*path.parents}
    ]
    assert {home.summary, home.warehouse, home.published_copy} < {*kept}
    assert any(path.suffix == ".db" for path in written(outside)), "Prefect's database is where it was told to be"
    for path in [*kept, *written(outside), *written(tmp_path / "out")]:
        assert_clean(str(path.relative_to(tmp_path)), "a path")
        # The words of a profile are a person's own, and its copy beside the receipts is that file.
        if path != home.clinics and not path.name.startswith("clinics-"):
            assert_clean(path.read_bytes(), path.relative_to(tmp_path))
    stores = [*rows_of(home.warehouse), *rows_of(home.published_copy)]
    for table, column, text in stores:
        assert_clean(text, (table, column))

    # An accepted row is in the store, and only there.
    pseudonym, dose = ACCEPTED["patient_id"], ACCEPTED["dose_mg_per_kg"]
    assert {column for _, column, text in stores if pseudonym in text} == {"patient_id"}
    assert {column for _, column, text in stores if dose in text} == {"dose_mg_per_kg"}
    forms = [pseudonym, dose, *(sep.join(map(str, ANSWERED)) for sep in (",", ", ", ""))]
    for words in [words for _, words in said]:
        assert not [form for form in forms if form in words]
    for path in [*kept, *written(outside), *written(tmp_path / "out")]:
        if path.suffix != ".duckdb":
            data = path.read_bytes()
            assert not [form for form in forms if form.encode() in data], path.relative_to(tmp_path)


@pytest.mark.parametrize("kind", CANARIES)
def test_no_error_and_no_proposal_says_what_a_file_holds(
    kind: str, clinics: Clinics, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the process itself: what is judged, raised, chained, traced and printed. Judged together, as a night does it, for
    each file fares there as it does alone (tests/test_formats.py)."""
    files = list(planted(kind))
    judged = judge([data for _, data in files], clinics)
    assert len(judged.refused) > 10
    for number, error in judged.refused.items():
        assert_clean(f"{vars(error)} {place(error.column_no, error.line, error.kind)}", files[number][0])
    for said in (
        judged.formats,
        judged.profiles,
        *(frame.rows() for frame in (judged.reasons, judged.notes, judged.rules)),
    ):
        assert_clean(str(said), "judged")
    for rows in judged.good.values():
        for number, *cells in rows.frame().drop("line").select("file", pl.all().exclude("file")).iter_rows():
            assert_clean(str(cells), files[number][0])
    assert_clean("".join(capfd.readouterr()), "judged")
    for where, data in files:
        said = []
        try:
            given = opened(data)
            _ = None if given.is_csv else read_sheet(given.format, given.data)
        except FileRefusedError as error:
            said += ["".join(traceback.format_exception(error)), repr(error), str(error.__cause__)]
        try:
            # Names of columns are said: they are what the person has to map.
            words = proposed(data, "C01", "ehr")
            for name in BY_EVENT.split(","):
                words = words.replace(name, "")
            said.append(words)
        except UsageError as error:
            said += [str(error), "".join(traceback.format_exception(error))]
        said += capfd.readouterr()
        for words in said:
            assert_clean(words, where)


def test_an_error_about_a_path_does_not_say_it(tmp_path: Path) -> None:
    """`outcomes check` numbers files: a name can identify."""
    code, words = run(tmp_path, "check", tmp_path / "Zebulon Quartermain.csv")
    assert code == 64
    assert_clean(words, "check")


@pytest.mark.parametrize("kind", CANARIES)
def test_an_error_about_clinics_toml_says_no_text_of_it(kind: str, tmp_path: Path) -> None:
    """A person may write a file's words where a key belongs, or break the file in the midst of one."""
    value = CANARIES[kind][0]
    text = json.dumps(value)
    entry = PROFILES.split("[clinics.C02]")[0]
    wrong = [
        f"{text} = 1\n{entry}", f"[clinics.{text}]\n", f"[clinics.C01]\n{text} = 1\n", f"[clinics.C01]\ndrug = {text}\n", f"[clinics.C01.profiles.{json.dumps(value + '?')}]\n",
        entry.replace("[clinics.C01.profiles.ehr.columns]", f"{text} = 1\n[clinics.C01.profiles.ehr.columns]"), f"[clinics.C01\n{value}", f"[clinics.C01]\nname = {value}\n",
        *(entry.replace(f"[clinics.C01.profiles.ehr.{table}]\n", f"[clinics.C01.profiles.ehr.{table}]\n{text} = {said}\n") for table in ("columns", "constants", "codes") for said in (text, "1", '{ "a" = "b" }')),
        entry.replace("[clinics.C01.profiles.ehr.events]", f"[clinics.C01.profiles.ehr.dates.{text}]\ncolumn = {text}\n[clinics.C01.profiles.ehr.events]"),
        entry.replace('"follow_up"', text), entry.replace("Xanthippos 0", value).replace('= "0"', f"= {text}"), entry.replace('"Site remark"', text), entry.replace('"Site remark"', f"{text}, 1"),
        entry.replace("version = 3", f"version = {text}"), entry.replace("version = 3", f"version = 3\npatient_ids = {json.dumps(value + '(')}"), entry.replace("version = 3", f"version = 3\nfeed = {text}"),
    ]  # fmt: skip
    failed = 0
    for number, toml in enumerate(wrong):
        (tmp_path / "clinics.toml").write_text(toml)
        try:
            read_clinics(tmp_path / "clinics.toml")
        except DataFileError as error:
            failed += 1
            assert_clean("".join(traceback.format_exception(error)), number)
    assert failed >= 12
