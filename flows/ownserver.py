"""A Prefect server of the command's own, on loopback: it ends when the command does, however that ends.

Prefect's own temporary server is left behind by a kill -9. This one reads a pipe whose other end only the command holds, and
the kernel closes that with the command. It is started before Prefect is imported, so that both load at the same time.
Nothing of Prefect is imported here but by the server itself.
"""

from __future__ import annotations

import atexit
import gc
import os
import select
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from outcomes.errors import OutcomesError, UsageError
from outcomes.paths import Home

LOOPBACK = "127.0.0.1"
# Who holds the slot of a deployment is kept on disk: in memory, as is Prefect's way, a slot that is held when the server dies
# is never free again, and every later run of the deployment is cancelled.
LEASES = "prefect.server.concurrency.lease_storage.filesystem"
# Generous: a first start makes Prefect's database, and the machine may be busy.
_READY_SECONDS = 300
_END_SECONDS = 10
_LAST_PORT = 65535


class OwnServer:
    """The server as the command sees it: its address, and the pipe that keeps it alive."""

    def __init__(self, prefect_home: Path, *, port: int = 0, lasting: bool = False) -> None:
        """Start it; `port` 0 is any free one. A lasting one also makes scheduled runs and shows Prefect's pages.

        Raises OutcomesError where the port is taken, UsageError where there is no such port.
        """
        if port > _LAST_PORT:
            raise UsageError(f"There is no port {port}. Give one up to {_LAST_PORT} with --port.")
        prefect_home.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = os.environ | {"PREFECT_HOME": str(prefect_home)}
        environment.pop("PREFECT_API_URL", None)
        with (prefect_home / "server.log").open("w") as log:
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                # -P: nothing of the folder that the command is called in is imported.
                [sys.executable, "-P", "-m", "flows.ownserver", str(port), "lasting" if lasting else "temporary"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=environment,
                # Ctrl-C is for the command, which then ends the server.
                start_new_session=True,
            )
        self._log = log.name
        # Registered before Prefect's own, so called after them: what Prefect still has to say finds the server there.
        atexit.register(self.end)
        said = self._line()
        if not said.isdecimal():
            self.end()
            raise OutcomesError(
                f"Port {port} of this machine is taken, so Prefect's server cannot use it. Give another one with --port."
            )
        self.url = f"http://{LOOPBACK}:{said}/api"

    def wait(self) -> None:
        """Until it answers. Raises OutcomesError where it does not start."""
        if self._line() != "ready":
            self.end()
            raise OutcomesError(
                f"Prefect's server did not start; {self._log} says why. The night runs without it: outcomes nightly --no-prefect"
            )

    def end(self) -> None:
        """Close the pipe, and see that the server is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _line(self) -> str:
        assert self._process.stdout is not None
        if not select.select([self._process.stdout], [], [], _READY_SECONDS)[0]:
            return ""
        return self._process.stdout.readline().decode().strip()


def server_of(home: Home, *, port: int = 0, lasting: bool = False) -> OwnServer | None:
    """Start the home's own server and name it to Prefect, which must not be imported yet; None where PREFECT_API_URL names one.

    Prefect's own database belongs to the home.
    """
    os.umask(0o077)
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    prefect_home = Path(os.environ.setdefault("PREFECT_HOME", str(home.prefect)))
    if os.environ.get("PREFECT_API_URL"):
        return None
    server = OwnServer(prefect_home, port=port, lasting=lasting)
    os.environ["PREFECT_API_URL"] = server.url
    return server


def _serve(port: int, is_lasting: bool) -> None:
    """The server's own process."""
    # Looking for garbage in what is imported, all of which stays, would be a fifth of what the start costs.
    gc.disable()
    pipe = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever else prints goes to the log
    try:
        # Bound before anything is loaded: the port is ours from here on.
        listening = socket.create_server((LOOPBACK, port))
    except OSError:
        pipe.write("taken\n")
        return
    port = listening.getsockname()[1]
    pipe.write(f"{port}\n")
    url = f"http://{LOOPBACK}:{port}/api"
    # As Prefect's own temporary server has them; a lasting one has pages, which must know where they are served.
    os.environ |= {"PREFECT_API_URL": url} | (
        {"PREFECT_SERVER_UI_API_URL": url, "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": LEASES}
        if is_lasting
        else {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
    )
    running: list[Any] = []

    def end_with_the_command() -> None:
        with suppress(OSError):
            while os.read(0, 1):
                pass
        if running:
            running[0].should_exit = True
            threading.Event().wait(_END_SECONDS / 2)
        os._exit(0)

    # From here on, also while the rest is loaded: the command may be gone by then.
    threading.Thread(target=end_with_the_command, daemon=True).start()
    import uvicorn
    from prefect.server.api.server import create_app

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                gc.freeze()
                gc.enable()
                pipe.write("ready\n")

    running.append(Server(uvicorn.Config(create_app(), lifespan="on", log_level="error", timeout_graceful_shutdown=2)))
    running[0].run(sockets=[listening])
    os._exit(0)  # threads of Prefect may go on for a while


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2] == "lasting")
