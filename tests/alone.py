"""A command in a network namespace of its own with loopback alone, beside a sink for notices; run as a script.

Prints JSON: what the command said, the addresses that anything listened on while it ran, and the notices that came.
"""

from __future__ import annotations

import fcntl
import json
import socket
import struct
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

LISTENING = "0A"
GET_FLAGS, SET_FLAGS, UP = 0x8913, 0x8914, 0x1


def raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack("16xH14x", fcntl.ioctl(any_socket, GET_FLAGS, request))
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", flags | UP))


def listeners() -> set[str]:
    """Addresses, as the kernel writes them, on which anything of this namespace listens."""
    found = set()
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            if state == LISTENING:
                found.add(local)
    return found


class Sink(BaseHTTPRequestHandler):
    """Keeps what is posted to it."""

    kept: list[object] = []  # noqa: RUF012

    def do_POST(self) -> None:
        Sink.kept.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *given: object) -> None:
        pass


def main(home: Path, is_alone: bool, command: list[str]) -> None:
    if is_alone:
        raise_loopback()
    sink = HTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    (home / "outcomes.toml").write_text(f'[notify]\nurl = "http://127.0.0.1:{sink.server_port}/x"\n')
    found: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        said: list[tuple[str, str]] = []
        waiting = threading.Thread(target=lambda: said.append(running.communicate(timeout=300)))
        waiting.start()
        while waiting.is_alive():
            found |= listeners() if is_alone else set()
            waiting.join(0.2)
    ours = f"{sink.server_port:04X}"
    found = {address for address in found if not address.endswith(f":{ours}")}
    out, err = said[0]
    left = sorted(listeners() - {f"0100007F:{ours}"}) if is_alone else []
    print(json.dumps({"code": running.returncode, "out": out, "err": err, "listeners": sorted(found), "left": left, "notices": Sink.kept}))  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "alone", sys.argv[3:])
