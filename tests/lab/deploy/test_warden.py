"""Whatever ends the lab, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lab.deploy.processes import Command, start
from lab.deploy.warden import MARK, Warden, WardenError

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [sys.executable, "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True);"
        "time.sleep(600)"]


def wait_until(is_true: Callable[[], bool], patience_s: float = 10.0) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if is_true():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def mark() -> Iterator[str]:
    made = uuid.uuid4().hex
    yield made
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == made:
                process.kill()
        except (psutil.Error, OSError):
            continue


def begin(argv: list[str], mark: str | None = None) -> subprocess.Popen[bytes]:
    environ = os.environ | ({MARK: mark} if mark else {})
    return subprocess.Popen(argv, env=environ, start_new_session=True, stdout=subprocess.PIPE)


def end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout
    process.stdout.close()
    process.kill()
    process.wait(5)


def test_registered_processes_end_with_the_pipe(mark: str) -> None:
    process = begin(SLEEPER)
    warden = Warden(mark)
    warden.watch_process(process.pid)
    warden.dismiss()
    assert process.wait(5) == -signal.SIGTERM
    end(process)


def test_who_ignores_the_gentle_signal_is_killed(mark: str) -> None:
    process = begin(DEAF)
    assert process.stdout
    process.stdout.readline()
    warden = Warden(mark)
    warden.watch_process(process.pid)
    warden.dismiss()
    assert process.wait(5) == -signal.SIGKILL
    end(process)


def test_unregistered_processes_are_found_by_the_runs_mark(mark: str) -> None:
    ours, another = begin(SLEEPER, mark), begin(SLEEPER, "another run")
    Warden(mark).dismiss()
    assert ours.wait(5) == -signal.SIGKILL
    assert another.poll() is None
    end(ours)
    end(another)


def test_a_later_process_with_the_same_id_is_spared(mark: str) -> None:
    warden = Warden(mark)
    watched_before_it_exists = 4_194_000  # no such process: nothing to remember, nothing to end
    warden.watch_process(watched_before_it_exists)
    process = begin(SLEEPER)
    warden.dismiss()
    assert process.poll() is None
    end(process)


def test_folders_are_removed(mark: str, tmp_path: Path) -> None:
    private = tmp_path / "private"
    (private / "deep").mkdir(parents=True)
    (private / "deep" / "secret").write_text("s")
    warden = Warden(mark)
    warden.watch_folder(private)
    warden.dismiss()
    assert not private.exists()
    assert tmp_path.exists()


FORKS = """
import os, time
print('up', flush=True)
while True:
    if not os.fork():
        time.sleep(600)
    time.sleep(0.002)
"""


def test_who_is_started_while_the_others_are_ended_is_found_too(mark: str) -> None:
    process = begin([sys.executable, "-c", FORKS], mark)
    assert process.stdout
    process.stdout.readline()
    Warden(mark).dismiss()
    left = [one.pid for one in psutil.process_iter() if _has(one, mark)]
    assert left == []
    end(process)


def test_a_warden_that_is_killed_is_replaced_by_one_that_knows_as_much(
        mark: str, tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    process = begin(SLEEPER, mark)
    warden = Warden(mark)
    warden.watch_folder(private)
    warden.watch_process(process.pid)
    first = warden.pid
    os.kill(first, signal.SIGKILL)
    assert wait_until(lambda: warden.pid != first)
    assert warden.ends == [-signal.SIGKILL]
    warden.dismiss()
    assert process.wait(5) == -signal.SIGKILL
    assert not private.exists()
    end(process)


def test_a_warden_that_is_killed_while_it_cleans_up_is_replaced(mark: str) -> None:
    process = begin(DEAF, mark)
    assert process.stdout
    process.stdout.readline()
    warden = Warden(mark)
    warden.watch_process(process.pid)  # deaf: it is given three seconds
    threading.Timer(1, os.kill, (warden.pid, signal.SIGKILL)).start()
    warden.dismiss()
    assert process.wait(5) == -signal.SIGKILL
    end(process)


def test_where_every_warden_is_killed_nothing_more_is_started(mark: str, tmp_path: Path) -> None:
    warden = Warden(mark)
    for _ in range(4):
        known = warden.pid
        os.kill(known, signal.SIGKILL)
        assert wait_until(lambda known=known: warden.pid != known or len(warden.ends) > 3)
    with pytest.raises(WardenError, match=r"killed 4 times \(code -9\)"):
        warden.watch_folder(tmp_path)
    warden.dismiss()


def test_nothing_is_started_any_more_when_the_run_is_over(mark: str, tmp_path: Path) -> None:
    """A thread of the lab may be about to restart a part when everything is ended."""
    warden = Warden(mark)
    warden.dismiss()
    command = Command("monolith", 0, SLEEPER, os.environ | {MARK: mark})
    with pytest.raises(WardenError, match="the run is over"):
        start(command, tmp_path, lambda _: None, warden.watch_process)
    assert not [one.pid for one in psutil.process_iter() if _has(one, mark)]


def _has(process: psutil.Process, mark: str) -> bool:
    try:
        return process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, OSError):
        return False


LAB = """
import signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
from pathlib import Path
from lab.deploy.warden import Warden
warden = Warden(sys.argv[1])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                         start_new_session=True)
warden.watch_process(child.pid)
warden.watch_folder(Path(sys.argv[2]))
print(child.pid, warden.pid, flush=True)
time.sleep(600)
"""


RELAYING_LAB = """
import os, sys, time
from pathlib import Path
from lab.deploy.relay import Relay
from lab.deploy.processes import Command, start
from lab.deploy.warden import MARK, Warden, WardenError
warden = Warden(sys.argv[1])
relay = Relay({"cart": 9})
relay.start(os.environ | {MARK: sys.argv[1]}, Path(sys.argv[2]) / "relay.log",
            warden.watch_process, [])
print(relay.pid, warden.pid, flush=True)
time.sleep(600)
"""


def test_the_relay_ends_with_the_lab(mark: str, tmp_path: Path) -> None:
    lab = subprocess.Popen([sys.executable, "-c", RELAYING_LAB, mark, str(tmp_path)],
                           stdout=subprocess.PIPE, text=True)
    assert lab.stdout
    pids = [int(word) for word in lab.stdout.readline().split()]
    assert len(pids) == 2
    os.kill(pids[0], signal.SIGSTOP)  # it can't end by itself when its input closes
    lab.kill()
    lab.wait(5)
    lab.stdout.close()
    assert wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_lab_dies(ending: signal.Signals, mark: str,
                                           tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    lab = subprocess.Popen([sys.executable, "-c", LAB, mark, str(private)],
                           stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert lab.stdout
    pids = [int(word) for word in lab.stdout.readline().split()]
    lab.send_signal(ending)
    lab.wait(5)
    lab.stdout.close()
    assert wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))
    assert not private.exists()
