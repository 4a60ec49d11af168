"""Both stores, running, with relays where a way can break; and a customer who looks."""

from __future__ import annotations

import contextlib
import json
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
import urllib3

from contract.faults import chances_file
from contract.tokens import Principal, issue, load_private_key
from lab.budget.group import available_cores, pin_new
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.faults.site import Action, Site
from lab.faults.timeline import action
from lab.scenario import DataKeys, FaultKeys, PlatformKeys
from lab.topology import SERVICES, Deployable, Topology

TOPOLOGIES = (
    Topology("monolith", "monolith", (Deployable("monolith", 2, 8, 3),), breakable=True),
    Topology("microservices", "microservices", tuple(
        Deployable(name, 2 if name == "catalog" else 1, db_connections=3) for name in SERVICES),
        breakable=True, database_servers="one"),
)
SEED = 7


@dataclass
class Store:
    """One store and one of its customers."""

    site: Site
    token: str
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=20))

    @property
    def stack(self) -> Stack:
        return self.site.stack

    @property
    def name(self) -> str:
        return self.stack.topology.name

    def ask(self, method: str, path: str, body: object = None, patience_s: float = 12.0) -> int:
        """Return the status; 0 when there was no answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                   "Idempotency-Key": uuid.uuid4().hex}
        try:
            return self.http.request(
                method, self.stack.base_url + path, timeout=patience_s, retries=False,
                headers=headers, body=None if body is None else json.dumps(body)).status
        except urllib3.exceptions.HTTPError:
            return 0

    def product(self, number: int = 1) -> int:
        return self.ask("GET", f"/api/products/{number}")

    def search(self) -> int:
        return self.ask("GET", "/api/search?q=steel")

    def put(self, number: int = 1) -> int:
        return self.ask("PUT", f"/api/cart/items/{number}", {"quantity": 1})

    def buy(self) -> int:
        return self.ask("POST", "/api/orders", {"card_token": "tok_approve"})

    def newest_order(self) -> str:
        answer = self.http.request("GET", f"{self.stack.base_url}/api/orders", timeout=10,
                                   headers={"Authorization": f"Bearer {self.token}"})
        return str(json.loads(answer.data)["items"][0]["id"])

    def chances(self) -> int:
        """How often an armed fault point was passed so far, in all stores."""
        path = chances_file(self.site.deployment.fired_path)
        return path.stat().st_size if path.exists() else 0

    def acted(self) -> int:
        """How often a fault point acted so far, in all stores."""
        path = self.site.deployment.fired_path
        return path.read_text().count("\n") if path.exists() else 0

    @contextlib.contextmanager
    def broken(self, module: str, kind: str, **keys: float) -> Iterator[Action]:
        """Arm a fault while the block runs; afterwards everything is back."""
        acting = action(self.site, FaultKeys.model_validate(
            {"module": module, "kind": kind, **keys}))
        try:
            acting.arm()
            yield acting
        finally:
            acting.clear()
            acting.settle()
        assert eventually(self.is_well)

    def is_well(self) -> bool:
        """Is every program back in the balancer?"""
        reads = ("/readyz", "/api/products/1", "/api/search?q=steel", "/api/cart", "/api/orders")
        return all(self.ask("GET", path) == 200 for path in reads)


def eventually(is_true: Callable[[], bool], within_s: float = 20.0) -> bool:
    until = time.monotonic() + within_s
    while not (found := is_true()) and time.monotonic() < until:
        time.sleep(0.05)
    return found


@pytest.fixture(scope="session")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    cores = available_cores()
    with Deployment(tmp_path_factory.mktemp("faults"), PlatformKeys(restart_delay_s=0.2),
                    DataKeys(products=60, customers=10)) as made:
        pin_new(0, cores)  # it is open until the end: other tests start what they need anywhere
        yield made


@pytest.fixture(scope="session")
def stores(deployment: Deployment) -> list[Store]:
    token = issue(Principal(2, "customer"), load_private_key(deployment.signing_key_pem))[0]
    with ThreadPoolExecutor(2) as pool:
        stacks = list(pool.map(deployment.start, TOPOLOGIES))
    return [Store(Site(deployment, stack, SEED), token) for stack in stacks]


@pytest.fixture(params=[topology.name for topology in TOPOLOGIES])
def store(request: pytest.FixtureRequest, stores: list[Store]) -> Store:
    return next(one for one in stores if one.name == request.param)
