"""By what a night is made: the program's version, the digest of its files, and that of the lock file."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from importlib.metadata import version
from importlib.resources.abc import Traversable

from outcomes.paths import locked_versions

_KINDS = (".py", ".sql", ".j2", ".css")
# Data files have versions of their own.
_NOT_OURS = ("data", "__pycache__")


def program_version() -> str:
    """The version of the program."""
    return version("outcomes")


@cache
def program_digest() -> str:
    """The head of the SHA-256 of the program's own files: the same for a checkout and for what is installed from it."""
    found = hashlib.sha256()
    for package in ("outcomes", "schemas"):
        for name, text in sorted(_files(resources.files(package), package)):
            found.update(f"{name}\0{len(text)}\0".encode() + text)
    return found.hexdigest()[:16]


def lock_digest() -> str:
    """The head of the SHA-256 of requirements.lock; none where the program was installed without it."""
    path = locked_versions()
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16] if path.exists() else "none"


def _files(folder: Traversable, name: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += [] if entry.name in _NOT_OURS else _files(entry, f"{name}/{entry.name}")
        elif entry.name.endswith(_KINDS):
            found.append((f"{name}/{entry.name}", entry.read_bytes()))
    return found
