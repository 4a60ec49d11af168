"""`twinstore audit`: check the kept books of a run again, and say what was found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.audit.books import Books
from lab.audit.invariants import CHECKS, check_all
from lab.audit.kept import read_kept
from lab.errors import LabError
from lab.run_folder import RunFolder

_SHOWN: Final = 5


class AuditError(LabError):
    """The books of a run can't be checked; the message says which."""


@dataclass(frozen=True, slots=True)
class Line:
    """One invariant on one topology over all trials; `bound`: upper 95 % bound of its rate when
    nothing was violated (the rule of three)."""

    topology: str
    invariant: str
    meaning: str
    checked: int
    violations: int
    bound: float | None


@dataclass(frozen=True, slots=True)
class Again:
    """`trials`: how many had books; `details`: the first violations in words."""

    lines: list[Line]
    trials: int
    details: list[str]

    @property
    def is_clean(self) -> bool:
        return not any(line.violations for line in self.lines)


def audit_again(path: Path) -> Again:
    """Check the books of every trial of a run by today's invariants.  Raises AuditError."""
    folder = RunFolder(path)
    sums: dict[tuple[str, str], tuple[int, int]] = {}
    details: list[str] = []
    audited = 0
    for trial in folder.read_record().trials:
        kept = folder.books(trial.id)
        if not kept.exists():
            continue
        findings = check_all(_read(kept))
        audited += 1
        for found in findings:
            checked, violations = sums.get((trial.topology, found.invariant), (0, 0))
            sums[trial.topology, found.invariant] = (checked + found.checked,
                                                     violations + found.violations)
            if found.violations:
                details.append(f"trial {trial.id} ({trial.topology}), {found.invariant}: "
                               f"{found.detail}")
    if not audited:
        raise AuditError(f"{path.name} has no books: no trial with load was finished")
    return Again([
        Line(topology, name, meaning_of(name), checked, violations,
             min(1.0, 3 / checked) if checked and not violations else None)
        for (topology, name), (checked, violations) in sorted(sums.items())
    ], audited, details[:_SHOWN])


def meaning_of(invariant: str) -> str:
    """The first sentence of an invariant's own words."""
    words = " ".join((CHECKS[invariant].__doc__ or "").split())
    return words.partition(": ")[2].partition(";")[0].partition(". ")[0].rstrip(".")


def books_of(path: Path, trial: int) -> Books:
    """The kept books of one trial of a run.  Raises AuditError."""
    kept = RunFolder(path).books(trial)
    if not kept.exists():
        raise AuditError(f"{path.name} has no books of trial {trial}")
    return _read(kept)


def _read(kept: Path) -> Books:
    try:
        return read_kept(kept)
    except (OSError, ValueError, EOFError) as spoilt:
        raise AuditError(f"{kept} can't be read: {spoilt}") from None
