"""`twinstore up`: one store, running until Ctrl-C."""

from __future__ import annotations

import signal
import tempfile
import threading
from pathlib import Path

from rich.console import Console

from contract import seed
from lab.deploy.deployment import Deployment
from lab.scenario import TopologyKeys


def keep_up(name: str, keys: TopologyKeys, console: Console) -> None:
    """Start a topology, print how to reach it, wait for Ctrl-C or SIGTERM, stop it."""
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="twinstore-up-") as folder:
        console.print(f"Starting {name} …")
        with Deployment(Path(folder)) as deployment:
            deployment.warden.watch_folder(Path(folder))
            stack = deployment.start(keys.named(name))
            console.print(
                f"{name} is up after {stack.startup_s:.1f} s\n"
                f"  shop       {stack.base_url}\n"
                f"  API docs   {stack.base_url}/docs\n"
                f"  bank       {deployment.bank_url}\n"
                f"  logs       {deployment.logs}\n"
                f"  customer   customer2@twinstore.example, password: {seed.SEED_PASSWORD}\n"
                f"  admin      {seed.ADMIN_EMAIL}, the same password\n"
                "Ctrl-C stops it.", highlight=False, markup=False, soft_wrap=True)
            try:
                ended.wait()
            except KeyboardInterrupt:
                console.print("Stopping …")
