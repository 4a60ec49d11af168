"""Everything that runs during a run: the warden, the bank, the fault page, and the stores."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from contract.bank import LedgerEntry
from contract.faults import Board
from contract.run_record import Limits
from lab.budget.choose import choose_group
from lab.budget.group import available_cores, cores_for, divide_cores, pin_new
from lab.deploy.bank import Bank
from lab.deploy.postgres import PostgresTemplate
from lab.deploy.processes import PortTakenError, Process, start
from lab.deploy.programs import Surroundings, bank_command, base_environ, mark_of
from lab.deploy.secrets import make_secrets
from lab.deploy.stack import Stack
from lab.deploy.startup import Place
from lab.deploy.warden import Warden
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import Budget, Topology


class Deployment:
    """A context: what is started inside it is gone after it, however it ends."""

    def __init__(self, folder: Path, platform: PlatformKeys | None = None,
                 data: DataKeys | None = None, cpus: float | None = None) -> None:
        """`cpus`: the stores get no more cores than this asks for, whatever their budgets."""
        self.mark = uuid.uuid4().hex
        self.cores = divide_cores(available_cores(), cpus)
        self.logs = folder / "logs"
        self.fired_path = folder / "fired.jsonl"
        self._platform = platform or PlatformKeys()
        self._data = data or DataKeys()
        self.stacks: list[Stack] = []
        self._started: Counter[str] = Counter()
        self._bank: Bank | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        self._free_cores = available_cores()
        pin_new(0, self.cores.generator)  # the lab itself keeps off the stores' cores
        self.warden = Warden(self.mark)
        try:
            self._begin()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        try:
            for stack in self.stacks:
                stack.halt()  # first: none may start again what is being ended
            for stack in reversed(self.stacks):
                stack.stop()
            if self._bank:
                self._bank.stop()
        finally:
            self.warden.dismiss()
            pin_new(0, self._free_cores)

    def start(self, topology: Topology, budget: Budget | None = None) -> Stack:
        """Start a topology and keep it up.  Raises StartError, RelayError.

        Tried once more, with other ports, when a port was taken in the meantime.
        """
        try:
            return self._start(topology, budget or Budget())
        except PortTakenError:
            self.stop(self.stacks[-1])
        return self._start(topology, budget or Budget())

    def stop(self, stack: Stack) -> None:
        """Stop one stack before the others, and free what it used: cores, memory, disk."""
        self.stacks.remove(stack)
        stack.stop()
        stack.group.close()
        shutil.rmtree(stack.private_folder, ignore_errors=True)

    def _start(self, topology: Topology, budget: Budget) -> Stack:
        logs = self._new_log_folder(topology.name)
        private = Path(tempfile.mkdtemp(prefix=f"{topology.name}-", dir=self.private_folder))
        private.chmod(0o711)
        stack = Stack(topology, Place(
            around=self._around, private=private, logs=logs,
            group=choose_group(f"twinstore-{self.mark[:12]}/{private.name}", self.cores.system,
                               self.warden.watch_control_group),
            register=self.warden.watch_process, template=self._template,
            platform=self._platform, data=self._data, cpus=self.cores.system,
            startup_cpus=self._free_cores, relay_cpus=self.cores.generator))
        self.stacks.append(stack)
        stack.start(budget)
        return stack

    def _new_log_folder(self, name: str) -> Path:
        """`name`, then `name-2` …: each stack's logs stand apart."""
        self._started[name] += 1
        folder = self.logs / (name if self._started[name] == 1 else
                              f"{name}-{self._started[name]}")
        folder.mkdir(exist_ok=True)
        return folder

    @property
    def system_cpus(self) -> list[int]:
        """The cores that stores are pinned to now."""
        return max((stack.cpus for stack in self.stacks), key=len, default=self.cores.system)

    @property
    def generator_cpus(self) -> list[int]:
        return self.cores.generator

    @property
    def signing_key_pem(self) -> str:
        return self._secrets.signing_key_pem

    @property
    def service_token(self) -> str:
        return self._secrets.service_token

    @property
    def environ(self) -> dict[str, str]:
        """What every program of this run is told."""
        return base_environ(self._around)

    @property
    def mark_variable(self) -> dict[str, str]:
        """By which the warden knows a process that somebody else starts."""
        return mark_of(self._around)

    def watch(self, pid: int) -> None:
        """End a process that somebody else started, and its group, when the lab ends."""
        self.warden.watch_process(pid)

    @property
    def bank(self) -> Bank:
        """The bank, while the deployment is entered."""
        assert self._bank
        return self._bank

    @property
    def bank_url(self) -> str:
        return self.bank.url

    def bank_ledger(self) -> list[LedgerEntry]:
        """Read every movement at the bank since the last reset.  Raises BankError."""
        return self.bank.ledger()

    def reset_bank(self) -> None:
        """Make the bank forget: between trials.  Raises BankError."""
        self.bank.reset()

    def stop_bank(self) -> None:
        """Kill the bank: who asks is refused.  Its books are on disk."""
        self.bank.kill()

    def start_bank(self) -> None:
        """Start the bank, and wait until it answers.  Raises StartError."""
        self.bank.start()

    def limits(self, budget: Budget) -> Limits:
        """Say what was asked for and what the machine enforces."""
        groups = [stack.group for stack in self.stacks]
        return Limits(
            cpu_budget=budget.cpus, memory_budget_mb=budget.memory_mb,
            enforced_by=groups[0].enforced_by if groups else "nothing",
            enforced=groups[0].enforced if groups else [],
            not_enforced=groups[0].not_enforced if groups else [],
            system_cpus=cores_for(self.cores.system, budget),
            generator_cpus=self.generator_cpus)

    def _begin(self) -> None:
        # The warden knows the folder before it is there: nobody can be killed in between.
        self.private_folder = Path(tempfile.gettempdir()) / f"twinstore-{self.mark}"
        self.warden.watch_folder(self.private_folder)
        self.private_folder.mkdir()
        self.private_folder.chmod(0o711)  # the database's system user must pass through
        self._secrets = make_secrets(self.private_folder)
        self.board = Board.create(self.private_folder / "faults")
        self._around = Surroundings(self.mark, self._secrets, "",
                                    self.private_folder / "faults", self.fired_path,
                                    lease_s=self._platform.lease_s)
        self._bank = Bank(self._launch_bank)
        self._template = PostgresTemplate(self.private_folder, self.mark_variable)  # meanwhile
        self._bank.await_up()
        self._around = replace(self._around, bank_url=self._bank.url)

    def _launch_bank(self, port: int) -> Process:
        return start(bank_command(self._around, port), self.logs,
                     lambda pid: pin_new(pid, self.cores.generator),
                     self.warden.watch_process)
