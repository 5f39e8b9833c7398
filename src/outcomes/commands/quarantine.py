"""The commands about what was set aside and refused: listed, shown, read again, destroyed."""

from __future__ import annotations

import re
import sys

from outcomes.commands import Arguments, Verbs, count, date, given_of
from outcomes.commands.homes import home_of, published
from outcomes.errors import UsageError
from outcomes.tables import place, written


def add(verbs: Verbs) -> None:
    """The verbs quarantine, requeue and refused."""
    quarantine = verbs.add(
        "quarantine",
        _quarantine,
        "Rows set aside, by file, line, column and reason; never their values, but with --show.",
        "outcomes quarantine --home clinic-home --reason total_is_not_sum",
        data=True,
    )
    quarantine.add_argument("--reason", help="only this reason code")
    quarantine.add_argument("--arrival", help="only the file whose sha256 starts so")
    quarantine.add_argument("--night", type=count, help="only of the files of this night")
    quarantine.add_argument(
        "--show", metavar="SHA:LINE", help="print this row as it was sent, from the archive: that is patient data"
    )

    requeue = verbs.add(
        "requeue",
        _requeue,
        "Have files read again by the next night, after clinics.toml, a profile or the program was corrected.",
        "outcomes requeue --home clinic-home --reason unknown_clinic",
    )
    requeue.add_argument("files", nargs="*", metavar="SHA", help="the file whose sha256 starts so")
    requeue.add_argument(
        "--reason", help="every file that was refused, or of which rows are set aside, for this reason"
    )

    refused = verbs.add(
        "refused",
        _refused,
        "Files refused, and why; or destroy the bytes of one.",
        "outcomes refused --home clinic-home --destroy 3f9a01c2 --by R.Meyer",
        data=True,
    )
    refused.add_argument(
        "--destroy", metavar="SHA", help="destroy the bytes of the refused file whose sha256 starts so"
    )
    refused.add_argument("--by", help="name of the person who destroys them")
    refused.add_argument("--as-of", type=date, help="date to write down (default: the last night's)")


def _quarantine(arguments: Arguments) -> None:
    from outcomes.publishedcopy import quarantined

    if arguments.show and (given := given_of(arguments, ("reason", "arrival", "night"))):
        raise UsageError(f"--show names its row by itself: leave out {', '.join(given)}.")
    with published(arguments) as con:
        if arguments.show:
            _show(arguments, con)
            return
        rows = quarantined(con, arguments.reason, arguments.arrival, arguments.night)
    print(
        written(
            rows,
            {
                "night": "night",
                "sha256": "file",
                "feed": "feed",
                "line": "line",
                "column_name": "column",
                "reason_code": "reason",
                "found_at": "found at",
                "sentence": "what would be accepted",
            },
            arguments.format,
        )
    )


def _show(arguments: Arguments, con: object) -> None:
    from outcomes.showing import row_set_aside

    asked = re.fullmatch(r"([0-9a-fA-F]{1,64}):([0-9]{1,9})", arguments.show)
    if not asked:
        raise UsageError("Give --show the head of a file's SHA-256 and a line, as 3f9a01c2:14.")
    row = row_set_aside(home_of(arguments), con, asked[1], int(asked[2]))  # type: ignore[arg-type]
    print("What follows is patient data. Do not copy it into a ticket, a mail or a log.", file=sys.stderr)
    print(row)


def _requeue(arguments: Arguments) -> None:
    from outcomes.requeueing import files_to_read_again, request

    home = home_of(arguments)
    if not arguments.files and not arguments.reason:
        raise UsageError("Which files? Give the head of their SHA-256, or --reason CODE.")
    with published(arguments) as con:
        shas = files_to_read_again(home, con, arguments.files, arguments.reason)
    request(home, shas)
    files = "1 file is" if len(shas) == 1 else f"{len(shas):,} files are"
    print(f"{files} read again by the next night: outcomes nightly --home {home.root}")


def _refused(arguments: Arguments) -> None:
    from outcomes.destroying import destroy, refused_files

    home = home_of(arguments)
    if arguments.destroy:
        if not arguments.by:
            raise UsageError("Give with --by the name of the person who destroys the file.")
        sha = destroy(home, arguments.destroy, arguments.by, arguments.as_of)
        print(f"Destroyed: the bytes of {sha}. The ledger keeps that it came, and why it was refused.")
        return
    if arguments.by or arguments.as_of:
        raise UsageError("--by and --as-of go with --destroy SHA.")
    with published(arguments) as con:
        rows = refused_files(home, con)
    if arguments.format == "table":
        rows = [
            row | {"file": row["sha256"][:12], "where": place(row["column_no"], row["line"], row["kind"])}
            for row in rows
        ]
    columns = {
        "file": "file",
        "night": "night",
        "bytes": "bytes",
        "bytes_here": "still there",
        "destroyed_by": "destroyed by",
        "destroyed_on": "on",
        "reason_code": "reason",
        "where": "where",
        "sentence": "what would be accepted",
    }
    print(written(rows, columns, arguments.format))
