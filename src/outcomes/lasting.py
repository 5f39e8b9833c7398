"""Files that are written whole or not at all, and last: and files of JSON lines, which are appended to."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

# So much of the end of a file of lines is read for its last one.
_TAIL = 65536
# JSON as short as it can be written: of what is hashed too, so never another way.
on_one_line = json.JSONEncoder(separators=(",", ":")).encode


def sync(path: Path) -> None:
    """fsync a file or a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write(path: Path, text: str) -> None:
    """Write a small file whole or not at all, and make it last."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_text(text, "utf-8")
    put(aside, path)


def put(aside: Path, path: Path) -> None:
    """Put a file that was made aside in place of another, whole, and make both it and its name last."""
    sync(aside)
    os.replace(aside, path)
    sync(path.parent)


def append(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Append JSON lines and make them last."""
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(on_one_line(line) + "\n" for line in lines)
        handle.flush()
        os.fsync(handle.fileno())


def append_new(path: Path, number: str, lines: Iterable[dict[str, Any]]) -> None:
    """Append the JSON lines whose `number` is above the highest that the file has, and make them last."""
    have = max((line[number] for line in read_lines(path)), default=0)
    if new := [line for line in lines if line[number] > have]:
        append(path, new)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file, none where it is not there. A line cut while it was written is taken out."""
    if not path.exists():
        return []
    whole = path.read_bytes().decode()
    if whole and not whole.endswith("\n"):
        whole = whole[: whole.rfind("\n") + 1]
        write(path, whole)
    return [json.loads(line) for line in whole.splitlines()]


def last_line(path: Path) -> dict[str, Any] | None:
    """The last of the JSON lines of a file, without reading years of them; None where it has none."""
    if not path.exists():
        return None
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - _TAIL))
        tail = handle.read()
    if not tail.endswith(b"\n") or tail.count(b"\n") < 2:
        return next(reversed(read_lines(path)), None)
    found: dict[str, Any] = json.loads(tail.splitlines()[-1])
    return found
