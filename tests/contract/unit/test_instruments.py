"""The instruments of both stores: SQL counted for the answer it belongs to, pools by the clock."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import StaticPool

from contract.http import Work
from contract.instruments import POOL_METRICS, STARTED_METRIC, WORK, Pool, count_sql, serve_metrics


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = create_engine("sqlite://", poolclass=StaticPool,
                         connect_args={"check_same_thread": False})
    with made.begin() as connection:  # before: a first connection asks its own questions
        connection.execute(text("CREATE TABLE things (id INTEGER)"))
    count_sql(made)
    yield made
    made.dispose()


@pytest.fixture
def work() -> Iterator[Work]:
    token = WORK.set(made := Work())
    yield made
    WORK.reset(token)


def insert(engine: Engine, *ids: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO things VALUES (:id)"), [{"id": id_} for id_ in ids])


def test_statements_and_changed_rows_are_counted(engine: Engine, work: Work) -> None:
    insert(engine, 1)
    assert work == Work(0, 1, 1)
    insert(engine, 2, 3, 4)
    assert work == Work(0, 4, 4)
    with engine.begin() as connection:
        connection.execute(text("UPDATE things SET id = id + 1 WHERE id > 2"))
    assert work == Work(0, 5, 6)


def test_a_refused_statement_raises_as_before_and_is_not_counted(engine: Engine,
                                                                 work: Work) -> None:
    with engine.begin() as connection, pytest.raises(Exception, match="no such table"):
        connection.execute(text("SELECT * FROM nowhere"))
    assert work == Work()


def test_what_no_request_waits_for_is_nobodys_work(engine: Engine, work: Work) -> None:
    background = threading.Thread(target=insert, args=(engine, 1, 2, 3))
    background.start()
    background.join()
    assert work == Work()
    assert WORK.get() is work


def test_a_pool_knows_how_long_its_things_were_taken() -> None:
    pool = Pool("orders", "connections", 2)
    began = time.perf_counter()
    with pool.claim() as one, pool.claim() as two:
        one.granted()
        two.granted()
        time.sleep(0.05)
        half_way = pool.counts()
    end = time.perf_counter()
    counts = pool.counts()
    assert half_way.busy_s >= 2 * 0.05, "those who still hold one are counted"
    assert half_way.busy_s <= counts.busy_s <= 2 * (end - began)
    assert (counts.taken, counts.waited, counts.wait_s) == (2, 0, 0.0)


def test_who_finds_all_taken_has_waited() -> None:
    pool, free = Pool("orders", "connections", 1), threading.Semaphore(1)
    holds, waits = threading.Event(), threading.Event()

    def hold() -> None:
        with pool.claim() as claim, free:
            claim.granted()
            holds.set()
            waits.wait(10)
            time.sleep(0.05)

    first = threading.Thread(target=hold)
    first.start()
    assert holds.wait(10)
    with pool.claim() as claim:
        waits.set()
        free.acquire()
        claim.granted()
        free.release()
    first.join()
    counts = pool.counts()
    assert (counts.taken, counts.waited) == (2, 1)
    assert counts.wait_s >= 0.05


def test_who_gives_up_has_waited_and_taken_nothing() -> None:
    pool = Pool("orders", "connections", 1)
    with pool.claim() as first:
        first.granted()
        with pool.claim():
            time.sleep(0.02)
    counts = pool.counts()
    assert (counts.taken, counts.waited) == (1, 1)
    assert counts.wait_s >= 0.02
    time.sleep(0.02)
    assert pool.counts() == counts, "nobody holds one and nobody waits any more"


def test_opening_a_connection_is_no_waiting_in_the_queue() -> None:
    pool = Pool("orders", "connections", 1)
    with pool.claim() as claim:
        time.sleep(0.02)
        claim.granted()
    counts = pool.counts()
    assert (counts.waited, counts.wait_s) == (0, 0.0)
    assert counts.busy_s < 0.02


def test_metrics_are_prometheus_text_with_a_sample_for_each_pool() -> None:
    pools = [Pool("catalog", "connections", 4), Pool("orders", "connections", 2)]
    with pools[1].claim() as claim:
        claim.granted()
    with pytest.raises(ValueError, match="must look like"):
        serve_metrics("9100", pools)
    address = free_address()
    stop = serve_metrics(address, pools)
    try:
        with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
            body = answer.read().decode()
    finally:
        stop()
    samples = {(sample.name, sample.labels.get("service"), sample.labels.get("pool")): sample.value
               for family in text_string_to_metric_families(body) for sample in family.samples}
    assert samples["twinstore_pool_taken_total", "orders", "connections"] == 1
    assert samples["twinstore_pool_size", "catalog", "connections"] == 4
    assert samples[STARTED_METRIC, None, None] <= time.time()
    assert {name for name, _, _ in samples} == {*POOL_METRICS.values(), STARTED_METRIC}
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{address}/metrics", timeout=5)


def free_address() -> str:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"
