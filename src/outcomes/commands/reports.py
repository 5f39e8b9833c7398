"""The command `report`."""

from __future__ import annotations

from pathlib import Path

from outcomes.commands import Arguments, Verbs
from outcomes.commands.homes import clinic_of, home_of, published
from outcomes.errors import UsageError


def add(verbs: Verbs) -> None:
    """The verb report."""
    report = verbs.add(
        "report",
        _report,
        "Write the page of a clinic, or of all clinics, as HTML or PDF; of a locked release, or with --shared one that may leave the house.",
        "outcomes report --home clinic-home --clinic C01 --out C01.html --shared",
    )
    report.add_argument("--clinic", default="all", help="this clinic; all (default) for all clinics together")
    report.add_argument("--release", metavar="NAME", help="as a locked release has it, the same at any later time")
    report.add_argument(
        "--out", type=Path, required=True, help="file to write: .html, or .pdf where Chromium is installed"
    )
    report.add_argument(
        "--shared", action="store_true", help="only what the last edition of outcomes export tells: no count of 1 to 10"
    )
    report.add_argument(
        "--charts", type=Path, help="folder for each chart as .svg, and as .png where Chromium is installed"
    )


def _report(arguments: Arguments) -> None:
    from outcomes import lasting
    from outcomes.frames import one
    from outcomes.pages import printing
    from outcomes.pages.asking import INSIDE, NETWORK, SHARED, asked
    from outcomes.pages.making import chart_files, page_of, shared_page_of
    from outcomes.pages.released import released_book
    from outcomes.publishedcopy import known

    out: Path = arguments.out
    if out.suffix not in (".html", ".pdf"):
        raise UsageError("Give an --out that ends in .html or .pdf.")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"There is no folder {out.absolute().parent}. Make it first.")
    if arguments.release and arguments.shared:
        raise UsageError("A release has counts of 1 to 10: for sharing leave out --release.")
    with published(arguments) as con:
        clinic = clinic_of(arguments) or NETWORK
        # A clinic that is registered and has sent nothing yet has a page too.
        if not one(con, "SELECT count(*) FROM clinic WHERE clinic_id = ?", [clinic]):
            known(con, "clinic", clinic)
        if arguments.shared and not one(con, "SELECT count(*) FROM shared_edition"):
            raise UsageError(
                "Nothing has been shared yet, so that every number would be suppressed. Share an edition first: outcomes export --shared"
            )
        book = None if arguments.release else asked(con, SHARED if arguments.shared else INSIDE)
    if book is None:
        book = released_book(home_of(arguments), arguments.release, clinic)
    page = (shared_page_of if arguments.shared else page_of)(book, clinic)
    charts = chart_files(book, clinic, is_shared=arguments.shared) if arguments.charts else {}
    if out.suffix == ".pdf":
        printing.printed(page, out)
    else:
        lasting.write(out, page)
    if arguments.charts:
        arguments.charts.mkdir(parents=True, exist_ok=True)
    for name, svg in charts.items():
        lasting.write(arguments.charts / f"{name}.svg", svg)
        if printing.browser():
            printing.pictured(svg, arguments.charts / f"{name}.png")
    drawn = "SVG and PNG" if printing.browser() else "SVG; no PNG, since no Chromium is installed here"
    print(
        f"{'For sharing' if arguments.shared else 'For inside the house'}: {out}"
        + (f", {len(charts)} charts in {arguments.charts} ({drawn})" if charts else "")
    )
