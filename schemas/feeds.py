"""The feeds that clinics send, and how a header tells which one a file is of."""

from __future__ import annotations

from collections.abc import Iterable

from schemas import patients, scores
from schemas.contracts import Contract

FEEDS: dict[str, Contract] = {contract.feed: contract for contract in (scores.CONTRACT, patients.CONTRACT)}
# What the ledger calls the feed of a file that was refused before its header was known.
UNKNOWN = "unknown"

COLUMNS = {column for contract in FEEDS.values() for column in contract.columns}
# A column of one feed only says which feed a file is of.
OWN = {
    column: contract.feed
    for contract in FEEDS.values()
    for column in contract.columns
    if sum(column in each.columns for each in FEEDS.values()) == 1
}


def told(columns: Iterable[str]) -> list[str]:
    """The feeds that these columns belong to, each once, in the order of the first column that says so."""
    return list(dict.fromkeys(OWN[column] for column in columns if column in OWN))


def of_one_feed() -> str:
    """What a file may hold, in one sentence: the columns of each feed."""
    items = ", ".join(scores.ITEMS)
    lists = (
        f"{contract.feed} ({', '.join(column for column in contract.columns if column in OWN)})"
        for contract in FEEDS.values()
    )
    return f"columns of two feeds: a file holds either {' or '.join(lists).replace(items, 'item_1 to item_9')}, each with clinic_id, patient_id and status"
