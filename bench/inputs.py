"""The files that the table is measured on: one sample, repeated under other pseudonyms; the same bytes every time.

`inputs.py FOLDER ROWS` writes, with the same header in each file:

- `clinics.toml`, of CLINICS clinics that share the patients in turn;
- `rows-N.csv`: the first N rows of the same big file, for each N of sizes();
- `night/`: about 10,000 rows in 178 files, the last two rows of patients all over the big file, which has their others;
- `night-million/`: the same, of patients of its first million rows;
- `few.csv`: 100,000 rows, those that the big file has of the patients of `night/`, and some more;
- `many/`: its first million rows in files of 20;
- `warm.csv`: its first 30 rows.
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path

COPY_ROWS, LEAST_ROWS = 1_000_000, 200_000
NIGHT_ROWS, NIGHT_FILES, FEW_ROWS, SMALL_FILE_ROWS, WARM_ROWS = 10_000, 178, 100_000, 20, 30
CLINICS = 178
# A patient of a night has so many rows stored at least, and brings so many more.
STORED, BROUGHT = 3, 2
# Pseudonyms of the sample begin with the first; those of each further copy with another, as many letters wide.
LETTERS = "PABCDEFGHJKLNQRSTUVW"

Patient = list[bytes]


def sizes(rows: int) -> tuple[int, int, int]:
    """Rows of the first load, of a tenth of it, and of the first step's."""
    return rows, rows // 10, min(rows, COPY_ROWS)


def main(folder: Path, rows: int) -> None:
    """Write all of them, and print how large they are."""
    folder.mkdir(parents=True, exist_ok=True)
    copies = max(1, rows // COPY_ROWS)
    each = -(-rows // copies)
    header, patients = base(folder / "sample", each + NIGHT_ROWS + -(-NIGHT_ROWS // copies))
    write_clinics(folder / "clinics.toml")
    of_million, patients = _taken(patients, NIGHT_ROWS)
    of_night, patients = _taken(patients, -(-NIGHT_ROWS // copies))
    stored = [line for patient in patients for line in patient][:each]
    text = b"".join(stored)
    for size in sorted(set(sizes(rows))):
        with (folder / f"rows-{size}.csv").open("wb") as out:
            out.write(header)
            for start in range(0, size, each):
                whole = text if size - start >= each else b"".join(stored[: size - start])
                out.write(renamed(whole, start // each))
    night = [line for copy in range(copies) for line in renamed(b"".join(of_night), copy).splitlines(keepends=True)]
    _split(folder / "night", header, night, NIGHT_FILES)
    _split(folder / "night-million", header, of_million, NIGHT_FILES)
    _split(folder / "many", header, stored[: min(rows, COPY_ROWS)], min(rows, COPY_ROWS) // SMALL_FILE_ROWS)
    _write(folder / "few.csv", header, _few(stored, of_night, copies))
    _write(folder / "warm.csv", header, stored[:WARM_ROWS])
    big = folder / f"rows-{rows}.csv"
    print(json.dumps({"bytes": big.stat().st_size, "columns": header.count(b",") + 1, "night_rows": len(night)}))


def renamed(rows: bytes, copy: int) -> bytes:
    """The rows of other patients: those of copy 0 with another letter before each pseudonym."""
    more, letter = divmod(copy, len(LETTERS))
    return rows.replace(b",P", f",{LETTERS[letter]}{LETTERS[more].lower() if more else ''}".encode())


def base(folder: Path, rows: int) -> tuple[bytes, list[Patient]]:
    """The header, and the rows of each of as many patients as have `rows` rows together, shared among the clinics."""
    from outcomes.sample import make_sample

    make_sample(folder, clinics=1, courses=rows // 9, seed=1, bad=False)
    header, *lines = (folder / "inbox" / "C01_january.csv").read_bytes().splitlines(keepends=True)
    patients, found = [], 0
    for number, (_, of_patient) in enumerate(groupby(lines, _key)):
        clinic = b"C%03d," % (number % CLINICS + 1)
        patients.append([clinic + line.removeprefix(b"C01,") for line in of_patient])
        found += len(patients[-1])
        if found >= rows:
            return header, patients
    raise SystemExit(f"the sample has {found} rows, {rows} are needed")


def _key(line: bytes) -> bytes:
    """Clinic and patient of a row."""
    return line[: line.index(b",", line.index(b",") + 1)]


def _taken(patients: list[Patient], rows: int) -> tuple[list[bytes], list[Patient]]:
    """The last rows of patients evenly spread over all, together `rows`; and all patients without them."""
    able = [number for number, patient in enumerate(patients) if len(patient) >= STORED + BROUGHT]
    wanted = -(-rows // BROUGHT)
    chosen = {able[place * len(able) // wanted] for place in range(wanted)}
    taken = [line for number in sorted(chosen) for line in patients[number][-BROUGHT:]]
    return taken, [patient[:-BROUGHT] if number in chosen else patient for number, patient in enumerate(patients)]


def _few(stored: list[bytes], of_night: list[bytes], copies: int) -> list[bytes]:
    """FEW_ROWS stored rows: all of the night's patients, and the first of others."""
    theirs = {_key(line) for line in of_night}
    first = b"".join(line for line in stored if _key(line) in theirs)
    few = [line for copy in range(copies) for line in renamed(first, copy).splitlines(keepends=True)]
    others = (line for line in stored if _key(line) not in theirs)
    few += [line for line, _ in zip(others, range(FEW_ROWS - len(few)), strict=False)]
    if len(few) != FEW_ROWS:
        raise SystemExit(f"{len(few)} rows for the small history, {FEW_ROWS} are needed")
    return few


def _split(folder: Path, header: bytes, rows: list[bytes], files: int) -> None:
    """The rows in so many files, as even as can be."""
    folder.mkdir()
    for file in range(files):
        some = rows[file * len(rows) // files : (file + 1) * len(rows) // files]
        _write(folder / f"{file:06}.csv", header, some)


def _write(path: Path, header: bytes, rows: list[bytes]) -> None:
    path.write_bytes(header + b"".join(rows))


def write_clinics(path: Path) -> None:
    entry = '[clinics."C{:03}"]\nname = "Clinic {}"\ndrug = "ketamine_iv"\nsends_every_infusion = true\nconfirmed = true\nlimited_data_set = false\n'
    path.write_text("\n".join(entry.format(number, number) for number in range(1, CLINICS + 1)), "utf-8")


if __name__ == "__main__":
    if int(sys.argv[2]) < LEAST_ROWS:
        raise SystemExit(f"at least {LEAST_ROWS:,} rows: the small history has half as many")
    main(Path(sys.argv[1]), int(sys.argv[2]))
