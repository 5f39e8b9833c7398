"""Writes the corpus to a folder: python -m tests.corpus FOLDER.

The files by number, clinics.toml, and expected.json with the name, night and fate of each.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.corpus import CASES, CLINICS


def main(folder: Path) -> None:
    """Write all of it; a folder that is there is written into."""
    folder.mkdir(parents=True, exist_ok=True)
    said = []
    for place, case in enumerate(CASES.values()):
        (folder / f"{place:04}").write_bytes(case.data)
        said.append({"file": f"{place:04}", "name": case.name, "night": case.night, **asdict(case.fate)})
    (folder / "clinics.toml").write_text(CLINICS, "utf-8")
    (folder / "expected.json").write_text(json.dumps(said, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
