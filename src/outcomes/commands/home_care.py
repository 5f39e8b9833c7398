"""The commands that keep a home well: is it fit for the next night, backups, and what need not be kept."""

from __future__ import annotations

from pathlib import Path

from outcomes.commands import Arguments, Verbs, date
from outcomes.commands.homes import home_of, published
from outcomes.errors import UsageError
from outcomes.tables import written


def add(verbs: Verbs) -> None:
    """The verbs doctor, backup, restore, prune and erase."""
    verbs.add(
        "doctor",
        _doctor,
        "Say what the home and the machine need for the next night, and where each setting comes from.",
        "outcomes doctor --home clinic-home",
        data=True,
    )

    backup = verbs.add(
        "backup",
        _backup,
        "Copy the home to a folder, also while a night runs. What never changes is linked to the backup before.",
        "outcomes backup --home clinic-home --to /srv/backup/clinic-home",
    )
    backup.add_argument("--to", type=Path, help="folder of the backups (default: folder in [backup] of outcomes.toml)")

    restore = verbs.add(
        "restore",
        _restore,
        "Make a new home from a backup, each file held to its SHA-256.",
        "outcomes restore /srv/backup/clinic-home --home new-home",
    )
    restore.add_argument("source", type=Path, metavar="FROM", help="a backup, or a folder of them: then its last one")

    prune = verbs.add(
        "prune",
        _prune,
        "Remove logs, receipts to send and old stores over what the settings keep. Never the archive.",
        "outcomes prune --home clinic-home --dry-run",
        data=True,
    )
    prune.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")

    erase = verbs.add(
        "erase",
        _erase,
        "Erase one file of the archive of which no row stands, for good. Who did it and why stays.",
        "outcomes erase 3f9a01c2 --by R.Meyer --reason consent_withdrawn --home clinic-home",
    )
    erase.add_argument("file", metavar="SHA", help="the file whose sha256 starts so")
    erase.add_argument("--by", required=True, help="name of the person who erases it")
    erase.add_argument("--reason", required=True, help="consent_withdrawn, sent_by_mistake, holds_identifier, agreement_ended or kept_long_enough")  # fmt: skip
    erase.add_argument("--as-of", type=date, help="date to write down (default: the last night's)")
    erase.add_argument("--dry-run", action="store_true", help="say whether it may be erased, and leave it")


def _doctor(arguments: Arguments) -> int:
    from outcomes.doctoring import WRONG, examine

    rows = [finding._asdict() for finding in examine(home_of(arguments))]
    print(written(rows, {"state": "", "check": "check", "found": "found", "do": "what to do"}, arguments.format))
    return int(any(row["state"] == WRONG for row in rows))


def _backup(arguments: Arguments) -> int:
    from outcomes.backups import backup
    from outcomes.settings import settings_of

    home = home_of(arguments)
    folder = arguments.to or settings_of(home).backup.folder
    if not folder:
        raise UsageError("Where to? Give --to DIR, or set folder in [backup] of outcomes.toml.")
    made = backup(home, Path(folder).absolute())
    print(f"{made.folder}: {len(made.files):,} files, {made.bytes:,} bytes; {made.linked:,} of them are links to the backup before.")  # fmt: skip
    if made.damaged or made.missing:
        print(f"In the home, {made.damaged:,} files of the archive are not what their names say, and {made.missing:,} are missing. Bring them back from an earlier backup.")  # fmt: skip
        return 1
    return 0


def _restore(arguments: Arguments) -> None:
    from outcomes.backups import restore

    home = home_of(arguments)
    files = restore(arguments.source, home)
    print(
        f"{home.root}: {files:,} files, each as the backup's manifest has it. Now run: outcomes nightly --home {home.root}"
    )


def _prune(arguments: Arguments) -> None:
    from outcomes.pruning import prune

    rows = prune(home_of(arguments), dry_run=arguments.dry_run)
    columns = {"what": "would go" if arguments.dry_run else "gone", "files": "files", "bytes": "bytes", "kept": "kept"}
    print(written(rows, columns, arguments.format))


def _erase(arguments: Arguments) -> None:
    from outcomes.destroying import erase, may_be_erased

    if arguments.dry_run:
        with published(arguments) as con:
            sha, _ = may_be_erased(con, arguments.file, arguments.reason)
        print(f"May be erased: {sha}. No row of it stands. Nothing was done.")
        return
    sha = erase(home_of(arguments), arguments.file, arguments.by, arguments.reason, arguments.as_of)
    print(f"Erased: the bytes of {sha}. The ledger keeps that it came and its rows, none of which stands. Backups made before have them still.")  # fmt: skip
