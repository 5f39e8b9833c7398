"""The one page that a clinic reads before it sends: its columns from the contract, and words of our own beside them."""

from __future__ import annotations

import html
import re

from outcomes.documents import accepted, described, needed
from schemas.contracts import Contract
from schemas.scores import ITEMS

# Heading -> sentences, by feed. `code` is set in another type.
_COLUMNS = "A column that is not one of those listed: a note, a name, a visit's number. The whole file is refused."
_CODES = "A record number, a name or initials as `patient_id`. Give each patient a random code, and the same one in every file."
_NEVER = (
    "Names, initials, addresses, telephone numbers, e-mail addresses, pictures.",
    "Dates: of birth, of a visit, of an infusion. Ages over 89 other than as 90.",
    "Record, account, insurance or social security numbers, or a hash of one.",
    "Comments or any other free text, also in a column that is listed.",
    "The list of who has which code (the crosswalk). It stays in the clinic, with a backup.",
)
WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "scores": {
        "How days are counted": (
            "Day 0 is the day of the patient's first infusion at this clinic. The day before is -1, a week after is 7.",
            "Day 0 stays day 0, also in a second series of infusions and in every later file.",
            "Where the first infusion is not known, the patient is not sent.",
        ),
        "The five commonest mistakes": (
            "A date in place of a day. A cell with a date refuses the whole file.",
            _COLUMNS,
            _CODES,
            "Answers coded 1 to 4 in place of 0 to 3, or a total that is not the sum of the nine. Item 10 is in no total.",
            "Infusions without a questionnaire left out. Send a row with `infusion_number` and `timepoint`, no answers and no total.",
        ),
        "Never send": _NEVER,
    },
    "patients": {
        "How the years are counted": (
            "`age_years` is the age on the day of the first infusion at this clinic. Of 90 and over it is 90.",
            "`first_infusion_year` narrows a patient down beside the days of the scores feed: whether to send it is the clinic's to decide.",
        ),
        "The five commonest mistakes": (
            "A date of birth in place of an age. A cell with a date refuses the whole file.",
            _COLUMNS,
            "Another code than in the scores feed. A patient has one `patient_id` in both, and it is no record number or name.",
            "An empty cell for no. Empty is unknown; where it is known that there is none, write `no`.",
            "Two rows of a patient, or a later row with only what is new. A later row stands in the place of the whole earlier one.",
        ),
        "Never send": _NEVER,
    },
}  # fmt: skip
_WHAT = {
    "scores": "One row for each PHQ-9 questionnaire, or for an infusion given with no questionnaire.",
    "patients": "One row for each patient. Every column but the first two may be left out.",
}
_STYLE = """\
@page { size: A4; margin: 10mm 12mm; }
body { font: 8pt/1.22 Arial, "Liberation Sans", "DejaVu Sans Condensed", sans-serif; color: #111; max-width: 186mm; margin: 0 auto; }
h1 { font-size: 14pt; margin: 0 0 1mm; }
h2 { font-size: 9pt; margin: 0 0 0.8mm; }
p { margin: 0 0 1.6mm; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.5mm 1.2mm; border-bottom: 0.2mm solid #bbb; }
th { border-bottom: 0.4mm solid #111; }
td:first-child { white-space: nowrap; }
td:last-child { width: 24mm; }
code { font-family: "DejaVu Sans Mono", Consolas, monospace; font-size: 0.92em; }
ol, ul { margin: 0; padding-left: 4.5mm; }
.words { columns: 2; column-gap: 7mm; margin-top: 3mm; }
section { break-inside: avoid; padding-bottom: 2mm; }
"""


def guide_rows(contract: Contract) -> list[tuple[str, str, str, str]]:
    """Name, meaning, what is accepted, and whether it is needed, of each column; the nine items are one."""
    return [
        (
            "item_1 .. item_9" if name == ITEMS[0] else name,
            described(contract, name),
            "; ".join(accepted(contract, name)),
            needed(contract, name),
        )
        for name in contract.columns
        if name not in ITEMS[1:]
    ]


def guide(contract: Contract) -> str:
    """The page as HTML that needs no other file. It prints on one side of A4."""
    heads = "".join(f"<th>{head}</th>" for head in ("column", "what it is", "accepted", "needed"))
    lines = "".join(
        f"<tr><td><code>{name}</code></td>{''.join(f'<td>{html.escape(cell)}</td>' for cell in cells)}</tr>\n"
        for name, *cells in guide_rows(contract)
    )
    sections = "".join(
        f"<section><h2>{heading}</h2>\n{_listed(heading, sentences)}</section>\n"
        for heading, sentences in WORDS[contract.feed].items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>The {contract.feed} feed</title>\n'
        f"<style>\n{_STYLE}</style>\n</head>\n<body>\n<h1>What to send: the {contract.feed} feed</h1>\n"
        f"<p>{_WHAT[contract.feed]} The first line names the columns, spelt as here, in any order.</p>\n"
        f"<table>\n<tr>{heads}</tr>\n{lines}</table>\n"
        f'<div class="words">\n{sections}</div>\n</body>\n</html>\n'
    )


def guide_words(contract: Contract) -> str:
    """The words beside the table as Markdown."""
    parts = []
    for heading, sentences in WORDS[contract.feed].items():
        parts += [f"**{heading}**", "", *(f"{_mark(heading)} {sentence}" for sentence in sentences), ""]
    return "\n".join(parts)


def _mark(heading: str) -> str:
    return "1." if "five" in heading else "-"


def _listed(heading: str, sentences: tuple[str, ...]) -> str:
    tag = "ol" if _mark(heading) == "1." else "ul"
    coded = (re.sub(r"`(.*?)`", r"<code>\1</code>", html.escape(sentence, quote=False)) for sentence in sentences)
    lines = "".join(f"<li>{sentence}</li>\n" for sentence in coded)
    return f"<{tag}>\n{lines}</{tag}>\n"
