"""A schedule that the generator can't keep is refused with the reason, not reported."""

from __future__ import annotations

from pathlib import Path

from bench.known_process import serving
from contract.load import LoadSpec, Workload
from contract.run_record import TrialRecord
from lab.budget.group import available_cores, divide_cores
from lab.generator import Generator
from lab.topology import Topology
from lab.trial_record import copy_answers, copy_summary
from reports.guards import Evidence, Thresholds, judge_one

CORES = divide_cores(available_cores())


def _driven(folder: Path, rate: float) -> TrialRecord:
    profile = [(0.3, rate), (0.7, rate)]
    with serving(folder, CORES.system, "--scale", "0.1") as server:
        (folder / "tokens").write_text("token\n" * 300, encoding="ascii")
        spec = LoadSpec(
            trial=1, base_url=server.url, workload=Workload(weights={"read_product": 1}),
            rate_profile=profile, seed=1, tokens_file=str(folder / "tokens"),
            requests_path=str(folder / "rows.parquet"), summary_path=str(folder / "summary.json"))
        with Generator(spec, folder / "load.json", folder / "generator.log",
                       CORES.generator) as generator:
            generator.await_ready()
            generator.go()
            summary = generator.finish(40)
    record = TrialRecord(
        id=1, phase="latency", pair=0, topology="monolith", store="monolith",
        workload="product_read", rate_profile=profile, seed=1, warmup_s=0.3, measure_s=0.7,
        cpu_budget=None, slo_ms=250)
    copy_summary(record, summary)
    copy_answers(record, folder / "rows.parquet",
                 Topology("monolith", "monolith", ()))
    return record


def test_a_rate_beyond_the_generator_is_rejected_and_says_so(tmp_path: Path) -> None:
    record = _driven(tmp_path, 20_000.0)
    judged = judge_one(Evidence(record, Thresholds(), record.p50_ms or 0.0, 0.0, []))
    assert record.rows_written == record.rows_scheduled > 10_000
    assert judged.status == "rejected"
    assert any(reason.startswith("generator") for reason in judged.reasons), judged.reasons
