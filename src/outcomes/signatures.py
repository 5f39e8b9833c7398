"""Who has checked which definition: signed by name, append-only, of exactly what it says at the last night."""

from __future__ import annotations

import datetime as dt
from difflib import get_close_matches
from typing import Any

import duckdb

from outcomes import witnessing
from outcomes.errors import UsageError
from outcomes.frames import one
from outcomes.paths import Home
from outcomes.recomputing import definitions_of
from outcomes.signing import last_night, plain_words, refuse_other_program, signed
from outcomes.summary import Row, rows_of

LISTED = """
    SELECT kind, id, version, title, is_signed, signed_by, signed_on, earlier_signatures
    FROM definition_check
    WHERE kind <> 'benchmark'
    ORDER BY kind <> 'rules', position
"""


def sign(
    home: Home, kind: str, name: str, by: str, version: int | None, remark: str | None, on: dt.date | None = None
) -> Row:
    """Record that `by` has checked a definition as the last night has it; returns the row. The published copy is made anew.

    Raises UsageError where there is none, it is of another version than the one checked, `by` has signed it already, or
    the date is before the last night's; BusyError during a night.
    """
    with signed(home, by) as (con, signer):
        refuse_other_program(con)
        definition = _definition(con, kind, name)
        if version not in (None, definition["version"]):
            raise UsageError(f"{name} is version {definition['version']} in this home, not {version}: check that one, and sign it.")  # fmt: skip
        night, last = last_night(home, con)
        if on and on < last:
            raise UsageError(f"The definition is that of the last night, as of {last}. Give that date or a later one.")
        said = [definition[key] for key in ("kind", "id", "digest")]
        if one(con, "SELECT count(*) FROM signature WHERE (kind, id, digest) = (?, ?, ?) AND lower(signed_by) = lower(?)", [*said, signer]):  # fmt: skip
            raise UsageError(f"{signer} has signed {name} as it is already.")
        row = definition | {
            "signed_by": signer,
            "signed_on": on or last,
            "remark": plain_words(con, remark, "The note with --note") if remark else None,
            "night": night,
            "after_release_no": one(con, "SELECT coalesce(max(release_no), 0) FROM release"),
        }
        witnessing.append(home, con, witnessing.SIGNATURES, row)
    return row


def listed(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """The rules and every measure, signed or not."""
    return rows_of(con, LISTED)


def _definition(con: duckdb.DuckDBPyConnection, kind: str, name: str) -> dict[str, Any]:
    """kind, id, version and digests of a definition; `rules` is the name of the rules. Raises UsageError."""
    kind = "rules" if (kind, name) == ("measure", "rules") else kind
    names = dict(con.execute("SELECT id, digest FROM definition_check WHERE kind = ?", [kind]).fetchall())
    if name not in names:
        near = get_close_matches(name, names, n=1)
        raise UsageError(
            f"The last night has no {kind} {name}."
            + (f" Did you mean {near[0]}?" if near else f" They are listed by: outcomes {kind}s list")
        )
    (found,) = (row for row in definitions_of(con) if (row["kind"], row["id"]) == (kind, name))
    return {"kind": kind, "id": name, "version": found["version"], "digest": names[name], "decides": found["decides"]}
