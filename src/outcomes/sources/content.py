"""The bytes of one file, in memory or where they lie on disk: whole, or in blocks of whole lines that bound what is held."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

# What is given to be judged: the bytes of a file, or of one larger than a block the path where they lie, never changed.
Content = bytes | Path

# Text is parsed and checked in blocks of about this size. Reading one takes some five times as much memory; larger ones cost no less.
BLOCK_BYTES = 32 * 2**20
# So many bytes at once where each is looked at, and no line matters.
PIECE_BYTES = 2**20
# No last block is shorter: what marks the end of a file is in one block with it.
_END = 64


def whole(content: Content) -> bytes:
    """All the bytes."""
    return content if isinstance(content, bytes) else content.read_bytes()


def head_of(content: Content, size: int) -> bytes:
    """The first bytes, up to `size`."""
    if isinstance(content, bytes):
        return content[:size]
    with content.open("rb", buffering=0) as handle:
        return handle.read(size)


def pieces(content: Content) -> Iterator[bytes]:
    """The bytes in their order: at once where they are in memory, else piece by piece."""
    if isinstance(content, bytes):
        yield content
        return
    with content.open("rb", buffering=0) as handle:
        while piece := handle.read(PIECE_BYTES):
            yield piece


def sha256_of(content: Content) -> tuple[str, int]:
    """The SHA-256 of the bytes, and how many there are."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces(content):
        digest.update(piece)
        size += len(piece)
    return digest.hexdigest(), size


def in_one_block(content: Content) -> bool:
    """Whether it is small enough to be one block."""
    return (len(content) if isinstance(content, bytes) else content.stat().st_size) <= BLOCK_BYTES + _END


def blocks(content: Content) -> Iterator[tuple[bytes, bool]]:
    """The bytes in blocks of some BLOCK_BYTES, each but the last ending where a line does, and whether it is the last.

    A line is never cut, however long.
    """
    if in_one_block(content):
        yield whole(content), True
        return
    with io.BytesIO(content) if isinstance(content, bytes) else content.open("rb") as handle:
        size = handle.seek(0, io.SEEK_END)
        start = 0
        while start < size:
            end = _end_of_line(handle, start + BLOCK_BYTES - 1, size)
            handle.seek(start)
            yield handle.read(end - start), end == size
            start = end


def _end_of_line(handle: BinaryIO, at: int, size: int) -> int:
    """The place behind the line that is at a place of the file; its end where little is left behind that."""
    handle.seek(min(at, size))
    while (line := handle.readline(PIECE_BYTES)) and not line.endswith(b"\n"):
        pass
    end = handle.tell()
    return size if size - end < _END else end
