"""The files that all of them are given: made up, with bad rows among them, the same each time."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from random import Random

from environments import ROOT

SEED = 1
# The least people of a clinic for which the sample has a bad row of every kind.
LEAST = 20
UNRULY = 0.06


class Sample:
    """Files of scores with bad rows among them, in a folder; and of one clinic the clean file of the same people, for floor A.

    An `unruly` one has 6 in 100 rows changed: infusion numbers that fall, days moved, other timepoints, drugs and marks, and
    rows sent twice with other values.
    """

    def __init__(self, folder: Path, clinics: int, rows: int, *, unruly: bool = False) -> None:
        sys.path.insert(0, str(ROOT / "src"))
        from outcomes.sample import make_sample

        self.folder, self.inbox, self.clinics = folder, folder / "inbox", folder / "clinics.toml"
        courses = max(LEAST * clinics, rows // 10)
        truth = make_sample(folder, clinics=clinics, courses=courses, seed=SEED)
        # The peers know neither the other feed nor what makes a whole file unfit: both are left out for all.
        for name, fate in truth.first.files.items():
            if fate.feed == "patients" or fate.refused:
                (self.inbox / name).unlink()
        for path in self.inbox.glob("*_patients_*"):
            path.unlink()
        listed = tomllib.loads(self.clinics.read_text("utf-8"))["clinics"]
        self.drugs: dict[str, str] = {name: clinic["drug"] for name, clinic in listed.items()}
        self.clean: Path | None = None
        if unruly:
            _unsettle(self.inbox / "C01_january.csv")
        elif clinics == 1:
            make_sample(folder / "clean", clinics=1, courses=courses, seed=SEED, bad=False)
            self.clean = folder / "clean" / "inbox" / "C01_january.csv"


def _unsettle(path: Path) -> None:
    """Change some rows of a file so that every rule on numbering, courses and corrections has work."""
    rng = Random(SEED)
    header, *lines = path.read_text("utf-8").split("\n")
    place = {name: at for at, name in enumerate(header.split(","))}
    out = [header]
    for line in lines:
        cells = line.split(",")
        if len(cells) == len(place) and rng.random() < UNRULY:
            number, day = place["infusion_number"], place["days_since_first_infusion"]
            kind = rng.randrange(6)
            if kind == 0 and cells[number].isdecimal():
                cells[number] = str(max(1, int(cells[number]) + rng.choice([-3, -2, -1, 1, 2])))
            elif kind == 1 and cells[day].removeprefix("-").isdecimal():
                cells[day] = str(int(cells[day]) + rng.choice([-40, -5, -1, 1, 3, 30, 95]))
            elif kind == 2:
                cells[place["timepoint"]] = rng.choice(["baseline", "pre_infusion", "post_infusion", "follow_up"])
            elif kind == 3:
                cells[place["status"]] = rng.choice(["entered_in_error", "corrected", "final"])
            elif kind == 4:
                cells[number] = "1"
            else:
                cells[place["drug"]] = rng.choice(["ketamine_im", "esketamine_nasal"])
            if rng.random() < 0.3:
                out.append(line)
        out.append(",".join(cells))
    path.write_text("\n".join(out), "utf-8", newline="\n")
