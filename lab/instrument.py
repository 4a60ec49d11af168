"""What measures, as a digest: which trials come, how they are measured, which ones count.

A run that goes on with another instrument would mix two of them in one series.  The stores' own
digest (contract/receipt.py) says nothing of it
(docs/decisions/0223-a-run-goes-on-with-its-instrument.md).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = ("lab", "loadtests", "relay")
RULES: Final = ("arms", "bracket", "estimate", "estimate_blocks", "estimate_p", "guards",
                "stopping")
"""Modules of `reports` that the plan and the trials ask; the others only read what was recorded."""
INSTRUMENT: Final = "instrument"
"""The digest's key among the versions of a run (RunRecord.versions)."""


def digest_of_instrument(root: Path = ROOT) -> str:
    """Hash every Python file of the instrument, with its path."""
    found = hashlib.sha256()
    paths = [path for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    paths += [root / "reports" / f"{name}.py" for name in RULES]
    for path in paths:
        found.update(path.relative_to(root).as_posix().encode() + b"\0")
        found.update(path.read_bytes() + b"\0")
    return found.hexdigest()[:16]
