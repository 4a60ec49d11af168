"""Looking around: `twinstore up`, `list`, `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lab.commands.application import ScenarioFileOption, app, console, must_know, read_file


@app.command()
def up(
    topology: Annotated[str, typer.Argument(help="Its name in the file; see `twinstore list`.")],
    file: ScenarioFileOption = Path("scenarios.yaml"),
) -> None:
    """Start one store, print its addresses, stop it at Ctrl-C.

    Example: `twinstore up microservices`
    """
    from lab.up import keep_up

    scenarios = read_file(file)
    must_know("topology", topology, list(scenarios.topologies))
    keep_up(topology, scenarios.topologies[topology], console)


@app.command(name="list")
def list_(file: ScenarioFileOption = Path("scenarios.yaml")) -> None:
    """List the scenarios, topologies, workloads and faults of the file."""
    scenarios = read_file(file)
    table = Table(box=None, pad_edge=False)
    table.add_column("kind")
    table.add_column("name", style="bold")
    table.add_column("what it is", overflow="fold")
    for name, scenario in scenarios.scenarios.items():
        table.add_row("scenario", name, scenario.description)
    for name, topology in scenarios.topologies.items():
        how = "colocated, " if topology.colocated else ""
        table.add_row("topology", name, f"{how}{topology.store}: {', '.join(topology.deployables)}")
    for name, workload in scenarios.workloads.items():
        weights = ", ".join(f"{journey} {weight:g}" for journey, weight in workload.weights.items())
        table.add_row("workload", name, weights)
    for name, fault in scenarios.faults.items():
        table.add_row("fault", name, f"{fault.kind} in {fault.module}")
    console.print(table)


@app.command()
def doctor() -> None:
    """Say what this machine can do: cores, limits, parts, ports."""
    from lab.doctor import examine

    table = Table(box=None, pad_edge=False)
    for column in ("", "what", "found", "what to do"):
        table.add_column(column, overflow="fold")
    findings = examine()
    marks = {"ok": "[green]ok[/]", "limited": "[yellow]limited[/]", "missing": "[red]missing[/]"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.what, finding.found, finding.advice)
    console.print(table)
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(1)
