"""The bank of a run: one process outside every budget, which both stores know by one address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import urllib3

from contract.bank import Ledger, LedgerEntry
from lab.deploy.ports import HOST, free_port
from lab.deploy.processes import PortTakenError, Process, await_true, kill_group
from lab.errors import LabError

_TIMEOUT: Final = urllib3.Timeout(total=10)
_START_S: Final = 20.0


class BankError(LabError):
    """The bank does not answer; the message says where its log is."""


class Bank:
    """Started when made.  `launch` starts it at a port; its books outlive its process."""

    def __init__(self, launch: Callable[[int], Process]) -> None:
        self._launch = launch
        self._is_stopped = False
        self.process = launch(free_port())

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.process.command.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    def await_up(self) -> None:
        """Wait until it answers; tried once more at another port when its own was taken.

        Raises StartError.
        """
        try:
            await_true(self.process, self._lives, _START_S)
        except PortTakenError:
            self.process = self._launch(free_port())
            await_true(self.process, self._lives, _START_S)

    def kill(self) -> None:
        """End it at once and on purpose: who asks is refused."""
        self._is_stopped = True
        kill_group(self.pid)
        self.process.popen.wait(5)

    def start(self) -> None:
        """Start it again at its address, and wait until it answers.  Raises StartError."""
        kill_group(self.pid)  # what its end left behind
        self.process = self._launch(self.process.command.port)
        self._is_stopped = False
        await_true(self.process, self._lives, _START_S)

    def revive(self) -> int | None:
        """Start it again if it ended by itself; return the exit code then.  Raises StartError."""
        if self._is_stopped or self.process.is_alive:
            return None
        code = self.process.popen.returncode
        self.start()
        return code

    def stop(self) -> None:
        """End it for good."""
        self._is_stopped = True
        self.process.stop()

    def ledger(self) -> list[LedgerEntry]:
        """Read every movement since the last reset.  Raises BankError."""
        return Ledger.model_validate_json(self._ask("GET")).entries

    def reset(self) -> None:
        """Make it forget: between trials.  Raises BankError."""
        self._ask("DELETE")

    def _ask(self, method: str) -> bytes:
        try:
            return urllib3.request(method, f"{self.url}/ledger", timeout=_TIMEOUT).data
        except urllib3.exceptions.HTTPError as failed:
            code = self.process.popen.poll()
            state = "does not answer" if code is None else f"has ended with code {code}"
            raise BankError(f"the bank {state} ({type(failed).__name__}); "
                            f"{self.process.log}:\n{self.process.last_lines()}") from failed

    def _lives(self) -> bool:
        try:
            answer = urllib3.request("GET", f"{self.url}/livez", timeout=1, retries=False)
        except urllib3.exceptions.HTTPError:
            return False
        return answer.status == 200
