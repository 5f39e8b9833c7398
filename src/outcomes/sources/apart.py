"""Reads Parquet and Arrow in a process of its own, because a damaged file of theirs can end the process that reads it.

Neither has checksums that are checked: one changed byte can ask for more memory than there is, which polars answers by ending
the process, and its last words on standard error can hold cells. Here such a file costs itself. One process serves all files
of a run; it ends when its input does, thus with the one that started it, however that ends.
"""

from __future__ import annotations

import atexit
import io
import json
import resource
import subprocess
import sys
from contextlib import suppress
from threading import Lock
from typing import IO, Any

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.packed import MAXIMUM_BYTES

_SIZE = 8
# Seconds of a processor for one file, and bytes of addresses for the process, at most.
_MOST_SECONDS = 900
_MOST_ADDRESSES = 8 * MAXIMUM_BYTES


class _Reader:
    """The process, started when it is first asked, and again after it has ended over a file."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = Lock()

    def ask(self, what: str, data: bytes) -> tuple[dict[str, Any], bytes]:
        """Its answer. Raises FileRefusedError where it ended over the question, and did so again.

        Only a signal is a file's doing, and the first may have been another's. An error of ours is not the file's.
        """
        with self._lock:
            for _ in range(2):
                process = self._process = self._process or _started()
                assert process.stdin
                assert process.stdout
                try:
                    _put(process.stdin, what.encode())
                    _put(process.stdin, data)
                    return json.loads(_take(process.stdout)), _take(process.stdout)
                except (BrokenPipeError, EOFError):
                    if self.end() >= 0:
                        raise RuntimeError("the process that reads Parquet and Arrow could not run") from None
        raise FileRefusedError("not_readable")

    def end(self) -> int:
        """End the process, if there is one; how it ended."""
        process, self._process = self._process, None
        if process is None:
            return 0
        with suppress(BrokenPipeError):  # what it did not read
            process.communicate()
        return process.returncode


def _started() -> subprocess.Popen[bytes]:
    # In a session of its own: whoever interrupts or stops a run as a whole leaves it to the run to end it.
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "outcomes.sources.apart"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


_reader = _Reader()
atexit.register(_reader.end)


def read_apart(data: bytes, *, is_parquet: bool) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The names and cells of a Parquet or Arrow file. Raises FileRefusedError."""
    said, cells = _reader.ask("parquet" if is_parquet else "arrow", data)
    if "refused" in said:
        raise FileRefusedError(said["refused"], column_no=said["column_no"], kind=said["kind"])
    return tuple(said["names"]), pl.read_ipc_stream(io.BytesIO(cells))


def _put(to: IO[bytes], data: bytes) -> None:
    to.write(len(data).to_bytes(_SIZE, "big"))
    to.write(data)
    to.flush()


def _take(of: IO[bytes]) -> bytes:
    head = of.read(_SIZE)
    data = of.read(int.from_bytes(head, "big"))
    if len(head) < _SIZE or len(data) < int.from_bytes(head, "big"):
        raise EOFError
    return data


def _serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Answer until the questions end."""
    from outcomes.sources.parquet import typed_as_text

    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, _MOST_ADDRESSES))
    with suppress(EOFError):
        while True:
            what, data = _take(questions), _take(questions)
            used = resource.getrusage(resource.RUSAGE_SELF)
            seconds = int(used.ru_utime + used.ru_stime) + _MOST_SECONDS
            resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.RLIM_INFINITY))
            cells = io.BytesIO()
            try:
                names, frame = typed_as_text(data, is_parquet=what == b"parquet")
                frame.write_ipc_stream(cells, compression="lz4")
                said: dict[str, Any] = {"names": names}
            except FileRefusedError as error:
                said = {"refused": error.reason_code, "column_no": error.column_no, "kind": error.kind}
            _put(answers, json.dumps(said).encode())
            _put(answers, cells.getvalue())


if __name__ == "__main__":
    _serve(sys.stdin.buffer, sys.stdout.buffer)
