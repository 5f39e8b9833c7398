"""The template: its columns, lists and messages are the contract's, and what is filled in goes through the door."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
import python_calamine

from outcomes.checking import judge
from outcomes.cli import main
from outcomes.documents import accepted, marked
from outcomes.guides import WORDS, guide, guide_rows, guide_words
from outcomes.reading import read_cell
from outcomes.templates import csv_template, excel_template, words_of, write_templates
from schemas.clinics import plain_clinics
from schemas.contracts import LIMITS
from schemas.feeds import FEEDS
from schemas.reasons import REASONS
from schemas.scores import ITEMS

CONTRACTS = list(FEEDS.values())
IDS = list(FEEDS)
SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
FILLED = {
    "scores": [
        {"clinic_id": "C01", "patient_id": "C01-000138", "infusion_number": 1, "days_since_first_infusion": 0, "timepoint": "pre_infusion"}
        | dict.fromkeys(ITEMS, 2) | {"total": 18, "drug": "ketamine_iv", "dose_mg_per_kg": 0.5, "nausea": "no"},
        {"clinic_id": "C01", "patient_id": "C01-000138", "infusion_number": 2, "days_since_first_infusion": 3, "timepoint": "pre_infusion"},
        {"clinic_id": "C01", "patient_id": "C01-000138", "days_since_first_infusion": 40, "timepoint": "follow_up", "total": 7},
    ],
    "patients": [{"clinic_id": "C01", "patient_id": "C01-000138", "sex": "female", "age_years": 90, "bipolar": "no"}],
}  # fmt: skip


def sheet_of(data: bytes) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))


def rules(data: bytes) -> dict[str, tuple[dict[str, str], list[str]]]:
    """Of each column's letter: the attributes of Excel's rule, and its formulas."""
    found = {}
    for rule in sheet_of(data).iter(f"{SPACE}dataValidation"):
        letters = {re.sub("[0-9]", "", cell) for cell in rule.attrib["sqref"].split(":")}
        (letter,) = letters
        formulas = [(rule.findtext(f"{SPACE}formula{n}") or "") for n in (1, 2)]
        found[letter] = (dict(rule.attrib), [formula for formula in formulas if formula])
    return found


def by_column(contract) -> dict[str, tuple[dict[str, str], list[str]]]:
    made = rules(excel_template(contract))
    letters = [chr(65 + n) if n < 26 else f"A{chr(65 + n - 26)}" for n in range(len(contract.columns))]
    assert sorted(made) == sorted(letters)
    return {name: made[letter] for letter, name in zip(letters, contract.columns, strict=True)}


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_the_columns_are_the_contracts(contract):
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(excel_template(contract)))
    assert book.sheet_names == [contract.feed]
    assert book.get_sheet_by_index(0).to_python() == [contract.columns]
    assert csv_template(contract).decode() == ",".join(contract.columns) + "\n"


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_every_drop_down_list_has_the_contracts_words(contract):
    lists = {name: formulas[0] for name, (rule, formulas) in by_column(contract).items() if rule["type"] == "list"}
    assert {name for name in contract.columns if contract.reading[name]["kind"] in ("word", "yes_no")} == set(lists)
    for name, formula in lists.items():
        shown = formula.strip('"').split(",")
        assert tuple(shown) == words_of(contract, name)
        assert len(formula.strip('"')) <= 255
        cells = [read_cell(contract, name, word) for word in shown]
        assert [(cell.fault, cell.note) for cell in cells] == [(None, None)] * len(shown)


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_every_number_has_the_contracts_range(contract):
    numbers = {
        name: (rule, formulas)
        for name, (rule, formulas) in by_column(contract).items()
        if rule["type"] in ("whole", "decimal")
    }
    assert {
        name for name in contract.columns if contract.reading[name]["kind"] in ("whole", "item", "total", "decimal")
    } == set(numbers)
    for name, (_, formulas) in numbers.items():
        (code,) = [check.name for check in contract.schema.columns[name].checks]
        low, high = LIMITS[code]
        assert [float(formula) for formula in formulas] == [low, high]
        if name in ITEMS:
            assert formulas == ["0", "3"]
        if name == "total":
            assert formulas == ["0", "27"]


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_every_column_has_its_sentence_for_a_message(contract):
    for name, (rule, _) in by_column(contract).items():
        said = rule["prompt"].removeprefix(f"{contract.descriptions[name]} Accepted: ").removesuffix(".")
        assert said in accepted(contract, name)
        assert rule["promptTitle"] == name
        assert rule["error"] == f"Accepted: {said}."
        assert rule.get("allowBlank") == "1"
        assert "errorStyle" not in rule  # what does not fit is stopped


def test_codes_are_text_so_that_excel_keeps_their_zeros():
    sheet = sheet_of(excel_template(FEEDS["scores"]))
    styles = {column.attrib["min"]: column.attrib.get("style") for column in sheet.iter(f"{SPACE}col")}
    assert styles["1"] == styles["2"] != styles["3"] is None
    with zipfile.ZipFile(io.BytesIO(excel_template(FEEDS["scores"]))) as book:
        formats = ElementTree.fromstring(book.read("xl/styles.xml")).find(f"{SPACE}cellXfs")
    assert formats is not None
    assert formats[int(styles["1"] or 0)].attrib["numFmtId"] == "49"


def test_the_header_stays_in_sight():
    pane = next(sheet_of(excel_template(FEEDS["scores"])).iter(f"{SPACE}pane"))
    assert (pane.attrib["state"], pane.attrib["ySplit"]) == ("frozen", "1")


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_the_same_bytes_every_time_and_nobodys_name(contract, tmp_path):
    first = excel_template(contract)
    assert first == excel_template(contract)
    with zipfile.ZipFile(io.BytesIO(first)) as book:
        assert {entry.date_time for entry in book.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        core = book.read("docProps/core.xml").decode()
    assert re.findall(r"\d{4}-\d{2}-\d{2}T", core) == ["2026-01-01T"] * 2
    assert "<dc:creator></dc:creator>" in core


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_a_filled_in_workbook_goes_through_the_door(contract):
    """Read cell by cell as text, and judged as the CSV of the same cells."""
    rows = [[row.get(name) for name in contract.columns] for row in FILLED[contract.feed]]
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(excel_template(contract, rows)))
    read = book.get_sheet_by_index(0).to_python()
    text = "\n".join(
        ",".join(str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell) for cell in line)
        for line in read
    )
    judged = judge([text.encode() + b"\n"], plain_clinics("C01"))
    assert (judged.refused, judged.reasons.height, judged.rows_read) == ({}, 0, [len(rows)])


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_a_filled_in_csv_goes_through_the_door(contract):
    lines = [",".join(str(row.get(name, "")) for name in contract.columns) for row in FILLED[contract.feed]]
    judged = judge([csv_template(contract) + "\n".join(lines).encode() + b"\n"], plain_clinics("C01"))
    assert (judged.refused, judged.reasons.height, judged.rows_read) == ({}, 0, [len(lines)])


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_the_guide_has_every_column_and_every_sentence(contract):
    page = guide(contract)
    for name, *cells in guide_rows(contract):
        assert f"<code>{name}</code>" in page
        for cell in cells:
            assert cell.replace("'", "&#x27;") in page
    named = {name for name, *_ in guide_rows(contract)}
    assert named == {
        "item_1 .. item_9" if name == "item_1" else name for name in contract.columns if name not in ITEMS[1:]
    }
    assert page.count("<li>") == sum(len(sentences) for sentences in WORDS[contract.feed].values())
    assert len(WORDS[contract.feed]["The five commonest mistakes"]) == 5


@pytest.mark.parametrize("contract", CONTRACTS, ids=IDS)
def test_the_guide_needs_no_other_file(contract):
    page = guide(contract)
    assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import", page)
    ElementTree.fromstring(page.replace("<!DOCTYPE html>\n", "").replace('<meta charset="utf-8">', ""))


@pytest.mark.parametrize("feed", IDS)
def test_the_words_of_the_guide_are_in_the_document(feed):
    sending = (Path(__file__).parents[1] / "docs" / "sending.md").read_text("utf-8")
    assert marked(sending, f"words of {feed}") == guide_words(FEEDS[feed])


@pytest.mark.parametrize(
    ("mistake", "reason"),
    [
        ({"days_since_first_infusion": "2024-03-01"}, "identifier"),
        ({"note": "better today"}, "unknown_column"),
        ({"total": "17"}, "total_is_not_sum"),
        ({"patient_id": "Canary"}, "patient_id_pattern"),
    ],
)
def test_the_mistakes_are_mistakes(mistake, reason):
    """What the guide warns of is what the door does."""
    cells = {name: str(FILLED["scores"][0].get(name, "")) for name in FEEDS["scores"].columns} | mistake
    judged = judge([f"{','.join(cells)}\n{','.join(cells.values())}\n".encode()], plain_clinics("C01"))
    found = {error.reason_code for error in judged.refused.values()} | set(judged.reasons["reason_code"])
    assert found == {reason}
    assert reason in {each.code for each in REASONS}


def test_the_command_writes_three_private_files_and_no_other_over_them(tmp_path, capsys):
    for code, arguments in ((0, []), (64, []), (0, ["--force"])):
        with pytest.raises(SystemExit) as ended:
            main(["template", "--out", str(tmp_path / "template"), *arguments])
        assert (ended.value.code or 0) == code
    assert "[wrong_usage]" in capsys.readouterr().err
    made = sorted((tmp_path / "template").iterdir())
    assert [path.name for path in made] == ["scores-guide.html", "scores.csv", "scores.xlsx"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o600}
    again = write_templates(tmp_path / "two", FEEDS["scores"])
    assert [path.read_bytes() for path in sorted(again)] == [path.read_bytes() for path in made]
