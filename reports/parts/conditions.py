"""Under which conditions was measured: budgets, equal work, machine."""

from __future__ import annotations

from typing import Final

from contract.run_record import RunRecord
from reports.document import Block, Note
from reports.table import Table
from reports.words import ABSENT, count, listed, number, setting


def limit_blocks(record: RunRecord) -> list[Block]:
    limits = record.limits
    cpu = "no CPU limit" if limits.cpu_budget is None else f"{setting(limits.cpu_budget)} CPU"
    memory = ("no memory limit" if limits.memory_budget_mb is None
              else f"{limits.memory_budget_mb:,} MiB")
    lines = [f"For the whole architecture (proxy, application, databases together): {cpu}, "
             f"{memory}, enforced by {limits.enforced_by}.",
             f"System on CPU {_cores(limits.system_cpus)}, load generator on CPU "
             f"{_cores(limits.generator_cpus)}."]
    if limits.enforced:
        lines.append(f"Enforced: {', '.join(limits.enforced)}.")
    blocks: list[Block] = [Note(" ".join(lines))]
    if limits.not_enforced:
        blocks.append(Note(f"Not enforced: {', '.join(limits.not_enforced)}.", "caveat"))
    return blocks


def _cores(cores: list[int]) -> str:
    return listed([str(core) for core in cores]) if cores else "not pinned"


def equal_blocks(record: RunRecord) -> list[Block]:
    digests = set(record.seed_digest.values())
    if not digests:
        seed = "Seed data: no digest recorded."
    elif len(digests) == 1:
        seed = (f"Seed data equal in {listed(list(record.seed_digest))}: "
                f"{next(iter(digests))[:16]}….")
    else:
        seed = "Seed data differ: " + ", ".join(
            f"{name} {digest[:16]}…" for name, digest in record.seed_digest.items()) + "."
    smoke = ("Contract smoke before load: " + ", ".join(
        f"{name} {'passed' if ok else 'FAILED'}" for name, ok in record.contract_smoke.items())
        + ".") if record.contract_smoke else "Contract smoke: not recorded."
    is_fair = len(digests) == 1 and record.contract_smoke and all(record.contract_smoke.values())
    blocks: list[Block] = [Note(f"{seed} {smoke}", "plain" if is_fair else "caveat")]
    blocks += _unequal_connections(record) + _unequal_replicas(record)
    if record.split_added:
        total = sum(record.split_added.values())
        files = sorted(record.split_added.items(), key=lambda item: (-item[1], item[0]))
        blocks.append(Table(
            "split_added", "What the split added",
            f"{total:,} lines in {count(len(files), 'file')} exist only because the store was "
            "split.", ["file", "lines"], [[name, f"{lines:,}"] for name, lines in files],
            ["file", "lines"], [[name, lines] for name, lines in files], frozenset({1})))
    return blocks


_UNDIVIDED: Final = "; their number is not divided by that of the replicas"


def _unequal_connections(record: RunRecord) -> list[Block]:
    """Where stores, run alike, have not the same total of database connections."""
    alike: dict[str, dict[str, int]] = {}
    for words, parts in (*record.topologies.items(), *record.variants.items()):
        name, _, special = words.partition(" ")
        if name and isinstance(total := parts.get("db_connections"), int):
            alike.setdefault(special, {})[words] = total
    return [Note(f"Connections to databases are not equal: "
                 f"{listed([f'{words} has {total}' for words, total in totals.items()])}"
                 f"{_UNDIVIDED if special.startswith('×') else ''}.", "caveat")
            for special, totals in alike.items() if len(set(totals.values())) > 1]


def _unequal_replicas(record: RunRecord) -> list[Block]:
    """One deployment against several of each program is another comparison."""
    most = {name: max((one.get("replicas") or 1 for one in programs.values()), default=1)
            for name, parts in record.topologies.items()
            if isinstance(programs := parts.get("deployables"), dict)}
    if len(set(most.values())) < 2:
        return []
    said = listed([f"{name} has {n}" for name, n in most.items()])
    return [Note(f"Replicas of a program are not equal: {said} at most.", "caveat")]


def machine_table(record: RunRecord) -> Table:
    rows = [("run", record.run), ("scenario", record.scenario), ("seed", str(record.seed)),
            ("commit", record.commit or ABSENT), ("duration", f"{number(record.duration_s)} s"),
            *((f"machine: {key}", str(value)) for key, value in sorted(record.machine.items())),
            *((f"version: {key}", value) for key, value in sorted(record.versions.items())),
            *((f"start-up: {key}", f"{number(value)} s")
              for key, value in sorted(record.startup_s.items())),
            *((f"topology: {name}", _flat(parts)) for name, parts in (
                *record.topologies.items(), *record.variants.items()))]
    return Table("machine", "This run", "As recorded in run.json.", ["", " "],
                 [list(row) for row in rows], ["key", "value"], [list(row) for row in rows])


def _flat(parts: dict[str, object]) -> str:
    return ", ".join(f"{key} {_plain(value)}" for key, value in parts.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_plain(inner) for inner in value) + "]"
    return "not set" if value is None else str(value)
