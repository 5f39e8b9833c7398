"""Any number of rows in files of up to 10,000,000: `parts.py FOLDER ROWS` writes part-NNN.csv and clinics.toml."""

from __future__ import annotations

import sys
from pathlib import Path

from inputs import COPY_ROWS, base, renamed, write_clinics

PART_COPIES = 10


def main(folder: Path, rows: int) -> None:
    """Write them: one sample, repeated under other pseudonyms. `rows` is a multiple of COPY_ROWS."""
    folder.mkdir(parents=True)
    write_clinics(folder / "clinics.toml")
    header, patients = base(folder / "sample", COPY_ROWS)
    text = b"".join([line for patient in patients for line in patient][:COPY_ROWS])
    copies = rows // COPY_ROWS
    for part, start in enumerate(range(0, copies, PART_COPIES)):
        with (folder / f"part-{part:03}.csv").open("wb") as out:
            out.write(header)
            for copy in range(start, min(start + PART_COPIES, copies)):
                out.write(renamed(text, copy))


if __name__ == "__main__":
    if int(sys.argv[2]) % COPY_ROWS:
        raise SystemExit(f"a multiple of {COPY_ROWS:,} rows")
    main(Path(sys.argv[1]), int(sys.argv[2]))
