"""A file read in blocks is the file read whole: to the last row, reason and refusal, and to the last row of the store."""

from __future__ import annotations

import datetime as dt
import errno
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from outcomes import goodrows, inbox
from outcomes.checking import judge
from outcomes.inbox import listed, look
from outcomes.ledger import NO_HASH
from outcomes.nights import run_night
from outcomes.parting import joined
from outcomes.paths import Home
from outcomes.rebuilding import differing_tables, digests_of
from outcomes.sources import content
from outcomes.sources.opening import has_any_size
from outcomes.stepping import is_of_a_moment
from outcomes.store import File, NightId, load, make_store, warehouse
from schemas.clinics import Clinics, plain_clinics
from schemas.scores import ITEMS
from tests.conftest import FIRST
from tests.test_door import lines, other, row, written
from tests.test_parting import assert_same
from tests.test_patients import GOOD, csv
from tests.test_whole_files import forms, more, twice


@contextmanager
def blocks_of(size: int, monkeypatch: pytest.MonkeyPatch, loose: int = 0) -> Iterator[None]:
    """Blocks of about so many bytes; good rows are packed from the second block on."""
    with monkeypatch.context() as patched:
        patched.setattr(content, "BLOCK_BYTES", size)
        patched.setattr(inbox, "BLOCK_BYTES", size)
        patched.setattr(content, "PIECE_BYTES", 7)
        patched.setattr(goodrows, "LOOSE_ROWS", loose)
        yield


def drawn(rng: random.Random) -> list[dict[str, str] | str]:
    """Rows of a few patients, many of them wrong in one way or another."""
    rows: list[dict[str, str] | str] = []
    for number in range(rng.randrange(2, 60)):
        answers = [rng.choice("0123") for _ in ITEMS]
        each = row(
            patient_id=f"P-{rng.randrange(9)}",
            days_since_first_infusion=str(rng.randrange(5)),
            total="",
            **dict(zip(ITEMS, answers, strict=True)),
        )
        odd: list[Any] = [
            lambda e: e | {"item_3": rng.choice(["7", "2.0", "5", "x", " 1", "Not at all"])},
            lambda e: e | {"clinic_id": rng.choice(["C02", "", "C 1"])},
            lambda e: e | {"total": "27"},
            lambda e: dict.fromkeys(e, ""),
            lambda e: ",".join([*e.values(), "too", "many"]),
            lambda e: "short",
            lambda e: rng.choice(["", "  ", "\r"]),
            lambda e: e | {"extract_day": str(rng.randrange(40)), "status": rng.choice(["corrected", "amended", "entered_in_error", ""])},
            lambda e: e | {"item_1": f'"{e["item_1"]}"'},
            lambda e: e | {"drug": "ketamine_iv", "dose_mg_per_kg": "0.5", "nausea": rng.choice(["yes", "no", "Yes"])},
        ]  # fmt: skip
        rows.append(rng.choice(odd)(each) if number and rng.random() < 0.3 else each)
    return rows


def as_file(rng: random.Random, rows: list[dict[str, str] | str]) -> bytes:
    """A file of these rows, with what may stand before and behind them."""
    end = rng.choice(["\n", "\n", "\r\n", "\r"])
    before = rng.choice(["", "", "\ufeff", end * 3, f"sep=,{end}"])
    behind = rng.choice(["", end, end * 9, f"{end}\x1a", f"{end}\x1a{end * 3}"])
    return (before + end.join(lines(*rows)) + behind).encode()


def worse(rng: random.Random, data: bytes) -> bytes:
    """The same with something that refuses it, most of all at its end."""
    bad = rng.choice([
        b"C01,555-867-5309\n", b"C01,P-9,Jane Roe\n", b"\x00", b"\xff\n", "Müller\n".encode(),
        (",".join(row(patient_id="jane.roe@example.org").values()) + "\n").encode(), b"C01,Jane Roe,\n,,,2024-03-17\n",
    ])  # fmt: skip
    return data + b"\n" + bad if rng.random() < 0.7 else data.replace(b"P-3", bad.strip(), 1)


def night_of(rng: random.Random) -> list[bytes]:
    files = [as_file(rng, drawn(rng)) for _ in range(rng.randrange(1, 5))]
    files = [worse(rng, data) if rng.random() < 0.3 else data for data in files]
    people = [
        GOOD | {"patient_id": f"P-{n}", "age_years": rng.choice(["30", "91", "x"])} for n in range(rng.randrange(30))
    ]
    return [*files, csv(*people), written(*forms(3), other(), separator=";")]


@pytest.mark.parametrize("seed", range(24))
def test_any_files_in_blocks_are_the_files_whole(seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rng = random.Random(seed)
    files = night_of(rng)
    clinics = rng.choice([None, plain_clinics("C01"), plain_clinics("C01", limited_data_set=True)])
    whole = judge(files, clinics)
    paths: list[Any] = []
    for number, data in enumerate(files):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(data)
    with blocks_of(rng.choice([90, 400, 400, 1500]), monkeypatch):
        assert_same(judge(paths if seed % 2 else files, clinics), whole)
        # And in parts, as on Dask.
        cut = rng.randrange(1, len(files))
        assert_same(joined([judge(part, clinics) for part in (files[:cut], files[cut:])]), whole)


FOUR = dict.fromkeys(ITEMS, "4")
LOW = [each for each in forms(60) if int(each["total"]) <= 15]
WHOLE = {
    "a coding that shows in the last block": ([each | dict.fromkeys(ITEMS, "1") | {"total": ""} for each in forms(30)] + [row(**FOUR, total="")], "coding_shift"),
    "a zero in the last block": ([each | FOUR | {"total": ""} for each in forms(12)] + [row(total="")], None),
    "totals 9 more in every block": ([more(each, 9) for each in LOW], "totals_shifted"),
    "but for the last": ([*(more(each, 9) for each in LOW), forms(1)[0]], "one_fault_all_through"),
    "an item column twice": (twice(forms(40)), "item_column_twice"),
    "but for a form of the last block": ([*twice(forms(40)), forms(2, seed=9)[1] | {"item_6": "0", "item_7": "3", "total": ""}], None),
    "one fault in each block": ([each | {"item_3": "5", "total": ""} for each in forms(40)], "one_fault_all_through"),
    "one fault in half of the rows": ([each | {"item_3": "5", "total": ""} for each in forms(20)] + forms(20, 2), None),
    "an identifier in the last row": ([*forms(40), other(patient_id="jane.roe@example.org")], "identifier"),
    "an identifier in a ragged line at the end": ([*forms(40), "C01,Jane Roe"], "identifier"),
    "a fault in every row, each another": ([each | {ITEMS[n % 9]: "5"} for n, each in enumerate(forms(40))], "nearly_all_bad"),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_what_only_the_whole_file_shows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rows, reason = WHOLE[name]
    data = written(*rows)
    whole = judge([data], None)
    assert (whole.refused[0].reason_code if whole.refused else None) == reason
    with blocks_of(300, monkeypatch):
        assert_same(judge([data], None), whole)


def test_a_day_is_counted_from_a_date_of_another_block_and_of_no_other_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Day 0 is the patient's infusion 1 in the same file, wherever in it."""
    may = plain_clinics("C01", limited_data_set=True)
    later = [row(infusion_number=str(n), days_since_first_infusion=f"2026-01-{n:02}") for n in range(2, 12)]
    dated = written(*later, row(days_since_first_infusion="2026-01-01"))
    whole = judge([dated], may)
    assert whole.good["scores"].frame()["days_since_first_infusion"].to_list() == [*range(1, 11), 0]
    with blocks_of(100, monkeypatch):
        assert_same(judge([dated], may), whole)
    apart = judge([written(*later[:1]), dated], may)
    assert apart.reasons.rows() == [(0, 2, "days_since_first_infusion", "day_zero_unknown")]


def test_what_is_in_memory_is_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a file on disk no more than a block is read at once, and what is good of it is packed."""
    path = tmp_path / "large"
    path.write_bytes(written(*forms(2000)))
    with blocks_of(10_000, monkeypatch, loose=200):
        sizes = [len(block) for block, _ in content.blocks(path)]
        assert max(sizes) < 10_100
        assert sum(sizes) == path.stat().st_size
        good = judge([path], None).good["scores"]
    assert good.height == 2000
    assert [isinstance(block.held, bytes) for block in good.blocks] == [False, *[True] * (len(good.blocks) - 1)]
    assert len(good.blocks) > 5
    packed = sum(len(block.held) for block in good.blocks if isinstance(block.held, bytes))
    # Each of these blocks is small, and has a schema of its own: real ones are packed to a fifth.
    assert packed < good.frame().estimated_size()


def stored(path: Path, nights: list[tuple[int, int, list[bytes]]], clinics: Clinics | None) -> dict[str, str]:
    """The digests of a store after nights: (number, the night in which the files came, files); each batch is two of a night's."""
    make_store(path)
    with warehouse(path) as con:
        for night, came, files in nights:
            id = NightId(night, f"run-{night}", dt.date(2026, 1, night))
            for start in range(0, len(files), 2):
                batch = files[start : start + 2]
                known = [File(f"{came:032}{start + n:032}", len(data)) for n, data in enumerate(batch)]
                load(con, id, known, judge(batch, clinics), more=start + 2 < len(files), came=came)
            con.execute("DELETE FROM contested")
        (head,) = con.execute("SELECT arg_max(hash, arrival_no) FROM arrival").fetchone() or (None,)
        assert head not in (None, NO_HASH)
    return digests_of(path)


@pytest.mark.parametrize("seed", range(2))
def test_the_store_is_the_same_to_the_last_row(seed: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Duplicates, corrections, retractions and contradictions over blocks, batches and nights, and files read again."""
    rng = random.Random(100 + seed)
    first, second = ([as_file(rng, drawn(rng)) for _ in range(4)] for _ in range(2))
    again = [data.replace(b",0,1,", b",1,1,") for data in first]
    nights = [(1, 1, first), (2, 2, [*second, csv(GOOD, GOOD | {"age_years": "50"})]), (3, 1, again)]
    wanted = stored(tmp_path / "whole.duckdb", nights, None)
    rows = {name: int(digest.split()[0]) for name, digest in wanted.items() if digest.split()[0].isdigit()}
    with blocks_of(rng.choice([500, 900]), monkeypatch):
        found = stored(tmp_path / "blocks.duckdb", nights, None)
    assert differing_tables(found, wanted) == {}
    assert all(rows.get(table, 1) for table in ("score", "score_event", "quarantine"))


def test_a_night_in_blocks_is_the_night(sample, after_first, tmp_path, monkeypatch, no_pages):  # type: ignore[no-untyped-def]
    """From the inbox, where large files are copied piece by piece, to the last table."""
    home = Home(tmp_path / "home")
    sample.send(FIRST, home)
    with blocks_of(2000, monkeypatch, loose=300):
        run_night(home, sample.as_of(FIRST))
    assert differing_tables(digests_of(home.warehouse), digests_of(after_first.warehouse)) == {}
    assert {path.name for path in home.archive.iterdir()} == {path.name for path in after_first.archive.iterdir()}
    assert list(home.held.iterdir()) == []


def test_a_large_file_of_the_contract_is_taken_whatever_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others are held whole, and are left alone over the limit."""
    home = Home(tmp_path / "home")
    home.make()
    home.settings.write_text("[limits]\nfile_megabytes = 1\n")
    monkeypatch.setattr(inbox, "BLOCK_BYTES", 2**16)
    large = written(*forms(30)) + b"\n" * 2**20
    sent = {
        "plain.csv": large, "again.csv": large, "other.csv": b"a,b\n" * 2**19, "blank.csv": b" " * 2**21, "utf16.csv": large.decode().encode("utf-16"),
        "surplus.csv": large.replace(b"total\n", b"total,\n", 1), "small.csv": written(*forms(2)),
    }  # fmt: skip
    for name, data in sent.items():
        (home.inbox / name).write_bytes(data)
    assert [name for name in sent if has_any_size(home.inbox / name)] == ["plain.csv", "again.csv", "small.csv"]
    found = look(home, listed(home), set())
    assert (sorted(Path(place.path).name for place in found.places), found.left_alone) == (["again.csv", "plain.csv", "small.csv"], 4)  # fmt: skip
    assert {path.name: path.read_bytes() for path in home.held.iterdir()} == {
        place.sha256: (home.inbox / Path(place.path).name).read_bytes() for place in found.places
    }


@pytest.mark.parametrize("fails", [os.open, os.fstat, os.read], ids=lambda call: call.__name__)
@pytest.mark.parametrize("block", [100, 2**25], ids=["large", "small"])
def test_a_file_that_cannot_be_read_waits(
    fails: Any, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(tmp_path / "home")
    home.make()
    (home.inbox / "a.csv").write_bytes(written(*forms(30)))
    monkeypatch.setattr(inbox, "BLOCK_BYTES", block)
    entries = listed(home)

    def broken(*given: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, fails.__name__, broken)
        found = look(home, entries, set())
    assert (found.places, found.left_alone, list(home.held.iterdir())) == ([], 1, [])


def test_what_is_held_and_cannot_be_read_may_be_read_a_moment_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the disk comes out as one: a task is tried again for it."""
    home = Home(tmp_path / "home")
    home.make()
    (home.held / "ab").write_bytes(b"clinic_id")

    def broken(*given: Any) -> Any:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "read", broken)
    with pytest.raises(OSError, match="Input/output") as caught:
        inbox.content_of(home, "ab")
    assert is_of_a_moment(caught.value)


def test_a_large_file_that_changes_while_it_is_copied_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    home.make()
    monkeypatch.setattr(inbox, "BLOCK_BYTES", 100)
    growing = home.inbox / "growing.csv"
    growing.write_bytes(written(*forms(30)))
    real = inbox._asked

    def asked(call: Any, *given: Any) -> Any:
        if call is os.read and growing.stat().st_size == size:
            with growing.open("ab") as file:
                file.write(b"C01,")
        return real(call, *given)

    size = growing.stat().st_size
    monkeypatch.setattr(inbox, "_asked", asked)
    found = look(home, listed(home), set())
    assert (found.places, found.left_alone) == ([], 1)
    assert list(home.held.iterdir()) == []
