"""Many rows in files of so many: `parts.py FOLDER ROWS FILE_ROWS` writes part-NNN.csv and clinics.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from inputs import COPY_ROWS, base, renamed, write_clinics


def main(folder: Path, rows: int, file_rows: int) -> None:
    """Write them: one sample, repeated under other pseudonyms. Both numbers are multiples of COPY_ROWS."""
    folder.mkdir(parents=True)
    write_clinics(folder / "clinics.toml")
    header, patients = base(folder / "sample", COPY_ROWS)
    text = b"".join([line for patient in patients for line in patient][:COPY_ROWS])
    copies, each = rows // COPY_ROWS, file_rows // COPY_ROWS
    for part, start in enumerate(range(0, copies, each)):
        with (folder / f"part-{part:03}.csv").open("wb") as out:
            out.write(header)
            for copy in range(start, min(start + each, copies)):
                out.write(renamed(text, copy))


if __name__ == "__main__":
    if any(int(number) % COPY_ROWS for number in sys.argv[2:]):
        raise SystemExit(f"rows and rows a file are multiples of {COPY_ROWS:,}")
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
