"""The night's pages: each is made before any is put in place, each by rename, and those of clinics that are no more go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from outcomes import lasting
from outcomes.errors import OutcomesError, place_of
from outcomes.pages.asking import NETWORK, Book, asked
from outcomes.pages.making import page_of, review_of
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.settings import settings_of

Maker = Callable[[Book, str], str]


def write_pages(home: Home) -> None:
    """Write the network page and one a clinic to published/reports, and the review lists to review/, from the published copy.

    Raises OutcomesError where one could not be made: it is then as the last night left it, and all others are new.
    """
    faults: list[str] = []
    try:
        # On the night's threads: what several build side by side can be more than a limit of memory allows.
        with opened(home, {"threads": settings_of(home).limits.threads}) as con:
            book = asked(con)
        pages: dict[str, tuple[Maker, str]] = {"index.html": (page_of, NETWORK)}
        pages |= {f"clinic-{name}.html": (page_of, name) for name in book.clinics}
        lists: dict[str, tuple[Maker, str]] = {f"{name}.html": (review_of, name) for name in book.clinics}
        put_in_place(home.reports, _made(book, pages, faults))
        put_in_place(home.review, _made(book, lists, faults))
    except Exception as error:  # the store, the disk or a folder
        raise _not_made("The pages could not be made", place_of(error)) from None
    if faults:
        count = len(pages) + len(lists)
        raise _not_made(f"{len(faults)} of {count} pages and review lists could not be made", faults[0])


def put_in_place(folder: Path, pages: dict[str, str | None]) -> None:
    """Make the HTML files of a folder these; one of None stays as it is. A reader finds each whole, as it was or as it is now."""
    folder.mkdir(mode=0o700, exist_ok=True)
    open_to = folder.stat()
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    made = {name: text for name, text in pages.items() if text is not None}
    for name, text in made.items():
        path = aside / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        # As open as its folder is: published/reports may be read by a group, review/ by nobody else.
        os.chown(path, -1, open_to.st_gid)
        path.chmod(open_to.st_mode & 0o666)
    os.sync()
    for name in made:
        os.replace(aside / name, folder / name)
    for path in folder.glob("*.html"):
        if path.name not in pages:
            path.unlink()
    aside.rmdir()
    lasting.sync(folder)


def _made(book: Book, pages: dict[str, tuple[Maker, str]], faults: list[str]) -> dict[str, str | None]:
    """Each page by its file's name; None where it could not be made, and then its place is in `faults`."""
    made: dict[str, str | None] = {}
    for name, (make, clinic) in pages.items():
        try:
            made[name] = make(book, clinic)
        except Exception as error:  # one clinic's fault is not another's; the words of the error could carry a number
            made[name] = None
            faults.append(place_of(error))
    return made


def _not_made(what: str, place: str) -> OutcomesError:
    return OutcomesError(
        f"{what} ({place}). The night is done and published, and nothing is lost; what is missing is as an earlier night left it. "
        "Look to the disk and the folder; where they are well, report the words in brackets. The next night makes them all again."
    )
