"""Wire a report: read, judge, measure, say, draw, write."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from reports import Report
from reports.arms import find_arms, usable
from reports.books import audit_findings, red_topologies
from reports.claims.evidence import Evidence
from reports.claims.ledger import decide_claims
from reports.confounds.find import find_confounds
from reports.distance import measure_distance
from reports.document import Document
from reports.figures.style import drawing_style
from reports.foretold import foretold_in
from reports.guards import judge
from reports.headlines import latency_headline, scaling_headline, void_sentence
from reports.hops import measure_calls
from reports.isolation import measure_isolation
from reports.isolation_words import isolation_headline
from reports.latency import headline_of, measure_series, medians_ms
from reports.page import write_html, write_markdown
from reports.parts.fingerprint import fingerprint_part
from reports.parts.front import front_part, labels_of
from reports.parts.isolation import isolation_part
from reports.parts.latency import latency_part
from reports.parts.ledger import ledger_part
from reports.parts.scaling import scaling_part
from reports.read import Run, read_run
from reports.revenue import revenue_of
from reports.save import save_files
from reports.scaling import measure_scaling


def compose(run_dir: Path, on_progress: Callable[[str], None]) -> Report:
    """Write the report of a run into `run_dir/report`, replacing an older one."""
    on_progress("reading")
    run = read_run(run_dir)
    on_progress("computing")
    with drawing_style():
        document = describe(run)
    on_progress("drawing")
    partial = run_dir / "report.partial"
    shutil.rmtree(partial, ignore_errors=True)
    drawn = save_files(document, partial)
    on_progress("writing the page")
    write_html(document, drawn, partial / "index.html")
    write_markdown(document, partial / "report.md")
    final = run_dir / "report"
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)
    return Report(final / "index.html", final / "report.md",
                  [f"{label}: {sentence}" for label, sentence in document.headlines])


def describe(run: Run) -> Document:
    """Compute everything that the report says; nothing is written."""
    record = run.record
    arms = find_arms(record)
    judged = judge(record, medians_ms(run))
    findings = audit_findings(run, arms.all)
    red = red_topologies(findings)
    series = measure_series(run, judged, arms)
    latency = headline_of(series, arms)
    scaling = measure_scaling(run, judged, arms)
    isolation = measure_isolation(run, judged, arms)
    ledger = decide_claims(Evidence(
        run, judged, arms, series, latency, scaling, isolation, red))
    confounds = find_confounds(run, judged, arms, series)
    void = void_sentence({name: what for name, what in red.items()
                          if name in (arms.base, arms.rival)}, arms)
    return Document(
        title="Monolith and microservices, measured",
        subtitle=f"Run {record.run} · scenario {record.scenario} · seed {record.seed}",
        headlines=[("Latency", latency_headline(latency, arms, red)),
                   ("Scaling", scaling_headline(scaling, arms, red)),
                   ("Failure isolation", isolation_headline(isolation, arms))],
        labels=labels_of(record, judged, confounds, isolation),
        parts=[front_part(run, judged, findings, confounds,
                          fingerprint_part(run, judged, arms)),
               latency_part(series, measure_calls(run, judged, series, latency),
                            measure_distance(run, judged), arms, void),
               scaling_part(scaling, arms, void), isolation_part(
                   isolation, arms, revenue_of(isolation, usable(judged, "isolation")),
                   foretold_in(record)),
               ledger_part(ledger)],
    )
