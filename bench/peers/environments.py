"""The peers' own virtual environments, outside the product's: made once from the pins beside each peer."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# The first of these Pythons that a peer needs; the others are happy with ours.
AT_LEAST = {"ccbhc": (3, 12)}


def environment(peer: str, folder: Path) -> Path | None:
    """The Python of a peer's environment, made anew where its pins changed; None where no Python here is new enough for it."""
    pins = HERE / peer / "requirements.txt"
    python = _python(AT_LEAST.get(peer, (3, 11)))
    if python is None:
        return None
    place = folder / peer
    made_of = place / "made-of"
    digest = hashlib.sha256(pins.read_bytes()).hexdigest() + " " + python
    if not made_of.exists() or made_of.read_text() != digest:
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(place)], check=True)
        pip = [str(place / "bin" / "pip"), "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-deps", "--require-hashes", "-r", str(pins)], check=True)
        made_of.write_text(digest)
    return place / "bin" / "python"


def _python(at_least: tuple[int, int]) -> str | None:
    """A Python of this version or a later one: ours, one on the path, or one of pyenv's."""
    if sys.version_info[:2] >= at_least:
        return sys.executable
    names = [f"python3.{minor}" for minor in range(at_least[1], at_least[1] + 3)]
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [path for name in names if (path := shutil.which(name))]
    found += [str(path) for name in names for path in sorted(pyenv.glob(f"{name.removeprefix('python')}.*/bin/python"))]
    return next((python for python in found if _runs(python, at_least)), None)


def _runs(python: str, at_least: tuple[int, int]) -> bool:
    said = subprocess.run(
        [python, "-c", f"import sys; sys.exit(sys.version_info[:2] < {at_least})"], capture_output=True, check=False
    )
    return said.returncode == 0


def versions(python: Path, packages: list[str]) -> dict[str, str]:
    """The versions of packages in an environment, and of its Python."""
    ask = "import platform, sys\nfrom importlib.metadata import version\nprint(platform.python_version(), *map(version, sys.argv[1:]))"
    said = subprocess.run([str(python), "-c", ask, *packages], capture_output=True, text=True, check=True)
    return dict(zip(["python", *packages], said.stdout.split(), strict=True))
