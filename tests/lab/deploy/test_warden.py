"""Whatever ends the lab, nothing stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from lab.deploy.warden import MARK, Warden

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


LAB = """
import subprocess, sys, time
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
from lab.deploy.warden import MARK, Warden
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
