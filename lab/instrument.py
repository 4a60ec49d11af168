"""What measures, as a digest: which trials come, how they are measured, which ones count.

A run that goes on with another instrument would mix two of them in one series.  The stores' own
digest (contract/receipt.py) says nothing of it
(docs/decisions/0223-a-run-goes-on-with-its-instrument.md).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from contract.receipt import digest_of, python_files

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = ("lab", "loadtests", "relay")
RULES: Final = ("arms", "bracket", "estimate", "estimate_blocks", "estimate_p", "guards",
                "stopping")
"""Modules of `reports` that the plan and the trials ask; the others only read what was recorded."""
INSTRUMENT: Final = "instrument"
"""The digest's key among the versions of a run (RunRecord.versions)."""


def digest_of_instrument(root: Path = ROOT) -> str:
    """Hash every Python file of the instrument, with its path."""
    rules = [root / "reports" / f"{name}.py" for name in RULES]
    return digest_of([*python_files(root, FOLDERS), *rules], root)
