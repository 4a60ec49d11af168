"""What the generator says of a server whose service times are known.

Service times are a tenth of a second and more, and the bounds are wide, so that a busy machine
can't fail this; `python -m bench truth` holds the instrument to 5 % at 12 ms.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.known_process import serving
from bench.known_server import SHAPES
from bench.open_load import drive
from bench.truth import QS, Round, compare
from lab.budget.group import available_cores, divide_cores

SHAPE, SCALE, RATE = "lognormal", 10.0, 200.0
CORES = divide_cores(available_cores())


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Round:
    """One drive of 3 s; each row has been held against the server's own record of it."""
    folder = tmp_path_factory.mktemp("truth")
    with serving(folder, CORES.system, "--shape", SHAPE, "--scale", str(SCALE)) as server:
        driven = drive(server.url, folder, CORES.generator, [(1.0, RATE), (3.0, RATE)], 5)
    return compare(driven, server.records, SHAPE, SCALE)


@pytest.mark.parametrize("index", range(len(QS)), ids=[f"p{q:g}" for q in QS])
def test_percentiles_are_the_servers_own(found: Round, index: int) -> None:
    assert found.records_ms[index] <= found.ours_ms[index]
    assert found.ours_ms[index] == pytest.approx(found.records_ms[index], rel=0.15)
    assert found.ours_ms[index] == pytest.approx(found.distribution_ms[index], rel=0.20)


def test_no_request_took_less_than_its_service(found: Round) -> None:
    assert found.outside_ms.min() >= 0
    assert len(found.outside_ms) == pytest.approx(3 * RATE, rel=0.3)


def test_a_frozen_server_is_seen_by_all_who_came(tmp_path: Path) -> None:
    """Of visitors spread evenly over a freeze half waits longer than half of it."""
    with serving(tmp_path, CORES.system, "--shape", SHAPE, "--scale", "0.2", "--freeze-at", "1.5",
                 "--freeze-for", "2") as server:
        driven = drive(server.url, tmp_path, CORES.generator, [(1.0, 50.0), (4.0, 50.0)], 5)
    assert len(server.records) == driven.summary.rows_scheduled == driven.summary.rows_written
    frozen = (driven.response_ms > 50).sum()
    assert frozen >= 60, "a closed loop would have sent its users' number and waited"
    assert np.quantile(driven.response_ms, 0.99) > 1700
    assert driven.response_ms[driven.response_ms > 50].mean() == pytest.approx(1000, rel=0.3)


def test_a_drive_that_the_lab_would_reject_is_not_trusted(tmp_path: Path) -> None:
    with serving(tmp_path, CORES.system, "--scale", "0.2") as server:
        driven = drive(server.url, tmp_path, CORES.generator, [(0.2, 30.0), (0.5, 30.0)], 5)
    for told, is_trusted in (({"lag_p99_ms": 0.1, "lag_max_ms": 1.0}, True),
                             ({"lag_p99_ms": 50.0, "lag_max_ms": 1.0}, False),
                             ({"lag_p99_ms": 0.1, "lag_max_ms": 25.0}, False)):
        summary = driven.summary.model_copy(update={"measured_cpu_share": 0.2, **told})
        assert replace(driven, summary=summary).is_trusted == is_trusted


def test_a_lost_record_is_noticed(tmp_path: Path) -> None:
    with serving(tmp_path, CORES.system, "--scale", "0.2") as server:
        driven = drive(server.url, tmp_path, CORES.generator, [(0.2, 30.0), (0.5, 30.0)], 5)
    with pytest.raises(RuntimeError, match="the server answered"):
        compare(driven, [*server.records, server.records[-1]._replace(number=99_999)], SHAPE, 0.2)
    early = [record._replace(received=record.received - 60) for record in server.records]
    with pytest.raises(RuntimeError, match="before it was sent"):
        compare(driven, early, SHAPE, 0.2)


def test_any_stretch_of_requests_has_the_distribution() -> None:
    from bench.known_server import service_times

    for shape, quantile in SHAPES.items():
        times = service_times(shape, 2.0, seed=3)
        for begin in (0, 137, 4_321):
            stretch = times[begin : begin + 2_000]
            for q in QS:
                assert np.quantile(stretch, q / 100) == pytest.approx(
                    2 * quantile(q / 100), rel=0.02)
