"""Lines of the stores, and of the files that only exist because one was cut into services."""

from __future__ import annotations

from pathlib import Path


def lines_the_split_added(root: Path | None = None) -> dict[str, int]:
    """Count lines of code (no blanks, no comments) of files on the right without a twin."""
    root = root or Path(__file__).parents[1]
    left, right = root / "monolith", root / "microservices"
    return {
        str(path.relative_to(right)): _code_lines(path)
        for path in sorted(right.rglob("*.py"))
        if not (left / path.relative_to(right)).exists()
    }


def lines_of_stores(root: Path | None = None) -> dict[str, int]:
    """Count lines of code (no blanks, no comments) of each store; what both share is in neither."""
    root = root or Path(__file__).parents[1]
    return {store: sum(map(_code_lines, (root / store).rglob("*.py")))
            for store in ("monolith", "microservices")}


def _code_lines(path: Path) -> int:
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return sum(1 for line in lines if line and not line.startswith("#"))
