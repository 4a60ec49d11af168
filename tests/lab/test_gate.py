"""A store is fit to be measured when it is ready and every replica gets requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.deploy.deployment import Deployment
from lab.deploy.pause import pause, resume
from lab.deploy.stack import Stack
from lab.gate import GateError, await_ready, unbalanced_in
from lab.pools import read_pools
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import Deployable, Topology
from tests.lab.deploy.test_variants import ask

TWO = Topology("monolith", "monolith", (Deployable("monolith", 1, 4, 4),)).with_replicas(2)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    data = DataKeys(products=60, customers=30)
    with Deployment(tmp_path_factory.mktemp("run"), PlatformKeys(), data) as made:
        yield made.start(TWO)


def test_a_part_is_named_with_what_it_lacks() -> None:
    text = ("cluster.cart.membership_healthy: 1\ncluster.cart.membership_total: 2\n"
            "cluster.search.membership_healthy: 2\ncluster.search.membership_total: 2\n")
    assert unbalanced_in(text) == "replicas that get requests: cart 1 of 2"
    assert unbalanced_in(text.replace("healthy: 1", "healthy: 2")) == ""
    assert unbalanced_in(None) == "the proxy does not tell which replicas get requests"


def test_all_replicas_get_requests_from_the_first_on(stack: Stack, tmp_path: Path) -> None:
    stack.restore()
    await_ready(stack, tmp_path)
    before = read_pools(stack)["monolith/threads"]
    for _ in range(20):
        assert ask(stack, "GET", "/api/products/7").status == 200
    after = read_pools(stack)["monolith/threads"]
    assert all(after[replica].counts.taken - before[replica].counts.taken > 3 for replica in after)


def test_a_store_with_a_frozen_replica_is_not_measured(stack: Stack, tmp_path: Path) -> None:
    frozen = [stack.processes["monolith", 1]]
    pause(frozen)
    try:
        time.sleep(7)  # two probes of two seconds, a second apart, go unanswered
        with pytest.raises(GateError, match=r"replicas that get requests: monolith 1 of 2; logs"):
            await_ready(stack, tmp_path, patience_s=0.5)
    finally:
        resume(frozen)
    await_ready(stack, tmp_path)
