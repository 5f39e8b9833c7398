"""What must not matter: the order of files, and over how many nights they come; and a second time adds nothing."""

from __future__ import annotations

import gzip
import io
import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from outcomes.paths import Home
from outcomes.sample import make_sample
from tests.conftest import copied
from tests.nightly import asked, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

PIECES = 4
VALUES = (
    "SELECT clinic_id, patient_id, * EXCLUDE (clinic_id, patient_id, score_id, arrival_no, line, patient_no, sha256, received_on) "
    "FROM current_score ORDER BY ALL"
)
RATES = "SELECT * EXCLUDE (follow_up_unknown) FROM rate ORDER BY ALL"


def pieces(folder: Path) -> dict[str, bytes]:
    """Every file of a folder cut into several with the same columns."""
    out = {}
    for path in sorted(folder.iterdir()):
        data, stem = path.read_bytes(), path.name.split(".")[0]
        if path.suffix == ".parquet":
            frame = pl.read_parquet(data)
            for n in range(PIECES):
                piece = io.BytesIO()
                frame[frame.height * n // PIECES : frame.height * (n + 1) // PIECES].write_parquet(piece)
                out[f"{stem}_{n}.parquet"] = piece.getvalue()
            continue
        head, *rows = (gzip.decompress(data) if path.suffix == ".gz" else data).splitlines(keepends=True)
        for n in range(PIECES):
            out[f"{stem}_{n}.csv"] = head + b"".join(rows[len(rows) * n // PIECES : len(rows) * (n + 1) // PIECES])
    return out


@pytest.fixture(scope="module", params=[1, 2])
def sample(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample")
    make_sample(out, clinics=3, courses=60, seed=request.param, bad=False)
    return out


def made(sample: Path, at: Path, nights: list[dict[str, bytes]]) -> Home:
    home = Home(at)
    home.make()
    shutil.copyfile(sample / "clinics.toml", home.clinics)
    for files in nights:
        night(home, files)
    return home


@pytest.fixture(scope="module")
def in_pieces(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """All pieces in one night: to read or to copy."""
    return made(sample, tmp_path_factory.mktemp("pieces") / "home", [pieces(sample / "inbox")])


def test_order_and_split_over_nights_change_nothing(sample: Path, in_pieces: Home, tmp_path: Path) -> None:
    """One night of whole files; the pieces in one night; and the pieces in any order over two and over four nights."""
    whole = made(sample, tmp_path / "whole", [{path.name: path.read_bytes() for path in (sample / "inbox").iterdir()}])
    scores, rates = asked(whole, VALUES), asked(whole, RATES)
    assert len(scores) > 300
    assert any(row[0] for row in asked(whole, "SELECT met > 0 FROM rate"))
    parts = list(pieces(sample / "inbox").items())
    for many in (1, 2, 4):
        random.Random(many).shuffle(parts)
        nights = [dict(parts[n::many]) for n in range(many)]
        # A night takes the files by name, so that for one night alone their order does not matter.
        split = in_pieces if many == 1 else made(sample, tmp_path / str(many), nights)
        assert asked(split, VALUES) == scores
        assert asked(split, RATES) == rates
        assert asked(split, "SELECT count(*) FROM quarantine") == [(0,)]


def test_the_same_night_twice_gives_nothing_new(sample: Path, in_pieces: Home, tmp_path: Path) -> None:
    files = pieces(sample / "inbox")
    home = copied(in_pieces, tmp_path / "home")
    before = tmp_path / "before.duckdb"
    shutil.copyfile(home.published_copy, before)
    # Again, the same bytes under other names too.
    night(home, files | {f"again_{name}": data for name, data in files.items()})
    with duckdb.connect(str(home.published_copy), read_only=True) as con:
        con.execute(f"ATTACH '{before}' AS before (READ_ONLY)")
        for table in ("rate", "arrival", "score", "score_event", "quarantine", "extract_day", "patient", "comparison"):
            for one, two in (("main", "before.main"), ("before.main", "main")):
                assert con.execute(
                    f"SELECT count(*) FROM (FROM {one}.{table} EXCEPT ALL FROM {two}.{table})"
                ).fetchall() == [(0,)]
