"""The command `release`."""

from __future__ import annotations

from outcomes.commands import Arguments, Verbs, date


def add(verbs: Verbs) -> None:
    """The verb release."""
    release = verbs.add(
        "release",
        _release,
        "Lock the rates and verdicts of a date for ever; or list, show and recompute what was locked.",
        "outcomes release 2026-Q1 --home clinic-home --as-of 2026-03-31",
        data=True,
    )
    release.add_argument("name", nargs="?", metavar="NAME", help="name of the new release")
    release.add_argument("--as-of", type=date, help="its date, 2026-03-31 (default: the last night's)")
    others = release.add_mutually_exclusive_group()
    others.add_argument("--list", action="store_true", help="every release, and the early warning since the last one")
    others.add_argument("--show", metavar="NAME", help="the verdicts and rates of a release")
    others.add_argument(
        "--replay", metavar="NAME", help="recompute a release from the stored scores: exit with 3 if anything differs"
    )


def _release(arguments: Arguments) -> int | None:
    from outcomes.releasing import release

    return release(arguments)
