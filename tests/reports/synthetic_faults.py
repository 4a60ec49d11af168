"""A run with many faults, in two postures if asked; some of them one store can't have."""

from __future__ import annotations

from pathlib import Path

import synthetic
from synthetic import Planted, write_run

from contract.run_record import RunRecord

MODULES = ("catalog", "search", "cart", "orders", "payments")
KINDS_OF = ("crash", "hang", "error", "pool", "network_cut", "replica_freeze")


def write_many_faults(folder: Path, monkeypatch: object, *,
                      postures: bool = False) -> Path:
    """Thirty faults; with `postures` each again, resilient.  No network between modules of one."""
    kinds = {f"{module}-{kind}": (module, kind, 0.0) for module in MODULES for kind in KINDS_OF}
    monkeypatch.setattr(synthetic, "KINDS", kinds)  # type: ignore[attr-defined]
    write_run(folder, Planted(phases=("isolation",), faults=tuple(kinds) * (2 if postures else 1)))
    path = folder / "run.json"
    record = RunRecord.model_validate_json(path.read_text())
    for trial in record.trials:
        if trial.fault and trial.fault.kind == "network_cut" and trial.store == "monolith":
            trial.fault.applies, trial.fault.times_fired = False, 0
    if postures:
        half = [t for t in record.trials if t.fault][len(kinds) * 2:]
        clean = [t for t in record.trials if t.fault is None]
        for trial in half:
            trial.posture = "resilient"
        record.trials += [t.model_copy(update={"posture": "resilient"}) for t in clean]
    path.write_text(record.model_dump_json())
    return folder
