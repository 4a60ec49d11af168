"""The server of known service times as a process of its own, for as long as a block lasts."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.known_server import Record
from lab.budget.group import pin_new
from lab.budget.priority import prefer

_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(slots=True)
class Running:
    """A started server; `records` are there when its block has ended."""

    url: str
    records: list[Record] = field(default_factory=list)


@contextmanager
def serving(folder: Path, cpus: Sequence[int], *options: str) -> Iterator[Running]:
    """Run a server on these cores for as long as the block lasts; `options` as in its help."""
    path = folder / "records.json"
    path.unlink(missing_ok=True)
    with subprocess.Popen(
            [sys.executable, "-m", "bench.known_server", "--records", str(path), *options],
            cwd=_ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            pin_new(process.pid, cpus)
            prefer(process.pid)  # its times are the truth: they must not wait for others
            assert process.stdin
            assert process.stdout
            port = process.stdout.readline().strip()
            if not port:
                raise RuntimeError(f"the known server did not start: code {process.wait(10)}")
            running = Running(f"http://127.0.0.1:{port}")
            yield running
            process.stdin.close()
            process.wait(20)
            running.records = [Record(*fields) for fields in json.loads(path.read_bytes())]
        finally:
            process.kill()
