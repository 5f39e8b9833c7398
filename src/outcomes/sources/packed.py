"""What is packed in gzip or zip, unpacked within limits. Names and comments in there are never told."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator

from outcomes.errors import FileRefusedError

MAXIMUM_BYTES = 4 * 2**30
MAXIMUM_RATIO = 1000
GZIP = b"\x1f\x8b"
ZIP = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_PIECE = 2**16
_MOST_MEMBERS = 100_000
# What a Mac adds to a zip by itself.
_OF_A_MAC = ("__MACOSX/", ".DS_Store")


def most_bytes(packed: int) -> int:
    """How many bytes a file of `packed` bytes may hold when it is unpacked."""
    return min(MAXIMUM_BYTES, max(2**20, packed * MAXIMUM_RATIO))


def unpacked(data: bytes) -> bytes:
    """The bytes inside a gzip file, all members. Raises FileRefusedError if it is cut short or grows too much."""
    out: list[bytes] = []
    at, size, limit = 0, 0, most_bytes(len(data))
    while at < len(data):
        machine = zlib.decompressobj(wbits=31)
        while not machine.eof:
            # By pieces: what is behind a member is copied once, not once for each of a thousand members.
            piece = data[at : at + _PIECE]
            try:
                part = machine.decompress(piece, limit - size + 1)
            except zlib.error:
                raise FileRefusedError("truncated") from None
            at += len(piece)
            size += len(part)
            if size > limit:
                raise FileRefusedError("too_large")
            if not piece and not machine.eof:
                raise FileRefusedError("truncated")
            out.append(part)
        at -= len(machine.unused_data)
        # Zeros behind the last member are padding, by the format's own description.
        if data[at : at + 1] == b"\x00" and not data[at:].strip(b"\x00"):
            break
    return b"".join(out)


class Zip:
    """The files inside a zip file, by name; all that is read of them together stays within the limit."""

    def __init__(self, data: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
            entries = self._zip.infolist()
        except Exception:  # a damaged directory raises anything, with names in its words
            raise FileRefusedError("truncated") from None
        if len(entries) > _MOST_MEMBERS:
            raise FileRefusedError("too_large")
        self._left = most_bytes(len(data))
        entries = [entry for entry in entries if not entry.filename.endswith("/")]  # folders
        self.files = {entry.filename: entry for entry in entries}
        self.names_twice = len(self.files) < len(entries)

    def only(self) -> bytes:
        """The bytes of the one file in it. Raises FileRefusedError where there are more, or it cannot be unpacked."""
        names = [name for name in self.files if not (name.startswith(_OF_A_MAC[0]) or name.endswith(_OF_A_MAC[1]))]
        if not names:
            raise FileRefusedError("empty_file")
        if len(names) > 1 or self.names_twice:
            raise FileRefusedError("unknown_format", kind="zip of several files")
        return self.read(names[0])

    def read(self, name: str) -> bytes:
        """The bytes of one file of it."""
        return b"".join(self.pieces(name))

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of one file of it, piece by piece; its checksum is checked behind the last one."""
        entry = self.files[name]
        if entry.flag_bits & 0x2041:
            raise FileRefusedError("unknown_format", kind="encrypted zip")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FileRefusedError("unknown_format", kind="zip packed otherwise than by deflate")
        # More than it declares is never unpacked: what is behind is cut off and breaks the checksum.
        self._left -= entry.file_size
        if self._left < 0:
            raise FileRefusedError("too_large")
        try:
            with self._zip.open(entry) as handle:
                while piece := handle.read(2**20):
                    yield piece
        except Exception:  # its words name the file
            raise FileRefusedError("truncated") from None
