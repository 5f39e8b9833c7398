"""The command `lake`: many homes, one catalog."""

from __future__ import annotations

from pathlib import Path

from outcomes.commands import Arguments, Verbs
from outcomes.commands.homes import home_of
from outcomes.errors import UsageError


def add(verbs: Verbs) -> None:
    """The verb lake."""
    lake = verbs.add(
        "lake",
        _lake,
        "Bring the stores of many homes together in a DuckLake, and derive rates from all of them. Needs outcomes[lake].",
        "outcomes lake push --home clinic-home --catalog postgres:dbname=lake",
    )
    lake.add_argument(
        "what",
        choices=("create", "push", "derive"),
        help="make a lake; append to it what a home has and it has not; or make --home a published copy of all that is in it",
    )
    lake.add_argument("--catalog", required=True, metavar="CATALOG", help="postgres:dbname=... host=... user=..., without its password (that is in ~/.pgpass); or a file, for one writer at a time")  # fmt: skip
    lake.add_argument("--data", type=Path, metavar="DIR", help="create: folder of its encrypted Parquet files")


def _lake(arguments: Arguments) -> None:
    {"create": _create, "push": _push, "derive": _derive}[arguments.what](arguments)


def _create(arguments: Arguments) -> None:
    from outcomes.lakes import create

    if not arguments.data:
        raise UsageError("Where to put its Parquet files? Give --data DIR.")
    create(arguments.catalog, arguments.data)
    print(f"A lake was made. Its files go to {arguments.data.absolute()}; whoever reads its catalog can decrypt them.")


def _push(arguments: Arguments) -> None:
    from outcomes.lakes import push

    made = push(home_of(arguments), arguments.catalog)
    print(
        f"Pushed {made.rows['arrival']:,} files and {made.rows['score']:,} scores. The lake has this home up to night {made.night}, "
        f"arrival {made.arrival_no:,}."
    )


def _derive(arguments: Arguments) -> None:
    from outcomes.lakederiving import derive_lake

    home = home_of(arguments)
    made = derive_lake(arguments.catalog, home)
    print(
        f"{home.published_copy}: {made.homes:,} homes, {made.files:,} files and {made.scores:,} scores, as of {made.as_of}.\n"
        f"Read it as any home: outcomes rates --home {home.root}"
    )
