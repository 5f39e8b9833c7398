"""What can be made again: every locked release replayed, and the whole archive read again."""

from __future__ import annotations

from outcomes.errors import OutcomesError
from outcomes.laying import sql_digest
from outcomes.nightreceipts import told_nights
from outcomes.paths import Home
from outcomes.publishedcopy import limited
from outcomes.rebuilding import differing_tables, digests_of, made_again
from outcomes.releasereceipts import RELEASES, is_as_in_receipt
from outcomes.replays import replayed
from outcomes.store import reading
from outcomes.summary import rows_of
from outcomes.verifying.checks import NOT_CHECKED, Check, checked, counted
from outcomes.verifying.witnesses import compared, lines_of
from outcomes.versions import program_digest


def releases(home: Home) -> Check:
    """Each locked release is that of its receipt, and equal when it is computed again from the stored scores.

    One that another program's SQL locked may come out otherwise by this one's: then its receipt alone speaks for it.
    """
    lines, faults = lines_of(home.receipts / RELEASES)
    with reading(home) as con:
        found = rows_of(con, "SELECT release_no, name, sql_digest FROM release ORDER BY release_no")
        faults += compared(
            {row["release_no"]: row for row in found},
            {line["release_no"]: {key: line[key] for key in ("release_no", "name")} for line in lines},
            "release", RELEASES,
        )  # fmt: skip
        for row in found:
            if not is_as_in_receipt(home, con, row["release_no"]):
                faults.append(f"{row['name']}: the locked rows are not those of its receipt")
    unknown = []
    for row in found:
        try:
            said = replayed(home, row["name"])
        except OutcomesError:
            unknown.append(row["name"])
            continue
        if said["equal"] or any(fault.startswith(f"{row['name']}:") for fault in faults):
            continue
        if row["sql_digest"] != sql_digest():
            unknown.append(row["name"])
            continue
        moved = {(line["measure_id"], line["clinic_id"]) for line in said["moved"]}
        faults.append(
            f"{row['name']}: {counted(len(moved), 'rate')} or verdicts moved. {' '.join(said['why'])}".strip()
        )
    if unknown and not faults:
        return Check("releases", counted(len(found), "release"), NOT_CHECKED, f"{', '.join(unknown)} as in the receipts, but locked by another program, whose version must replay it")  # fmt: skip
    return checked("releases", counted(len(found), "release") + ", replayed", faults)


def read_again(home: Home, digests: dict[str, str]) -> Check:
    """The whole warehouse made again from archive and receipts has the same of everything."""
    name, looked_at = (
        "read again",
        f"the archive{', from the floor on' if home.floor.exists() else ''}, by this program",
    )
    is_other = any(line["program_digest"] != program_digest() for line in told_nights(home).values())
    try:
        with made_again(home) as path:
            differing = differing_tables(digests, digests_of(path, limited(home)))
    except OutcomesError as error:
        faults = [str(error)]
    else:
        faults = [f"{table}: {here:,} rows stored, {there:,} made again" for table, (here, there) in differing.items()]
    if faults and is_other:
        return Check(name, looked_at, NOT_CHECKED, "it comes out otherwise, but nights were read by another version of the program")  # fmt: skip
    return checked(name, looked_at, faults)
