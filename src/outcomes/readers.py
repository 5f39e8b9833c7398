"""Who may read what is published: the user of the night, and where the settings name one, a group that owns nothing else."""

from __future__ import annotations

import grp
import os
import stat
from pathlib import Path

from outcomes.errors import OutcomesError
from outcomes.paths import Home
from outcomes.settings import settings_of

_GROUP = stat.S_IRWXG


def let_in(home: Home) -> None:
    """Make published/ readable by the reader group: folders 0750, files 0640; and by nobody else where there is none.

    The group may pass through the home, 0710, and list nothing there. Raises OutcomesError where the group is none, or is
    not the user's to give.
    """
    name = settings_of(home).reader_group
    group = _number(name) if name else None
    if group is None and not stat.S_IMODE(home.published.stat().st_mode) & _GROUP:
        return
    for path in (home.published, *sorted(home.published.rglob("*"))):
        if not path.is_symlink():
            _give(path, group, 0o750 if path.is_dir() else 0o640)
    _give(home.root, group, 0o710)


def _give(path: Path, group: int | None, mode: int) -> None:
    status = path.stat()
    wanted = mode if group is not None else mode & ~_GROUP
    try:
        if group is not None and status.st_gid != group:
            os.chown(path, -1, group)
        if stat.S_IMODE(status.st_mode) != wanted:
            path.chmod(wanted)
    except PermissionError:
        raise OutcomesError("The user of the night may not give published/ to reader_group. Add the user to that group.") from None  # fmt: skip


def _number(name: str) -> int:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise OutcomesError("outcomes.toml: reader_group: this machine has no such group. Make it, or name another.") from None  # fmt: skip
