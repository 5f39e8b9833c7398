"""A night's summary in words, for a terminal."""

from __future__ import annotations

from typing import Any

from outcomes.paths import Home
from outcomes.summary import SHOWN
from outcomes.tables import between, percent, place, points, table

Row = dict[str, Any]

RATE_COLUMNS = {
    "title": "measure", "clinic": "clinic", "due": "due", "observed": "with a score", "met": "met", "out_of": "of", "rate": "rate",
    "interval": "95% interval", "bounds": "if the missing counted", "coverage": "coverage",
}  # fmt: skip
COMPARISON_COLUMNS = {
    "benchmark_id": "published", "clinic": "clinic", "ours": "ours", "theirs": "theirs", "difference": "points", "interval": "95% interval", "said": "said",
}  # fmt: skip
# Whether a person has signed what a row is made by.
CHECKED_COLUMNS = {"checked": "checked", "signed_on": "last signed on"}
SIGNED = {"checked": "checked"}
_SIGNED_WORDS: dict[bool | None, Row] = {
    True: {"checked": "signed"},
    False: {"checked": "unchecked"},
    None: {"checked": "-"},
}


def clinic_words(clinic_id: str) -> str:
    """A clinic's name in a table; `*` is all of them."""
    return "all clinics" if clinic_id == "*" else clinic_id


def rate_words(row: Row) -> Row:
    """What a table says of a rate's row beside the row itself."""
    denominator = "observed" if row["main_denominator"] == "observed" else "due"
    return {
        "clinic": clinic_words(row["clinic_id"]), "out_of": f"{row['n']:,} {denominator}", "rate": percent(row["rate"]),
        "interval": between(row["low"], row["high"]), "bounds": between(row["bound_low"], row["bound_high"]), "coverage": percent(row["coverage"]),
    }  # fmt: skip


def comparison_words(row: Row) -> Row:
    """A comparison's row for a table."""
    verdict = f"{row['verdict']} (provisional)" if row["verdict"] else None
    withheld = f"no verdict: {row['withheld_because']}" if row["withheld_because"] else None
    if verdict and row["depends_on_missing"]:
        verdict += ", depends on patients without a score"
    inside = {True: "descriptive: theirs lies in our interval", False: "descriptive: theirs lies outside our interval"}
    if row["their_effect_size"] is not None:
        return row | {
            "clinic": clinic_words(row["clinic_id"]), "ours": f"d_z {_decimal(row['our_d_z'])}, d_pre {_decimal(row['our_d_pre'])}",
            "theirs": f"d {row['their_effect_size']}", "difference": "-", "interval": "-", "said": row["outcome"],
        }  # fmt: skip
    return row | {
        "clinic": clinic_words(row["clinic_id"]) if row["measure_id"] else "-", "ours": percent(row["our_rate"]),
        "theirs": percent(row["their_rate"]) if row["outcome"] != "claim" else between(row["their_low"], row["their_high"]),
        "difference": points(row["difference"]), "interval": between(row["difference_low"], row["difference_high"], points),
        "said": verdict or withheld or inside.get(row["is_theirs_inside"]) or row["outcome"],
    }  # fmt: skip


def checked_words(row: Row) -> Row:
    """Whether a definition is signed, in a table: by whom, or unchecked."""
    again = " again: it has changed since it was signed" if row["earlier_signatures"] else ""
    return {"checked": row["signed_by"] if row["is_signed"] else f"unchecked{again}"}


def signed_words(row: Row) -> Row:
    """Whether all that a rate or a comparison is made by is signed, in a table. A claim is made by nothing."""
    return _SIGNED_WORDS[row["is_signed"]]


def unchecked_words(said: Row) -> str:
    """How many definitions nobody has signed, in one line."""
    rules = ", and so are the rules" if said["rules"] else ""
    return f"{said['measures']:,} of {said['of_measures']:,} measures and {said['benchmarks']:,} of {said['of_benchmarks']:,} benchmarks are unchecked by a clinician{rules} (outcomes measures list)."


def benchmark_words(row: Row) -> Row:
    """A benchmark's row for a table."""
    said = row["outcome"] or "from the next night on"
    if row["retired_on"]:
        said = f"retired from {row['retired_on']}"
    elif row["outcome"] and row["changes_next_night"]:
        said += ", until the next night"
    citation = row["citation"]
    return row | checked_words(row) | {"said": said, "short": citation if len(citation) <= 40 else citation[:39].rstrip() + "…"}  # fmt: skip


def _decimal(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _fates(rows: Row) -> str:
    blank = f" + {rows['blank']:,} blank" if rows.get("blank") else ""
    return f"{rows['read']:,} read = {rows['accepted']:,} accepted + {rows['duplicate']:,} duplicate + {rows['quarantined']:,} quarantined{blank}"


def rows_words(said: Row) -> str:
    """The night's rows by fate, and how many of them are of the patients feed where any are."""

    rows = said["rows"]
    of_patients = [
        f"\nOf the patients feed: {_fates(feed)}."
        for feed in said["feeds"]
        if feed["feed"] == "patients" and feed["files"]
    ]
    again = said.get("read_again")  # what a night of an earlier version said has none
    if again and again["files"]:
        refused = f" ({again['refused']:,} of them refused)" if again["refused"] else ""
        of_patients.append(
            f"\nOf {again['files']:,} {'file' if again['files'] == 1 else 'files'} read again{refused}: {_fates(again)}; {again['withdrawn']:,} rows of earlier readings are read otherwise."
        )
    return f"Rows: {_fates(rows)} ({rows['corrected']:,} corrected, {rows['retracted']:,} retracted)." + "".join(
        of_patients
    )


def night_words(said: Row, home: Home) -> str:
    """What a night found, and where everything is."""
    files = said["files"]
    parts = [
        f"Night {said['night']}, as of {said['as_of']}. Everything below is provisional.",
        f"Files: {files['taken']:,} taken, {files['refused']:,} refused, {files['known']:,} seen before"
        + (f" ({files['known_refused']:,} of them refused then)" if files["known_refused"] else "")
        + (f", {files['left_alone']:,} left alone (unfinished, links or folders)" if files["left_alone"] else "") + ".",
        rows_words(said),
        *_first_words(said, home),
        *_set_aside_words(said),
    ]  # fmt: skip
    clinics = [clinic | {"clinic": clinic_words(clinic["clinic_id"])} for clinic in said["clinics"]]
    parts.append(
        "Clinics\n"
        + table(
            clinics,
            {
                "clinic": "clinic",
                "patients": "patients",
                "not_started": "no infusion on record",
                "courses": "courses",
                "extended_inductions": "extended",
                "closed_inductions": "of closed inductions",
            },
        )
    )
    parts.append(
        "Rates (the rest: outcomes rates)\n"
        + table([r | rate_words(r) for r in said["rates"] if r["measure_id"] in SHOWN], RATE_COLUMNS)
        + _none_due(said)
    )
    compared = [c for c in said["comparisons"] if c["outcome"] in ("verdict", "difference")]
    parts.append(
        "Comparisons (the rest: outcomes compare)\n"
        + table([comparison_words(c) for c in compared], COMPARISON_COLUMNS)
    )
    parts.append(_caveat(said) + (f"\n{unchecked_words(said['unchecked'])}" if "unchecked" in said else ""))
    parts.append(
        f"Summary          {home.summary}\nPublished DuckDB {home.published_copy}\nReceipts         {home.receipts / 'receipts.jsonl'}"
    )
    return "\n\n".join(parts)


def _first_words(said: Row, home: Home) -> list[str]:
    """What was done before the night itself, and whom it registered."""
    parts = []
    if said["nights_healed"]:
        parts.append(
            f"Healed first: {said['nights_healed']} night(s) that had not ended, or that the database had lost."
        )
    if ended := said.get("ended"):
        parts.append(
            f"Night {ended['night']}, as of {ended['as_of']}, had not ended. It had {ended['files']:,} {'file' if ended['files'] == 1 else 'files'}, {ended['refused']:,} refused; "
            f"rows: {_fates(ended)}. They are not counted above; each is told by: outcomes receipt --night {ended['night']} --home {home.root}"
        )
    if said.get("store_upgraded_from"):
        parts.append(
            f"Upgraded first: the store was of version {said['store_upgraded_from']}, of an earlier program. As it was, it lies in {home.backup}."
        )
    if said["registered"]:
        parts.append(
            f"Registered {', '.join(said['registered'])} in clinics.toml. Assumed: IV ketamine, and not every infusion sent, so no verdicts. Confirm each entry."
        )
    elif any(not clinic["confirmed"] for clinic in said["clinics"]):
        parts.append("Some entries of clinics.toml are not confirmed, or do not say the drug: it is assumed.")
    return parts


def _set_aside_words(said: Row) -> list[str]:
    """The files refused and the rows set aside, with their reasons."""
    parts = []
    refused = [arrival for arrival in said["arrivals"] if arrival["refused_because"]]
    if refused:
        shown = [
            {
                "file": a["sha256"][:12],
                "reason": a["refused_because"],
                "where": place(a["column_no"], a["line"], a["identifier_kind"]),
                "words": a["refused_in_words"],
            }
            for a in refused
        ]
        parts.append(
            "Refused files\n"
            + table(shown, {"file": "sha256", "reason": "reason", "where": "where", "words": "what would be accepted"})
        )
    if said["reasons"]:
        parts.append(
            "Quarantined rows\n"
            + table(said["reasons"], {"rows": "rows", "reason_code": "reason", "sentence": "in words"})
        )
    if said["set_aside_by_course"]:
        parts.append(
            "Set aside against the patient's other rows\n"
            + table(said["set_aside_by_course"], {"rows": "rows", "reason_code": "reason", "sentence": "in words"})
        )
    return parts


def _response(said: Row) -> Row | None:
    """The response after induction of all clinics."""
    return next(
        (r for r in said["rates"] if r["clinic_id"] == "*" and r["measure_id"] == "response_post_induction"), None
    )


def _none_due(said: Row) -> str:
    """Why there is no rate on a first night, where courses only wait."""
    network = _response(said)
    if not network or network["due"] or not network["waiting"]:
        return ""
    return (
        f"\n\nNo course is due yet: {network['waiting']:,} wait for the end of their window and a week more. Without extract_day a patient counts as followed\n"
        "to the last row sent, and on from there by the nights that pass: have the clinics send extract_day, and courses of the past count at once."
    )


def _caveat(said: Row) -> str:
    network = _response(said)
    here = percent(network["starters_analysed"]) if network else "-"
    return (
        "A verdict says that a rate differs from the published average; it says nothing of the quality of care. That average pools 178 practices,\n"
        f"and 6.0% of the patients treated there were analysed (here {here}). Clinics differ by chance and by whom they treat. The Veterans Affairs\n"
        "figures, 26% response and 15% with 5 points or less at week 6, are as much a yardstick: outcomes compare --measure response_week_6."
    )
