"""The night's pages: each is made before any is put in place, each by rename, and those of clinics that are no more go.

A page that would come out as it lies there, but for its night and its ledger, is not made: these are put on it anew.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path

import duckdb

from outcomes import lasting
from outcomes.errors import OutcomesError, place_of
from outcomes.pages.asking import NETWORK, Book, asked
from outcomes.pages.inputs import OF_NIGHT, Keys, digest, nightly_of, of_night, state_of
from outcomes.pages.lying import Made, Page, blank_lying, keep, last_made, said
from outcomes.pages.making import blank_page, blank_review, stamp_of
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.settings import settings_of

# Gives a page without its stamp, of the part of the book that is of it.
Maker = Callable[[Book, str], str]


def write_pages(home: Home) -> None:
    """Write the network page and one a clinic to published/reports, and the review lists to review/, from the published copy.

    Raises OutcomesError where one could not be made: it is then as the last night left it, and all others are new.
    """
    faults: list[str] = []
    try:
        night = _Night(home, faults)
        put_in_place(home.reports, night.reports())
        put_in_place(home.review, night.reviews())
        keep(home, night.now)
    except Exception as error:  # the store, the disk or a folder
        raise _not_made("The pages could not be made", place_of(error)) from None
    if faults:
        count = len(night.now.pages) + len(faults)
        raise _not_made(f"{len(faults)} of {count} pages and review lists could not be made", faults[0])


class _Night:
    """The pages of the last night, one by one; `now` is what they were made of."""

    def __init__(self, home: Home, faults: list[str]) -> None:
        self._home, self._faults = home, faults
        self._then, self._keys = last_made(home), Keys()
        with self._opened() as con:
            # What every night says anew, and how the pages stand: little beside what they are made of.
            short = asked(con, ("night", "clinic", "clinic_group"))
            self._stamp = stamp_of(short, NETWORK, is_shared=False)
            self._clinics = short.clinics
            self.now = Made(state_of(con), of_night(con), stamp=said(self._stamp))
            self._is_as_then = self.now.standing == self._then.standing
            if not self._is_as_then:
                self._book = asked(con)
                self.now.nightly = nightly_of(self._book)
            elif self.now.of_night == self._then.of_night:
                self.now.nightly = self._then.nightly
            else:
                self.now.nightly = nightly_of(asked(con, OF_NIGHT))

    def reports(self) -> Iterator[tuple[str, str | None]]:
        """File name and text of each page; None where it could not be made, and then its place is in `faults`."""
        folder = self._home.reports.relative_to(self._home.root)
        for clinic in (NETWORK, *self._clinics):
            name = "index.html" if clinic == NETWORK else f"clinic-{clinic}.html"
            is_as_then = self._is_as_then and (clinic != NETWORK or self.now.nightly == self._then.nightly)
            yield name, self._page(f"{folder}/{name}", is_as_then, Book.of_page, blank_page, clinic)

    def reviews(self) -> Iterator[tuple[str, str | None]]:
        """The same of each review list."""
        folder = self._home.review.relative_to(self._home.root)
        for clinic in self._clinics:
            yield f"{clinic}.html", self._page(f"{folder}/{clinic}.html", self._is_as_then, Book.of_review, blank_review, clinic)  # fmt: skip

    def _page(
        self, place: str, is_as_then: bool, part_of: Callable[[Book, str], Book], make: Maker, clinic: str
    ) -> str | None:
        """A page as it lies there where it was made of the same, else made; with this night's stamp on it."""
        try:
            then = self._then.pages.get(place)
            key = then.key if then and is_as_then else self._keys.of(part_of(self._book, clinic))
            blank = blank_lying(self._home, self._then, place) if then and key == then.key else None
            if blank is None:
                blank = make(part_of(self._book, clinic), clinic)
            self.now.pages[place] = Page(key, digest(blank.encode()))
            return self._stamp.put_on(blank)
        except Exception as error:  # one clinic's fault is not another's; the words of the error could carry a number
            self._faults.append(place_of(error))
            return None

    @cached_property
    def _book(self) -> Book:
        # Asked for later only where a page is not there as it was made.
        with self._opened() as con:
            return asked(con)

    def _opened(self) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        # On the night's threads: what several build side by side can be more than a limit of memory allows.
        return opened(self._home, {"threads": settings_of(self._home).limits.threads})


def put_in_place(folder: Path, pages: Iterable[tuple[str, str | None]]) -> None:
    """Make the HTML files of a folder these; one of None stays as it is. A reader finds each whole, as it was or as it is now."""
    folder.mkdir(mode=0o700, exist_ok=True)
    open_to = folder.stat()
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    names: dict[str, bool] = {}
    for name, text in pages:
        names[name] = text is not None
        if text is None:
            continue
        path = aside / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        # As open as its folder is: published/reports may be read by a group, review/ by nobody else.
        os.chown(path, -1, open_to.st_gid)
        path.chmod(open_to.st_mode & 0o666)
    os.sync()
    for name, is_new in names.items():
        if is_new:
            os.replace(aside / name, folder / name)
    for path in folder.glob("*.html"):
        if path.name not in names:
            path.unlink()
    aside.rmdir()
    lasting.sync(folder)


def _not_made(what: str, place: str) -> OutcomesError:
    return OutcomesError(
        f"{what} ({place}). The night is done and published, and nothing is lost; what is missing is as an earlier night left it. "
        "Look to the disk and the folder; where they are well, report the words in brackets. The next night makes them all again."
    )
