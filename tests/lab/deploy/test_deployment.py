"""A whole store behind its proxy, with real parts, and what is left of it afterwards."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import urllib3

from contract import seed
from contract.bank import Charge
from contract.faults import Armed
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.deploy.supervisor import StackEvent
from lab.deploy.warden import MARK
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import Budget, Deployable, Topology
from lab.verify import digest_of, smoke

MONOLITH = Topology("monolith", "monolith", (Deployable("monolith", 1, 4, 8),))
DATA = DataKeys(products=60, customers=10)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("run")
    with Deployment(folder, PlatformKeys(restart_delay_s=0.2), DATA) as made:
        yield made


@pytest.fixture(scope="module")
def stack(deployment: Deployment) -> Stack:
    return deployment.start(MONOLITH, Budget(0.9, 2048))


def wait_until(is_true: Callable[[], bool], patience_s: float = 20.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.05)
    return False


def status(stack: Stack, path: str) -> int:
    return urllib3.request("GET", stack.base_url + path, timeout=10, retries=False).status


def test_a_started_store_keeps_the_contract(stack: Stack) -> None:
    assert smoke(stack.base_url) == []


def test_restore_brings_back_the_seed_after_orders(stack: Stack) -> None:
    smoke(stack.base_url)
    stack.restore()
    expected = seed.digest(seed.generate(DATA.seed, DATA.products, DATA.customers))
    assert digest_of(stack.database_urls) == expected
    with psycopg.connect(stack.database_urls["monolith"]) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
    assert smoke(stack.base_url) == []


def test_a_restore_under_a_small_budget_is_quick_and_keeps_it(stack: Stack) -> None:
    stack.set_budget(Budget(0.05, 2048))
    enforced = list(stack.group.enforced)
    began = time.monotonic()
    stack.restore()
    took_s = time.monotonic() - began
    assert stack.group.enforced == enforced
    stack.set_budget(Budget(0.9, 2048))
    assert took_s < 2


def test_processes_are_where_the_budget_wants_them(deployment: Deployment, stack: Stack) -> None:
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("needs affinity")
    for (part, _), process in stack.processes.items():
        for member in [psutil.Process(process.pid),
                       *psutil.Process(process.pid).children(recursive=True)]:
            for thread in member.threads():
                assert os.sched_getaffinity(thread.id) == set(deployment.system_cpus), part
    assert os.sched_getaffinity(0) == set(deployment.generator_cpus)


def test_limits_say_what_is_enforced(deployment: Deployment, stack: Stack) -> None:
    limits = deployment.limits(Budget(0.9, 2048))
    assert limits.enforced_by == stack.group.enforced_by
    assert len(limits.enforced) + len(limits.not_enforced) >= 2


def test_every_part_is_accounted_for_by_the_kernel(stack: Stack) -> None:
    if stack.group.usage() is None:
        pytest.skip("no groups here")
    for part in ("postgres", "monolith", "envoy"):
        usage = stack.group.part_usage(part)
        assert usage
        assert usage.cpu_s > 0
        assert usage.memory_bytes > 2**20


def test_secrets_are_readable_by_their_owner_only(deployment: Deployment) -> None:
    for name in ("signing.pem", "verifying.pem", "service-token"):
        assert (deployment.private_folder / name).stat().st_mode & 0o077 == 0, name
    assert deployment.private_folder.stat().st_mode & 0o066 == 0


def test_a_crashed_replica_comes_back_with_the_same_address(deployment: Deployment,
                                                            stack: Stack) -> None:
    heard: list[StackEvent] = []
    with stack.listening(heard.append):
        deployment.board.arm(Armed("catalog", "crash"))
        assert status(stack, "/api/products/7") == 503
        deployment.board.clear()
        assert wait_until(lambda: [e.kind for e in heard] == ["exit", "restart", "ready"])
    assert deployment.fired_path.read_text().count("\n") >= 1
    assert wait_until(lambda: status(stack, "/api/products/7") == 200)


def test_the_bank_forgets_between_trials(deployment: Deployment) -> None:
    charge = Charge(key="k", amount_minor=100, currency="EUR", card_token="tok_approve")
    urllib3.request("POST", f"{deployment.bank_url}/charges", body=charge.model_dump_json(),
                    headers={"Content-Type": "application/json"}, timeout=5)
    assert ("k", "capture") in [(entry.key, entry.kind) for entry in deployment.bank_ledger()]
    deployment.reset_bank()
    assert deployment.bank_ledger() == []


LAB = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from pathlib import Path
from lab.deploy.deployment import Deployment
from lab.scenario import DataKeys
from lab.topology import Budget, Deployable, Topology
with Deployment(Path(sys.argv[1]), None, DataKeys(products=20, customers=10)) as lab:
    lab.start(Topology("monolith", "monolith", (Deployable("monolith", 1, 2, 4),)), Budget(0.9))
    print(lab.mark, lab.private_folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_left_however_the_lab_ends(ending: signal.Signals, tmp_path: Path) -> None:
    lab = subprocess.Popen([sys.executable, "-c", LAB, str(tmp_path)], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert lab.stdout
    mark, private = lab.stdout.readline().split()
    assert len(_marked(mark)) >= 4  # proxy, database, store and bank
    lab.send_signal(ending)
    lab.wait(20)
    lab.stdout.close()
    assert wait_until(lambda: not _marked(mark) and not Path(private).exists(), 10)
    groups = list(Path("/sys/fs/cgroup").glob(f"*/**/twinstore-{mark[:12]}"))
    assert wait_until(lambda: not any(path.exists() for path in groups), 5)


def _marked(mark: str) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == mark:
                found.append(process.pid)
        except (psutil.Error, OSError):
            continue
    return found
