"""The platform starts dead parts again, after a delay, and says so."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lab.deploy.ports import free_ports
from lab.deploy.processes import Command, Process, StartError, await_true, start
from lab.deploy.supervisor import Key, StackEvent, Supervisor, delay_s
from lab.scenario import PlatformKeys

KEY = ("monolith", 0)


def begin(folder: Path, code: str = "import time; time.sleep(600)") -> Process:
    command = Command(*KEY, [sys.executable, "-c", code], {})
    return start(command, folder, lambda _: None, lambda *_: None)


def wait_until(is_true: Callable[[], bool], patience_s: float = 10.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.02)
    return False


def watch(folder: Path, platform: PlatformKeys) -> tuple[dict[Key, Process], list[StackEvent],
                                                         Supervisor]:
    processes, heard = {KEY: begin(folder)}, list[StackEvent]()

    def restart(key: Key) -> Process:
        processes[key] = begin(folder)
        return processes[key]

    supervisor = Supervisor(processes, platform, restart, lambda _: True, heard.append)
    supervisor.start()
    return processes, heard, supervisor


def test_what_ends_while_the_store_stands_still_is_started_again_afterwards(
        tmp_path: Path) -> None:
    processes, heard, supervisor = watch(tmp_path, PlatformKeys(restart_delay_s=0.1))
    first = processes[KEY]
    supervisor.is_paused = True
    first.popen.kill()
    assert wait_until(lambda: [event.kind for event in heard] == ["exit"])
    time.sleep(0.5)
    assert [event.kind for event in heard] == ["exit"]
    supervisor.is_paused = False
    assert wait_until(lambda: [event.kind for event in heard] == ["exit", "restart", "ready"])
    supervisor.stop()
    processes[KEY].stop()
    first.stop()


def test_a_dead_replica_is_started_again_and_reported(tmp_path: Path) -> None:
    processes, heard, supervisor = watch(tmp_path, PlatformKeys(restart_delay_s=0.1))
    first = processes[KEY]
    first.popen.kill()
    assert wait_until(lambda: len(heard) == 3)
    assert [(event.kind, event.part) for event in heard] == [
        ("exit", "monolith"), ("restart", "monolith"), ("ready", "monolith")]
    assert heard[0].detail == "code -9"
    assert processes[KEY].pid != first.pid
    supervisor.stop()
    processes[KEY].stop()
    first.stop()


def test_without_restart_the_end_is_reported_once(tmp_path: Path) -> None:
    processes, heard, supervisor = watch(tmp_path, PlatformKeys(restart=False))
    processes[KEY].popen.kill()
    assert wait_until(lambda: bool(heard))
    assert not wait_until(lambda: len(heard) > 1, 0.5)
    supervisor.stop()
    processes[KEY].stop()


def test_a_stopped_supervisor_leaves_ends_alone(tmp_path: Path) -> None:
    processes, heard, supervisor = watch(tmp_path, PlatformKeys(restart_delay_s=0))
    supervisor.stop()
    processes[KEY].stop()
    assert not wait_until(lambda: bool(heard), 0.3)


def test_the_delay_doubles_up_to_eight_times() -> None:
    platform = PlatformKeys(restart_delay_s=0.5)
    assert [delay_s(platform, ends) for ends in (1, 2, 3, 4, 9)] == [0.5, 1, 2, 4, 4]
    assert delay_s(PlatformKeys(restart=False), 1) == float("inf")


def test_a_part_that_dies_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    process = begin(tmp_path, "import sys; print('line one'); sys.exit('no such table')")
    with pytest.raises(StartError, match=r"ended with code 1 while starting(?s:.*)no such table"):
        await_true(process, lambda: False, 10)
    process.stop()


def test_a_part_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    process = begin(tmp_path)
    with pytest.raises(StartError, match=r"monolith \(replica 0\) was not ready after"):
        await_true(process, lambda: False, 0.2)
    process.stop()


def test_who_does_not_stop_is_killed_with_its_group(tmp_path: Path) -> None:
    process = begin(tmp_path, "import signal, subprocess, sys, time\n"
                              "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
                              "child = subprocess.Popen([sys.executable, '-c', "
                              "'import time; time.sleep(600)'])\n"
                              "print(child.pid, flush=True); time.sleep(600)")
    assert wait_until(lambda: process.log.read_text().strip().isdigit())
    child = int(process.log.read_text())
    process.stop(grace_s=0.2)
    assert not process.is_alive
    assert wait_until(lambda: _is_gone(child))


def _is_gone(pid: int) -> bool:
    import psutil

    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_ports_are_different_and_never_given_twice() -> None:
    first, second = free_ports(20), free_ports(20)
    assert len({*first, *second}) == 40


def test_ports_are_below_those_of_outgoing_connections() -> None:
    kernel = Path("/proc/sys/net/ipv4/ip_local_port_range")
    if not kernel.exists():
        pytest.skip("only Linux says which ports it gives away")
    lowest = int(kernel.read_text().split()[0])
    assert lowest < 25_000 or max(free_ports(50)) < lowest


def test_between_trials_a_dead_part_comes_back_whatever_the_policy(tmp_path: Path) -> None:
    processes, heard, supervisor = watch(tmp_path, PlatformKeys(restart=False))
    first = processes[KEY]
    first.popen.kill()
    assert wait_until(lambda: bool(heard))
    supervisor.bring_up()
    second = processes[KEY]
    assert second.is_alive
    assert second.pid != first.pid
    second.popen.kill()
    assert wait_until(lambda: [e.kind for e in heard].count("exit") == 2)
    assert not wait_until(lambda: processes[KEY] is not second, 0.5)
    supervisor.stop()
    first.stop()
    second.stop()


def test_who_is_starting_again_already_is_waited_for(tmp_path: Path) -> None:
    """A database that was started again lets nobody in while it recovers."""
    processes, heard = {KEY: begin(tmp_path)}, list[StackEvent]()
    first, has_recovered = processes[KEY], threading.Event()

    def restart(key: Key) -> Process:
        processes[key] = begin(tmp_path)
        return processes[key]

    supervisor = Supervisor(processes, PlatformKeys(restart_delay_s=0.1), restart,
                            lambda _: has_recovered.is_set(), heard.append)
    supervisor.start()
    first.popen.kill()
    assert wait_until(lambda: [event.kind for event in heard] == ["exit", "restart"])
    asking = threading.Thread(target=supervisor.bring_up)
    asking.start()
    asking.join(0.5)
    assert asking.is_alive()
    has_recovered.set()
    asking.join(10)
    assert not asking.is_alive()
    supervisor.stop()
    processes[KEY].stop()
    first.stop()


def test_a_part_that_is_held_down_is_not_brought_up(tmp_path: Path) -> None:
    processes, heard, supervisor = watch(tmp_path, PlatformKeys(restart_delay_s=0.1))
    supervisor.held.add(KEY)
    processes[KEY].popen.kill()
    assert wait_until(lambda: bool(heard))
    supervisor.bring_up()
    assert not processes[KEY].is_alive
    supervisor.stop()
    processes[KEY].stop()


def test_the_greatest_delay_is_the_scenarios() -> None:
    platform = PlatformKeys(restart_delay_s=1, restart_delay_times=2)
    assert [delay_s(platform, ends) for ends in (1, 2, 3)] == [1, 2, 2]


def test_a_part_that_can_not_be_started_again_is_tried_later_and_told(tmp_path: Path) -> None:
    processes, heard = {KEY: begin(tmp_path)}, list[StackEvent]()
    tries: list[Key] = []

    def restart(key: Key) -> Process:
        tries.append(key)
        if len(tries) == 1:
            raise OSError(28, "No space left on device")
        processes[key] = begin(tmp_path)
        return processes[key]

    platform = PlatformKeys(restart_delay_s=0.1)
    supervisor = Supervisor(processes, platform, restart, lambda _: True, heard.append)
    supervisor.start()
    processes[KEY].popen.kill()
    assert wait_until(lambda: len(heard) == 4)
    assert [event.kind for event in heard] == ["exit", "failed", "restart", "ready"]
    supervisor.stop()
    processes[KEY].stop()


def test_a_halted_supervisor_starts_nothing(tmp_path: Path) -> None:
    processes, _, supervisor = watch(tmp_path, PlatformKeys(restart_delay_s=0))
    first = processes[KEY]
    supervisor.halt()
    first.popen.kill()
    assert not wait_until(lambda: processes[KEY] is not first, 0.5)
    supervisor.stop()
    first.stop()


def test_who_waits_for_a_part_is_told_at_once_when_another_ends_that_it_needs(
        tmp_path: Path) -> None:
    waiting, needed = begin(tmp_path), begin(tmp_path, "import sys; sys.exit('no port')")
    with pytest.raises(StartError, match=r"ended with code 1 while starting(?s:.*)no port"):
        await_true(waiting, lambda: False, 10, lambda: [needed])
    waiting.stop()
    needed.stop()
