"""Made-up clinics with known results: what the product must say of them is known before it runs.

`make_sample` simulates people, writes what their clinics would send on two nights, and writes down what must become of
every file and every measure.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from outcomes.sample.answers import Stock
from outcomes.sample.bad import BadRows, bad_files
from outcomes.sample.clinics import Clinic, made_up
from outcomes.sample.files import ClinicFile, Fate, Renderer, patient_file, score_file
from outcomes.sample.patients import DIMENSIONS, UNKNOWN, Describing, Said, strata
from outcomes.sample.people import Person, person
from outcomes.sample.truth import MET, MISSING, NOT_ELIGIBLE, NOT_MET, WAITING, Rulebook, measures_file, sends

__all__ = ["Night", "Truth", "make_sample"]

ALL = "*"
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Night:
    """What one night must find. `rates` is by clinic (`*` is all of them) and measure, `people` by clinic.

    `strata` is by clinic, dimension of the patients feed and stratum: how many courses are in it.
    """

    as_of: str
    folder: str
    files: dict[str, Fate] = field(default_factory=dict)
    people: dict[str, dict[str, int]] = field(default_factory=dict)
    rates: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    strata: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)

    def state(self, clinic: str, tally: Tally, measures: list[str]) -> None:
        """Write down the counts of a clinic, or of all of them."""
        self.people[clinic] = {name: tally.people[name] for name in ("courses", "not_started")}
        self.rates[clinic] = tally.rates(measures)
        self.strata[clinic] = tally.sizes()

    def as_dict(self) -> dict[str, Any]:
        """For truth.json."""
        files = {name: fate.as_dict() for name, fate in sorted(self.files.items())}
        return {
            "as_of": self.as_of,
            "folder": self.folder,
            "files": files,
            "people": self.people,
            "rates": self.rates,
            "strata": self.strata,
        }


@dataclass(slots=True)
class Truth:
    """What the product must say of a sample, for its first and its later night."""

    first: Night
    later: Night

    def as_dict(self) -> dict[str, Any]:
        """As in truth.json."""
        return {"nights": {"first": self.first.as_dict(), "later": self.later.as_dict()}}


class Tally:
    """Counts of one clinic on one night: people, courses, each measure's classes, and the courses of each stratum."""

    def __init__(self, measures: int) -> None:
        self.people = Counter[str]()
        self.results = Counter[tuple[int, ...]]()
        self.strata = Counter[tuple[str, str]]()
        self._measures = measures

    def add(self, other: Tally) -> None:
        """Add another clinic's counts."""
        self.people.update(other.people)
        self.results.update(other.results)
        self.strata.update(other.strata)

    def count(self, classes: tuple[int, ...] | None, courses: int) -> None:
        """Count one person: the classes of their first course, and their courses (0, 1 or 2)."""
        self.people["courses"] += courses
        if classes is None:
            self.people["not_started"] += 1
            return
        self.results[classes] += 1
        if courses > 1:
            self.results[(NOT_ELIGIBLE,) * self._measures] += courses - 1

    def split(self, cells: dict[str, str], courses: int) -> None:
        """Count one person's courses in the strata of what is said of them. The year is that of the first course only."""
        for dimension, stratum in strata(cells).items():
            later = courses - 1 if dimension == "treatment_year" else 0
            self.strata[dimension, stratum] += courses - later
            self.strata[dimension, UNKNOWN] += later

    def sizes(self) -> dict[str, dict[str, int]]:
        """How many courses each stratum has, by dimension; none that is empty."""
        found: dict[str, dict[str, int]] = {dimension: {} for dimension in DIMENSIONS}
        for (dimension, stratum), courses in sorted(self.strata.items()):
            if courses:
                found[dimension][stratum] = courses
        return found

    def rates(self, names: list[str]) -> dict[str, dict[str, int]]:
        """Met, observed, missing, waiting and not eligible courses of each measure."""
        by_class = [Counter[int]() for _ in names]
        for classes, courses in self.results.items():
            for place, one in enumerate(classes):
                by_class[place][one] += courses
        return {
            name: {
                "met": n[MET],
                "observed": n[MET] + n[NOT_MET],
                "missing": n[MISSING],
                "waiting": n[WAITING],
                "not_eligible": n[NOT_ELIGIBLE],
            }
            for name, n in zip(names, by_class, strict=True)
        }


def make_sample(
    out: Path,
    *,
    clinics: int = 12,
    courses: int = 3000,
    seed: int = 1,
    bad: bool = True,
    files_per_clinic: int = 1,
    progress: Progress | None = None,
) -> Truth:
    """Write a sample under `out` and return what must be found in it: `courses` people, of whom nearly all start one.

    `out/inbox` is what the first night takes in, `out/later` what the later one does; `out/clinics.toml` and
    `out/truth.json` lie beside them. The same arguments make the same bytes. With `bad`, rows and files with faults are
    among them. `progress` is called with the people done and all of them. Raises FileExistsError where `out` holds
    files already: they may be real, and what lies in the inbox beside the sample would make its truth false.
    """
    if clinics < 1 or courses < clinics or files_per_clinic < 1:
        raise ValueError("a sample needs one clinic or more, a course for each, and one file or more for each")
    truth = Truth(Night("2026-01-31", "inbox"), Night("2026-02-28", "later"))
    inbox, later = _empty_folders(out)
    book = Rulebook(measures_file())
    stock = Stock(Random(seed))
    everyone = made_up(clinics, courses)
    network = Tally(len(book.names)), Tally(len(book.names))
    done = 0
    for clinic in everyone:
        made = _Making(seed, clinic, stock, book, bad=bad)
        with ExitStack() as stack:
            said = _patient_files(stack, inbox, later, clinic, truth)
            for part in range(files_per_clinic):
                size = clinic.people * (part + 1) // files_per_clinic - clinic.people * part // files_per_clinic
                stem = f"{clinic.clinic_id}_{{}}" + (f"_{part + 1}" if files_per_clinic > 1 else "")
                first = score_file(inbox, stem.format("january"), clinic)
                second = score_file(later, stem.format("february"), clinic)
                with first, second:
                    for _ in made.people(size, first, second, said):
                        done += 1
                        if progress and done % 1000 == 0:
                            progress(done, courses)
                truth.first.files[first.path.name] = first.fate
                truth.later.files[second.path.name] = second.fate
        for night, tally, whole in zip((truth.first, truth.later), made.tallies, network, strict=True):
            night.state(clinic.clinic_id, tally, book.names)
            whole.add(tally)
    for night, whole in zip((truth.first, truth.later), network, strict=True):
        night.state(ALL, whole, book.names)
    if bad and clinics >= 3:
        truth.first.files.update(bad_files(inbox))
        _send_twice(out, everyone, truth)
    _mark_known(out, truth)
    _write(out / "clinics.toml", _clinics_toml(everyone))
    _write(out / "truth.json", json.dumps(truth.as_dict(), ensure_ascii=False, indent=1, sort_keys=True) + "\n")
    if progress:
        progress(done, courses)
    return truth


def _patient_files(stack: ExitStack, inbox: Path, later: Path, clinic: Clinic, truth: Truth) -> list[ClinicFile]:
    """The clinic's files of patients, open for both nights; none where it does not send the feed."""
    if not clinic.says:
        return []
    first = stack.enter_context(patient_file(inbox, f"{clinic.clinic_id}_patients_january", clinic))
    second = stack.enter_context(patient_file(later, f"{clinic.clinic_id}_patients_february", clinic))
    truth.first.files[first.path.name] = first.fate
    truth.later.files[second.path.name] = second.fate
    return [first, second]


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8", newline="\n")


def _empty_folders(out: Path) -> tuple[Path, Path]:
    """The two folders under `out`, made where they are missing."""
    inbox, later = out / "inbox", out / "later"
    there = [p.name for p in (out / "clinics.toml", out / "truth.json") if p.exists()]
    there += [folder.name for folder in (inbox, later) if folder.is_dir() and any(folder.iterdir())]
    if there:
        raise FileExistsError(f"{out} is not empty ({', '.join(there)}); choose an empty folder for the sample")
    for folder in (inbox, later):
        folder.mkdir(parents=True, exist_ok=True)
    return inbox, later


class _Making:
    """One clinic in the making: simulates its people one at a time, writes their rows and counts their results."""

    def __init__(self, seed: int, clinic: Clinic, stock: Stock, book: Rulebook, *, bad: bool) -> None:
        self._rng = Random(f"{seed} {clinic.clinic_id}")
        self._clinic, self._stock, self._book = clinic, stock, book
        self.tallies = Tally(len(book.names)), Tally(len(book.names))
        self._renderer = Renderer(clinic, f"{seed} {clinic.clinic_id} text", bad=bad)
        self._faults = BadRows(clinic)
        self._describing = Describing(seed, clinic, bad=bad)
        many = max(5, min(len(self._faults), clinic.people // 4), clinic.people // 400)
        self._every = max(1, clinic.people // many) if bad else 0
        self._kind = self._rng.randrange(len(self._faults))
        self._serial = 0

    def people(self, count: int, first: ClinicFile, later: ClinicFile, patients: list[ClinicFile]) -> Iterator[Person]:
        """Make, write and count this many people; `patients` are the files of both nights that say who they are, if any."""
        for _ in range(count):
            self._serial += 1
            someone = person(self._rng, self._clinic, self._stock, self._serial)
            self._renderer.person(someone, first, later)
            self._count(someone, self._describing.person(someone, *patients) if patients else None)
            if self._every and self._serial % self._every == 0:
                self._faults.write(self._kind, first)
                self._kind += 1
            if self._every and self._serial in (2, 9):
                self._faults.write(self._serial - 2, later)
            if patients and self._serial == 1:
                self._describing.bad_rows(patients[0])
            yield someone

    def _count(self, someone: Person, said: Said | None) -> None:
        settled = None
        for night, tally in enumerate(self.tallies, 1):
            if settled is None or sends(someone, night):
                if not any(r.night <= night and not (r.retracted and night == 2) for r in someone.rows):
                    continue
                view = self._book.look(someone, night)
                classes = tuple(self._book.classes(view)) if view else None
                courses = 0 if view is None else 1 if view.second_day is None else 2
            tally.count(classes, courses)
            if courses:
                tally.split(said.on(night) if said else {}, courses)
            # With no open window and nothing new, the later night finds the same.
            settled = classes if classes and WAITING not in classes else None


def _send_twice(out: Path, clinics: list[Clinic], truth: Truth) -> None:
    """Send the smallest clinic's file again: the same night under another name, and on the later night."""
    smallest = min((c for c in clinics if c.people), key=lambda c: c.people)
    path = min((out / "inbox").glob(f"{smallest.clinic_id}_january*"))
    stem, _, ending = path.name.partition(".")
    again = path.with_name(f"{stem}_again.{ending}")
    again.write_bytes(path.read_bytes())
    (out / "later" / path.name).write_bytes(path.read_bytes())
    truth.first.files[again.name] = truth.later.files[path.name] = Fate("known")


def _mark_known(out: Path, truth: Truth) -> None:
    """Mark files whose bytes came before, in the order of names: a clinic with nothing to send repeats a heading."""
    seen = set()
    for night in (truth.first, truth.later):
        for name in sorted(night.files):
            digest = hashlib.sha256((out / night.folder / name).read_bytes()).digest()
            if digest in seen:
                night.files[name] = Fate("known")
            seen.add(digest)


def _clinics_toml(clinics: list[Clinic]) -> str:
    return "\n".join(
        f"[clinics.{c.clinic_id}]\n"
        f'name = "{c.name}"\n'
        'drug = "ketamine_iv"\n'
        f"sends_every_infusion = {str(c.sends_every_infusion).lower()}\n"
        "confirmed = true\n"
        "limited_data_set = false\n"
        for c in clinics
    )
