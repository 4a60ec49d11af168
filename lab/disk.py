"""Full disks: found before and after each trial, and told in words wherever a write fails.

Raw rows and logs go to the run's folder, the databases' files to a private one for temporary
files; either can be full.  Nothing is lost: files are written whole or not at all.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path
from typing import Final

from psycopg.errors import DiskFull

from lab.errors import LabError

LEAST_MB: Final = 8
"""Free space without which no trial begins: rows, books and logs of one take about 2 MiB."""
LEAST_PRIVATE_MB: Final = 64
"""The same for the databases' files: a trial writes some segments of 16 MiB to their logs."""


class DiskFullError(LabError):
    """There is no space left; the message says where, and what to do."""


def require_space(folder: Path, private: Path) -> None:
    """Raise DiskFullError when the run's folder or the databases' has too little left."""
    for place, least_mb in ((folder, LEAST_MB), (private, LEAST_PRIVATE_MB)):
        if (free_mb := _free_mb(place)) < least_mb:
            raise DiskFullError(f"the disk of {place} is full: {free_mb} MiB are free, a trial "
                                f"needs {least_mb} MiB")


def is_full(error: BaseException) -> bool:
    """Say whether something failed because a disk, or a quota, is full."""
    return (isinstance(error, DiskFullError | DiskFull)
            or (isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)))


def what_is_full(error: BaseException, folder: Path) -> DiskFullError:
    """Say in words which disk is full; `error` is one that `is_full`."""
    if isinstance(error, DiskFullError):
        return error
    place = min((_existing(folder), Path(tempfile.gettempdir())), key=_free_mb)
    return DiskFullError(f"the disk of {place} is full: {_free_mb(place)} MiB are free ({error})")


def _free_mb(place: Path) -> int:
    return shutil.disk_usage(place).free // 2**20


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
