"""What clinics get wrong: single rows with exactly one fault, and whole files that cannot be taken in."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field
from pathlib import Path

from outcomes.sample.clinics import CORE, Clinic
from outcomes.sample.files import ClinicFile, Fate

ITEMS = {f"item_{i}": cell for i, cell in enumerate("102101020", 1)}
NO_ITEMS = dict.fromkeys(ITEMS, "")


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of bad row: what it changes in a good follow-up form, and why the row is set aside.

    `text` faults cannot be written in a typed file. `trim` is fields left off (1) or added (-1).
    """

    reason: str
    cells: dict[str, str] = field(default_factory=dict)
    text: bool = False
    trim: int = 0


FAULTS = (
    Fault("item_range", {"item_3": "4", "total": ""}),
    Fault("total_range", NO_ITEMS | {"total": "300"}),
    Fault("total_is_not_sum", {"total": "9"}),
    Fault("total_below_items", {"item_2": "", "item_4": "", "total": "3"}),
    Fault("total_above_items", {"item_9": "", "total": "12"}),
    Fault("day_range", {"days_since_first_infusion": "4000"}),
    Fault("patient_id_pattern", {"patient_id": "anon"}),
    Fault("patient_id_pattern", {"patient_id": "p"}),
    Fault("patient_id_pattern", {"patient_id": "4711"}),
    Fault("timepoint_unknown", {"timepoint": "pre_infusoin"}),
    Fault("infusion_number_range", {"infusion_number": "0", "timepoint": "pre_infusion"}),
    Fault("no_answers", NO_ITEMS | {"total": ""}),
    Fault("no_answers", NO_ITEMS | {"total": "", "timepoint": "baseline", "days_since_first_infusion": "-3"}),
    Fault("unknown_clinic", {"clinic_id": "X99"}),
    Fault("recall_period_unknown", {"recall_period": "one_week"}),
    Fault("drug_unknown", {"drug": "ketamine_sc"}),
    Fault("status_unknown", {"status": "preliminary"}),
    Fault("safety_not_yes_no", {"nausea": "maybe"}),
    Fault("item_10_range", {"item_10": "4"}),
    Fault("ended_unknown", {"ended": "finished"}),
    Fault("item_not_whole", {"item_3": "2.5", "total": ""}, text=True),
    Fault("item_not_whole", {"item_3": "+2", "total": ""}, text=True),
    Fault("item_not_whole", {"item_3": "\uff12", "total": ""}, text=True),
    Fault("total_not_whole", NO_ITEMS | {"total": "7.5"}, text=True),
    Fault("day_not_whole", {"days_since_first_infusion": "20.5"}, text=True),
    Fault("infusion_number_not_whole", {"infusion_number": "1.5", "timepoint": "pre_infusion"}, text=True),
    Fault("dose_not_number", {"dose_mg_per_kg": "half"}, text=True),
    Fault("minutes_not_whole", {"infusion_minutes": "40.5"}, text=True),
    Fault("field_count", text=True, trim=1),
    Fault("field_count", text=True, trim=-1),
)


class BadRows:
    """Bad rows for one clinic, each of a patient of its own, so that no rate depends on them."""

    def __init__(self, clinic: Clinic) -> None:
        self._clinic = clinic
        self._serial = 0
        typed = clinic.format == "parquet"
        sent = {*CORE, *clinic.optional}
        self._faults = [f for f in FAULTS if f.cells.keys() <= sent and not (f.text and typed)]

    def __len__(self) -> int:
        return len(self._faults) + 1

    def write(self, kind: int, out: ClinicFile) -> None:
        """One bad row of this kind (counted round and round), or the two sides of a contradiction."""
        self._serial += 1
        kind %= len(self)
        if kind == len(self._faults):
            out.write(self._cells({}), reason="contradiction")
            out.write(self._cells({"item_1": "2", "total": "8"}), reason="contradiction")
            return
        fault = self._faults[kind]
        out.write(self._cells(fault.cells), reason=fault.reason, trim=fault.trim)

    def _cells(self, changed: dict[str, str]) -> list[str]:
        good = {
            "clinic_id": self._clinic.clinic_id,
            "patient_id": f"zz{self._serial:04d}",
            "infusion_number": "",
            "days_since_first_infusion": "20",
            "timepoint": "follow_up",
            **ITEMS,
            "total": "7",
        }
        cells = good | dict.fromkeys(self._clinic.optional, "") | changed
        return list(cells.values())


def _line(patient: str, *, items: str = "102101020") -> str:
    return ",".join(("C01", patient, "", "20", "follow_up", *items, "")) + "\n"


def _gzip(content: bytes) -> bytes:
    """Compressed with a header that says nothing of time, name or machine."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, packed, mtime=0) as out:
        out.write(content)
    return packed.getvalue()


HEADER = ",".join(CORE) + "\n"
PEOPLE = [f"zz9{i:03d}" for i in range(12)]
GOOD = "".join(map(_line, PEOPLE))


def bad_files(folder: Path) -> dict[str, Fate]:
    """Write files that must be refused, and one with no rows that is fine. Their expected fates, by name."""
    without = [line.split(",") for line in (HEADER + GOOD).splitlines()]
    place = CORE.index("timepoint")
    squeezed = _gzip((HEADER + GOOD).encode())
    shifted = [_line(p, items="".join(str((i * 7 + j) % 4 + 1) for j in range(9))) for i, p in enumerate(PEOPLE)]
    mail = "".join(_line(f"{p}@example.org") for p in PEOPLE)
    twice = [f"{line},{'total' if i == 0 else '7'}" for i, line in enumerate((HEADER + GOOD).splitlines())]
    more = [f"{line},{'mood_index' if i == 0 else '7'}" for i, line in enumerate((HEADER + GOOD).splitlines())]
    refused: dict[str, tuple[str, bytes]] = {
        "C01_coded_from_one.csv": ("coding_shift", (HEADER + "".join(shifted)).encode()),
        "C01_cut_off.csv.gz": ("truncated", squeezed[: len(squeezed) * 2 // 3]),
        "C01_empty.csv": ("empty_file", b""),
        "C01_extra_column.csv": ("unknown_column", ("\n".join(more) + "\n").encode()),
        "C01_latin.csv": ("not_utf8", (HEADER + GOOD + _line("zz9\xe9")).encode("latin-1")),
        "C01_mail.csv": ("identifier", (HEADER + mail).encode()),
        "C01_no_heading.csv": ("no_header", GOOD.encode()),
        "C01_no_timepoint.csv": (
            "missing_column",
            "".join(",".join(c for i, c in enumerate(cells) if i != place) + "\n" for cells in without).encode(),
        ),
        "C01_scan.pdf": ("unknown_format", b"%PDF-1.7\n%%EOF\n"),
        "C01_two_totals.csv": ("duplicate_column", ("\n".join(twice) + "\n").encode()),
    }
    for name, (_, content) in refused.items():
        (folder / name).write_bytes(content)
    (folder / "C01_nothing_new.csv").write_bytes(HEADER.encode())
    fates = {name: Fate("refused", reason) for name, (reason, _) in refused.items()}
    return fates | {"C01_nothing_new.csv": Fate(feed="scores")}
