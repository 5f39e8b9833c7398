"""The night's pages: all are made before any is put in place, each by rename, and those of clinics that are no more go."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from outcomes import inbox
from outcomes.pages.asking import NETWORK, asked
from outcomes.pages.making import page_of, review_of
from outcomes.paths import Home
from outcomes.publishedcopy import opened


def write_pages(home: Home) -> None:
    """Write the network page and one a clinic to published/reports, and the review lists to review/, from the published copy."""
    with opened(home) as con:
        book = asked(con)
    pages = {"index.html": page_of(book, NETWORK)} | {
        f"clinic-{name}.html": page_of(book, name) for name in book.clinics
    }
    put_in_place(home.reports, pages)
    put_in_place(home.review, {f"{name}.html": review_of(book, name) for name in book.clinics})


def put_in_place(folder: Path, pages: dict[str, str]) -> None:
    """Make the HTML files of a folder these. A reader finds each whole, as it was or as it is now."""
    folder.mkdir(mode=0o700, exist_ok=True)
    open_to = folder.stat()
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    for name, text in pages.items():
        path = aside / name
        path.touch(mode=0o600)
        path.write_text(text, "utf-8")
        # As open as its folder is: published/reports may be read by a group, review/ by nobody else.
        os.chown(path, -1, open_to.st_gid)
        path.chmod(open_to.st_mode & 0o666)
    os.sync()
    for name in pages:
        os.replace(aside / name, folder / name)
    for path in folder.glob("*.html"):
        if path.name not in pages:
            path.unlink()
    aside.rmdir()
    inbox.sync(folder)
