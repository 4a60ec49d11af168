"""Locust as most people run it: HttpUser, a closed loop, its own percentiles.

The counterpart of `bench.open_load`.  Nothing here is a straw man: the users are the ones of
Locust's own documentation, and what is told is what Locust's summary prints.  It is taken from
Locust's statistics when it quits, because its CSV lacks the last second or two.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lab.budget.group import pin_new

READ_PRODUCTS: Final = '''
import os
import random
from locust import HttpUser, constant_throughput, task

class Visitor(HttpUser):
    wait_time = constant_throughput(float(os.environ["BENCH_PER_USER"]))

    @task
    def read(self):
        self.client.get(f"/api/products/{random.randint(1, 2000)}", name="product")
'''

SHOP: Final = '''
import os
import random
import uuid
from locust import HttpUser, constant_throughput, task

with open(os.environ["BENCH_TOKENS"]) as file:
    TOKENS = file.read().split()
WORDS = ["kettle", "lamp", "tent", "oak", "wool", "desk lamp", "backpack"]
CATEGORIES = ["kitchen", "garden", "office", "cycling", "camping", "music", "toys", "books"]

class Visitor(HttpUser):
    wait_time = constant_throughput(float(os.environ["BENCH_PER_USER"]))

    def on_start(self):
        self.client.headers["Authorization"] = f"Bearer {TOKENS.pop()}"

    def product(self):
        number = random.randint(1, 2000)
        self.client.get(f"/api/products/{number}", name="product")
        return number

    def fill(self, number):
        self.client.put(f"/api/cart/items/{number}", json={"quantity": 1}, name="put item")
        self.client.get("/api/cart", name="cart")

    @task(40)
    def browse(self):
        self.client.get("/api/categories")
        self.client.get(f"/api/products?category={random.choice(CATEGORIES)}", name="products")
        self.product()

    @task(25)
    def search(self):
        self.client.get("/api/search", params={"q": random.choice(WORDS)}, name="search")
        self.product()

    @task(15)
    def fill_cart(self):
        self.fill(self.product())

    @task(15)
    def check_out(self):
        self.fill(random.randint(1, 2000))
        self.client.post("/api/orders", json={"card_token": "tok_approve"}, name="order",
                         headers={"Idempotency-Key": str(uuid.uuid4())})

    @task(5)
    def look_at_orders(self):
        self.client.get("/api/orders")
'''

_TELL: Final = '''
import json
from locust import events

@events.quitting.add_listener
def _tell(environment, **_):
    total = environment.stats.total
    told = {f"p{share}_ms": total.get_response_time_percentile(share / 100)
            for share in (50, 95, 99)}
    told.update(requests=total.num_requests, failures=total.num_failures)
    with open(os.environ["BENCH_TOLD"], "w") as file:
        json.dump(told, file)
'''
_PATIENCE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Users:
    """A locustfile, how many of its users come, and what they are told."""

    locustfile: str
    count: int
    environ: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """The line `Aggregated` of Locust's summary: times are rounded as Locust rounds them."""

    requests: int
    failures: int
    p50_ms: float
    p95_ms: float
    p99_ms: float


def run(who: Users, url: str, folder: Path, cpus: Sequence[int], seconds: float) -> Told:
    """Let them come headless, all at once, and read what Locust says of it."""
    path = folder / "default_locustfile.py"
    path.write_text(who.locustfile + _TELL, encoding="utf-8")
    told = folder / "default_told.json"
    told.unlink(missing_ok=True)
    argv = [sys.executable, "-m", "locust", "-f", str(path), "--headless", "--only-summary",
            "--loglevel", "ERROR", "--host", url, "-u", str(who.count), "-r", str(who.count),
            "-t", f"{seconds:g}s", "--exit-code-on-error", "0"]
    environ = {**os.environ, **who.environ, "BENCH_TOLD": str(told)}
    with subprocess.Popen(argv, env=environ, stdin=subprocess.DEVNULL,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True) as process:
        pin_new(process.pid, cpus)
        try:
            _, said = process.communicate(timeout=seconds + _PATIENCE_S)
        finally:
            process.kill()
    if process.returncode:
        raise RuntimeError(f"Locust ended with {process.returncode}:\n{said}")
    found = json.loads(told.read_bytes())
    if not found["requests"]:
        raise RuntimeError("Locust requested nothing")
    return Told(**found)
