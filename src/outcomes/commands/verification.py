"""The commands of an auditor: whether a home still says what it once said, and the whole warehouse made again."""

from __future__ import annotations

from outcomes.commands import DIFFERENCE, Arguments, Verbs
from outcomes.commands.homes import home_of, not_told
from outcomes.errors import OutcomesError
from outcomes.tables import written

_COLUMNS = {"check": "check", "looked_at": "looked at", "result": "result", "where": "where"}


def add(verbs: Verbs) -> None:
    """The verbs verify and rebuild."""
    verify = verbs.add(
        "verify",
        _verify,
        "Hold archive, receipts, warehouse, published copy and releases against each other: exit with 3 if anything differs.",
        "outcomes verify --home clinic-home",
        data=True,
    )
    verify.add_argument(
        "--from-archive",
        action="store_true",
        help="also read the whole archive again, and compare all that comes of it",
    )
    rebuild = verbs.add(
        "rebuild",
        _rebuild,
        "Make the whole warehouse again from the archive and the receipts; put it in place only where it is equal.",
        "outcomes rebuild --home clinic-home --check",
        data=True,
    )
    rebuild.add_argument("--check", action="store_true", help="compare only: nothing is put in place")


def _verify(arguments: Arguments) -> int:
    from outcomes import notifying
    from outcomes.verifying import verify
    from outcomes.verifying.checks import DIFFERS

    home = home_of(arguments)
    said = verify(home, from_archive=arguments.from_archive)
    rows = [
        {"check": check.name, "looked_at": check.looked_at, "result": check.result, "where": check.where}
        for check in said.checks
    ]
    if arguments.format == "table":
        print(written(rows, _COLUMNS, "table") + "\n")
        print(f"Digest of the warehouse: {said.digest or 'none'}\nHead of the ledger:      {said.head or 'none'}")
    else:
        rows.append({"check": "digest", "looked_at": said.digest, "result": "", "where": ""})
        rows.append({"check": "ledger head", "looked_at": said.head, "result": "", "where": ""})
        print(written(rows, _COLUMNS, arguments.format))
    if said.differs:
        differing = sum(check.result == DIFFERS for check in said.checks)
        not_told(notifying.tell(home, lambda _: notifying.after_verify(differing)))
        return DIFFERENCE
    if said.unfinished:
        raise OutcomesError(said.unfinished)
    return 0


def _rebuild(arguments: Arguments) -> int:
    from outcomes.rebuilding import rebuild

    home = home_of(arguments)
    said = rebuild(home, check=arguments.check)
    rows = [{"table": table, "rows": here, "made_again": there} for table, (here, there) in said.differing.items()]
    if arguments.format != "table":
        about = {
            "digest": said.before,
            "digest_made_again": said.digest,
            "equal": said.equal,
            "in_place": said.in_place,
        }
        print(written([about | {"differing": " ".join(said.differing)}], {}, arguments.format))
        return 0 if said.equal else DIFFERENCE
    if not said.equal:
        print(written(rows, {"table": "table", "rows": "rows", "made_again": "rows made again"}, "table") + "\n")
        print(f"The warehouse is not what the archive and the receipts give. It was left as it is: {said.before}")
        print(f"Made again, it has the digest {said.digest}")
        print(
            f"If the archive and the receipts are right, move {home.warehouse.name} away and run outcomes rebuild again; outcomes verify says more."
        )
        return DIFFERENCE
    print(f"Digest of the warehouse: {said.digest}")
    print(
        f"{'Made again, it is equal' if said.before else 'There was none; it was made again'}{', and it was put in place' if said.in_place else '; nothing was put in place'}."
    )
    return 0
