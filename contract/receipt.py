"""The contract suite's receipt: for which sources it passed as a whole.

`make contract` runs the suite against both stores and, when all of it passed, writes the digest
of the sources into `contract/receipt.json`.  A lab measures only sources with a receipt: two
stores that don't do the same work can't be compared.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PATH: Final = Path(__file__).with_name("receipt.json")
SOURCES: Final = ("contract", "bank", "monolith", "microservices", "tests/contract/suite")
"""What stores are made of, and what they were held against."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """`sources`: digest of the sources; `tests`: how many passed; `targets`: what they ran on."""

    sources: str
    tests: int
    targets: list[str]


def digest_of_sources(root: Path = ROOT) -> str:
    """Hash every Python file of the stores, the contract and its suite, with its path."""
    return digest_of(python_files(root, SOURCES), root)


def python_files(root: Path, folders: Iterable[str]) -> list[Path]:
    """List them folder by folder, in order of their paths."""
    return [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]


def digest_of(files: Iterable[Path], root: Path) -> str:
    """Hash files, each with its path below `root`."""
    found = hashlib.sha256()
    for path in files:
        found.update(path.relative_to(root).as_posix().encode() + b"\0")
        found.update(path.read_bytes() + b"\0")
    return found.hexdigest()[:16]


def read_receipt(path: Path = PATH) -> Receipt | None:
    """Return the last receipt; None without a readable one."""
    try:
        return Receipt(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def write_receipt(receipt: Receipt, path: Path = PATH) -> None:
    """Replace the receipt, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(asdict(receipt), indent=1) + "\n", encoding="utf-8")
    partial.replace(path)


def has_passed(root: Path = ROOT, path: Path = PATH) -> bool:
    """Say whether the suite passed for the sources as they are now."""
    receipt = read_receipt(path)
    return receipt is not None and receipt.sources == digest_of_sources(root)
