"""A batch of files judged in parts, by other processes or machines: each part as what it is, and all together as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from outcomes import inbox
from outcomes.checking import Judged, Layout, judge
from outcomes.errors import MayPassError, OutcomesError, place_of
from outcomes.goodrows import joined_rows
from outcomes.paths import Home
from outcomes.stepping import is_of_a_moment
from outcomes.versions import lock_digest, program_digest
from schemas.clinics import Clinics
from schemas.feeds import FEEDS

# A part is whole files up to about this size: large enough that handing it over is little beside judging it.
PART_BYTES = 16 * 2**20


@dataclass(frozen=True, repr=False)
class Part:
    """What is handed to whoever judges it: where the home is, and the SHA-256 of each file. No bytes, and no name of a file.

    program: digests of the program and of the lock file that the night is made by.
    """

    root: Path
    sha256: tuple[str, ...]
    clinics: Clinics | None
    program: tuple[str, str]


def part_of(home: Home, sha256: Iterable[str], clinics: Clinics | None) -> Part:
    """A part of a home's files, to be judged by this program."""
    return Part(home.root.absolute(), tuple(sha256), clinics, _program())


def judge_part(part: Part) -> Judged:
    """What became of a part. Raises OutcomesError whatever breaks, since third-party words can carry cells."""
    if part.program != _program():
        raise OutcomesError(
            "A worker has another version of the program, or was installed by another requirements.lock. Install the night's there too."
        )
    try:
        return judge((inbox.content_of(Home(part.root), sha) for sha in part.sha256), part.clinics)
    except Exception as error:
        kind = MayPassError if is_of_a_moment(error) else OutcomesError
        raise kind(
            f"A part of the night's files could not be checked ({place_of(error)}). Nothing is lost: run the night again."
        ) from None


def _program() -> tuple[str, str]:
    return program_digest(), lock_digest()


def joined(parts: Sequence[Judged]) -> Judged:
    """What became of a batch whose files were judged in parts, in their order: as if they had been judged together.

    Its rows are in the order in which judge() would have them, so that they get the same numbers in the store.
    """
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part.formats))
    layouts = [layout for part in parts for layout in part.layouts]
    place = _places(layouts)
    good = {}
    for feed in FEEDS:
        of_feed = [(part.good[feed], start) for part, start in zip(parts, starts, strict=False) if feed in part.good]
        if of_feed:
            good[feed] = joined_rows([rows for rows, _ in of_feed], [start for _, start in of_feed], place)

    def moved(name: str) -> pl.DataFrame:
        return pl.concat([_moved(getattr(part, name), start) for part, start in zip(parts, starts, strict=False)])

    rules = pl.concat([part.rules for part in parts]).group_by("feed", "rule").sum()
    order = pl.DataFrame({"feed": list(FEEDS)}, {"feed": pl.String}).with_row_index("feed_no")
    return Judged(
        [each for part in parts for each in part.formats],
        [each for part in parts for each in part.feeds],
        layouts,
        [each for part in parts for each in part.profiles],
        [each for part in parts for each in part.rows_read],
        [each for part in parts for each in part.blank],
        {file + start: error for part, start in zip(parts, starts, strict=False) for file, error in part.refused.items()},
        good,
        moved("reasons"),
        moved("notes"),
        rules.join(order, on="feed").sort("feed_no", "rule").drop("feed_no"),
    )  # fmt: skip


def _moved(frame: pl.DataFrame, start: int) -> pl.DataFrame:
    return frame.with_columns(pl.col("file") + start) if start else frame


def _places(layouts: Sequence[Layout | None]) -> list[int]:
    """File -> the place of what it was parsed with: files parsed by themselves first, then by the first file of each layout."""
    first: dict[Layout, int] = {}
    for file, layout in enumerate(layouts):
        if layout is not None:
            first.setdefault(layout, file)
    return [file if layout is None else len(layouts) + first[layout] for file, layout in enumerate(layouts)]
