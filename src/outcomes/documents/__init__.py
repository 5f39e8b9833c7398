"""The tables of README.md that are made from the data files, the contract and the parser. A test holds them equal.

`python -m outcomes.documents` writes them into the README.md of the current folder, the words of the one-page guides into
its docs/sending.md, the settings into docs/running.md, and what a store says of itself into its docs/auditing.md and
docs/data_dictionary.md.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import Any

from schemas.contracts import Contract
from schemas.scores import ITEMS
from schemas.settings import KNOWN

Row = dict[str, Any]

_TYPES = {
    "code": "text", "whole": "whole number", "word": "one of these words", "item": "0 to 3", "total": "0 to 27",
    "decimal": "decimal number", "yes_no": "yes or no",
}  # fmt: skip


def measures_table(measures: Sequence[Row]) -> str:
    """One line a measure, in the order of measures.toml."""
    lines = (
        (
            f"`{row['measure_id']}`",
            *(row[key] for key in ("title", "numerator", "denominator")),
            row["main_denominator"].replace("_", " "),
            row["source"],
        )
        for row in measures
    )
    return table(("measure", "title", "numerator", "denominator", "main denominator", "made for, or source"), lines)


def contract_table(contract: Contract) -> str:
    """One line a column, then one a rule over several columns, in the contract's order."""
    columns = [
        (_named(name), _TYPES[how["kind"]], _rule(contract, name), needed(contract, name))
        for name, how in contract.reading.items()
        if name not in ITEMS[1:]
    ]
    rows = [(f"`{rule.code}`", rule.sentence) for rule in contract.rules.values() if rule.about == "row"]
    return (
        table(("column", "type", "what it is, and what is accepted", "needed"), columns)
        + "\n"
        + table(("reason over a whole row", "the sentence beside it"), rows)
    )


def commands_table(parser: argparse.ArgumentParser) -> str:
    """One line a command with its example, in the order of the parser."""
    return table(
        ("command", "what it does", "example"),
        ((f"`{name}`", made.description or "", f"`{example(made)}`") for name, made in commands(parser).items()),
    )


def settings_table() -> str:
    """One line a setting, in the order of the contract."""
    return table(
        ("setting", "in the environment", "what it is for", "accepted", "default"),
        (
            (f"`{each.name}`", f"`{each.variable}`", each.meaning, each.accepted.words, f"`{', '.join(each.default) if isinstance(each.default, tuple) else each.default}`" if each.default != "" else "empty")
            for each in KNOWN.values()
        ),
    )  # fmt: skip


def commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Name and parser of each command."""
    (verbs,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return dict(verbs.choices)


def example(command: argparse.ArgumentParser) -> str:
    """The example under a command's `--help`."""
    return (command.epilog or "").removeprefix("example:").strip()


def marked(text: str, name: str) -> str:
    """The part of a document between `<!-- name -->` and `<!-- /name -->`. Raises ValueError unless there is one."""
    found: list[str] = re.findall(_part(name), text, re.S)
    if len(found) != 1:
        raise ValueError(f"{len(found)} parts are marked {name}; expected 1")
    return found[0]


def rewritten(text: str, parts: dict[str, str]) -> str:
    """A document with its marked parts made anew."""
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->\n{marked(text, name)}", f"<!-- {name} -->\n{part}")
    return text


def _part(name: str) -> str:
    return rf"<!-- {name} -->\n(.*?)<!-- /{name} -->"


def _named(name: str) -> str:
    return f"`{ITEMS[0]}` .. `{ITEMS[-1]}`" if name == ITEMS[0] else f"`{name}`"


def described(contract: Contract, name: str) -> str:
    """What a column is; of the first item, what all nine are."""
    what = contract.descriptions[name]
    return what.replace("item 1,", "the item,") if name == ITEMS[0] else what


def accepted(contract: Contract, name: str) -> list[str]:
    """What would be accepted in a column: how it is read, then each of its ranges."""
    # A sentence says what a cell is not; without its "not" it says what is accepted.
    codes = (contract.reading[name]["unreadable"], *(check.name for check in contract.schema.columns[name].checks))
    return [contract.rules[code].sentence.removeprefix("not ") for code in codes]


def _rule(contract: Contract, name: str) -> str:
    return f"{described(contract, name)} Accepted: {'; '.join(accepted(contract, name))}."


def needed(contract: Contract, name: str) -> str:
    """Whether a column, and each of its cells, must be there."""
    if contract.reading[name].get("optional"):
        return "optional"
    return "in every row" if name in contract.needed else "the column; a cell may be empty"


def table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A table in Markdown: headings, and one line a row."""
    body = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in [heads, ["---"] * len(heads), *body])
