"""Contract of outcomes.toml: every setting, what it is for, what is accepted, and what it is where nobody says.

A setting is one field below. Its name is that of its section and its own with a dot between, as `logs.level`; in the
environment it is `OUTCOMES_LOGS_LEVEL`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, NamedTuple

from schemas.errors import DataFileError, called

FILE = "outcomes.toml"
# Asked for before the file can be found, and what prefect.yaml asks for.
NO_SETTINGS = ("OUTCOMES_HOME", "OUTCOMES_CHECKOUT")
_MEGABYTE = 2**20
# What people may be told of.
NOTICES = ("failure", "refusals", "overdue", "verify")


class Accepted(NamedTuple):
    """What a setting may be, in words and as a test."""

    words: str
    holds: Callable[[Any], bool]


def setting(default: Any, meaning: str, accepted: Accepted, *, secret: bool = False) -> Any:
    """A field of a section. Where it is `secret`, nothing that is printed says its value."""
    return field(default=default, metadata={"meaning": meaning, "accepted": accepted, "secret": secret})


def whole(low: int, high: int) -> Accepted:
    """A whole number in a range."""
    return Accepted(f"a whole number from {low:,} to {high:,}", lambda value: low <= value <= high)


def one_of(*words: str) -> Accepted:
    """One of some words."""
    return Accepted(f"{', '.join(words[:-1])} or {words[-1]}", lambda value: value in words)


def some_of(*words: str) -> Accepted:
    """A list of some words, at least one."""
    return Accepted(f"a list of {', '.join(words)}", lambda value: bool(value) and set(value) <= set(words))


def text(words: str, pattern: str) -> Accepted:
    """A text that a pattern fits, or an empty one."""
    return Accepted(f"{words}, or empty", lambda value: not value or re.fullmatch(pattern, value) is not None)


def folder(words: str) -> Accepted:
    """A path from the root, or an empty one."""
    return Accepted(f"{words}, or empty", lambda value: not value or (os.path.isabs(value) and value.isprintable()))


@dataclass(frozen=True)
class Limits:
    """How much a night may take of the machine."""

    file_megabytes: int = setting(
        2048,
        "A larger file of the inbox is left alone, MiB; but for CSV with the contract's own columns, which is read in blocks.",
        whole(1, 1024 * 1024),
    )
    memory: str = setting("", "Memory of DuckDB; empty is twice the size of the warehouse in a night, 900 MB at least, else its own limit, 80% of the machine's.", text("a size as 2GB or 512MB", r"[1-9][0-9]{0,5}(MB|GB)"))  # fmt: skip
    threads: int = setting(1, "Threads of DuckDB. More make a night no faster, and cost more.", whole(1, 256))

    @property
    def file_bytes(self) -> int:
        """The largest file, bytes."""
        return self.file_megabytes * _MEGABYTE


@dataclass(frozen=True)
class Logs:
    """What is written to logs/."""

    level: str = setting("info", "The least that is written.", one_of("debug", "info", "warning", "error"))
    file_megabytes: int = setting(10, "A log of this size is put aside, and a new one begun, MiB.", whole(1, 1024))
    files: int = setting(10, "So many of those put aside are kept.", whole(1, 1000))

    @property
    def file_bytes(self) -> int:
        """Size at which a log is put aside, bytes."""
        return self.file_megabytes * _MEGABYTE


@dataclass(frozen=True)
class Backup:
    """Where a backup goes, and how much of it is kept."""

    folder: str = setting("", "Where `outcomes backup` writes; better on another disk.", folder("a path from the root"))


@dataclass(frozen=True)
class Prune:
    """What `outcomes prune` leaves."""

    sent_nights: int = setting(400, "Receipts to send are kept for so many nights.", whole(1, 100_000))
    upgrade_copies: int = setting(2, "So many warehouses from before an upgrade are kept.", whole(1, 1000))


@dataclass(frozen=True)
class Check:
    """Where the files of a night are read and checked. Whatever is said here, the store is the same."""

    runner: str = setting(
        "here", "Where files are checked: in the night's process, or on Dask.", one_of("here", "dask")
    )
    workers: int = setting(2, "Processes of a Dask cluster of the night's own; at an address, so many tasks at once.", whole(1, 256))  # fmt: skip
    address: str = setting("", "Dask scheduler; empty is a cluster of the night's own, on this machine.", text("an address as tls://host:8786", r"tls://[^\s/@]+:[0-9]{1,5}"))  # fmt: skip


@dataclass(frozen=True)
class Notify:
    """Who is told of a night, and of what. Nobody, where neither a url nor a block is given."""

    url: str = setting(
        "", "Address that notices are sent to.", text("an http or https address", r"https?://[^\s]+"), secret=True
    )
    block: str = setting("", "Prefect's notification block that notices go through.", text("a block as slack-webhook/night", r"[^\s/]+/[^\s/]+"))  # fmt: skip
    on: tuple[str, ...] = setting(NOTICES, "What is told.", some_of(*NOTICES))
    refusals_over: int = setting(0, "Of refused files is told where a night has more than these.", whole(0, 1_000_000))
    timeout_seconds: int = setting(10, "So long a notice may take, seconds.", whole(1, 60))


@dataclass(frozen=True)
class Settings:
    """All settings of a home."""

    reader_group: str = setting("", "Unix group that may read published/.", text("the name of a group of this machine", r"[A-Za-z_][A-Za-z0-9_.-]{0,31}"))  # fmt: skip
    limits: Limits = field(default_factory=Limits)
    logs: Logs = field(default_factory=Logs)
    backup: Backup = field(default_factory=Backup)
    prune: Prune = field(default_factory=Prune)
    check: Check = field(default_factory=Check)
    notify: Notify = field(default_factory=Notify)


SECTIONS: dict[str, type[Any]] = {
    "limits": Limits, "logs": Logs, "backup": Backup, "prune": Prune, "check": Check, "notify": Notify,
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """One setting of the contract."""

    section: str
    key: str
    kind: type[Any]
    default: Any
    meaning: str
    accepted: Accepted
    secret: bool

    @property
    def name(self) -> str:
        """As it is said: `logs.level`."""
        return f"{self.section}.{self.key}" if self.section else self.key

    @property
    def variable(self) -> str:
        """As the environment says it: `OUTCOMES_LOGS_LEVEL`."""
        return "OUTCOMES_" + self.name.replace(".", "_").upper()

    def fault(self, value: Any) -> str | None:
        """Why a value is not accepted, in words that do not say it; None where it is."""
        is_wrong = type(value) is not self.kind or not self.accepted.holds(value)
        return f"expected {self.accepted.words}" if is_wrong else None

    def read(self, said: str) -> Any:
        """The value that a text of the environment means; the text itself where it means none."""
        if self.kind is int and re.fullmatch(r"[0-9]{1,9}", said):
            return int(said)
        if self.kind is tuple:
            return tuple(said.split(","))
        return said


def _known() -> Iterator[Known]:
    for section, kind in (("", Settings), *SECTIONS.items()):
        for each in fields(kind):
            if each.name not in SECTIONS:
                yield _of(section, each)


def _of(section: str, each: Field[Any]) -> Known:
    return Known(section, each.name, type(each.default), each.default, **each.metadata)


KNOWN: dict[str, Known] = {known.name: known for known in _known()}


def read_settings(content: bytes) -> dict[str, Any]:
    """What an outcomes.toml says, by name. Raises DataFileError naming file, key and what is accepted."""
    import tomllib  # most homes have no such file, and every command asks for its settings

    try:
        said = tomllib.loads(content.decode("utf-8"))
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
    ) as error:  # its own words could be the file's; its place is not
        place = re.search(r"at line \d+, column \d+|at end of document", str(error))
        raise DataFileError([f"{FILE}: not readable as TOML" + (f", {place[0]}" if place else "")]) from None
    flat: dict[str, Any] = {}
    faults = []
    for key, value in said.items():
        if key not in SECTIONS:
            flat[key] = value
        elif isinstance(value, Mapping):
            flat |= {f"{key}.{inner}": each for inner, each in value.items()}
        else:
            faults.append(f"{FILE}: {key}: expected a table, [{key}]")
    # TOML's lists are of anything; what is not all text is no list of words.
    flat = {
        name: tuple(of) if isinstance(of, list) and all(isinstance(each, str) for each in of) else of
        for name, of in flat.items()
    }
    for name in flat:
        section, _, key = name.rpartition(".")
        if name not in KNOWN:
            label = f"{section}.{called(key)}" if section else called(key)
            keys = [known.key for known in KNOWN.values() if known.section == section]
            faults.append(
                f"{FILE}: {label}: unknown key; known are {', '.join([*keys, *(SECTIONS if not section else ())])}"
            )
        elif fault := KNOWN[name].fault(flat[name]):
            faults.append(f"{FILE}: {name}: {fault}")
    if faults:
        raise DataFileError(faults)
    return flat


def settings_from(said: Mapping[str, Any]) -> Settings:
    """The settings that say what `said` does by name, and their defaults for the rest."""
    inner = {
        section: kind(
            **{known.key: said[name] for name, known in KNOWN.items() if known.section == section and name in said}
        )
        for section, kind in SECTIONS.items()
    }
    return Settings(
        **{name: said[name] for name, known in KNOWN.items() if not known.section and name in said}, **inner
    )
