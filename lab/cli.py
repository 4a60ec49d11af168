"""`twinstore`: the command line of the lab."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from lab.scenario import ScenarioFile

app = typer.Typer(
    no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
    pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]},
    help="One shop, built twice, measured side by side.\n\n"
         "Examples:\n\n"
         "- `twinstore run demo` — the whole path in about five minutes\n"
         "- `twinstore up monolith` — start one store and look at it\n"
         "- `twinstore doctor` — what this machine can do",
)
console = Console()
complaints = Console(stderr=True)

EXIT_USAGE = 2
EXIT_INTERRUPTED = 130

ScenarioFileOption = Annotated[
    Path, typer.Option("--file", "-f", help="The scenarios.", metavar="FILE")]
ResultsOption = Annotated[
    Path, typer.Option("--results", help="Folder of all runs.", metavar="FOLDER")]


@app.command()
def run(  # noqa: PLR0913, PLR0917 - one parameter for each option
    scenario: Annotated[
        str, typer.Argument(help="Its name in the file; see `twinstore list`.")] = "",
    file: ScenarioFileOption = Path("scenarios.yaml"),
    results: ResultsOption = Path("results"),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and stop.")] = False,
    resume: Annotated[Path | None, typer.Option(
        "--resume", metavar="RUN", help="Go on with a run that was cut off.")] = None,
    unverified: Annotated[bool, typer.Option(
        "--unverified", help="Measure without the contract suite's receipt.")] = False,
    web: Annotated[bool, typer.Option("--web", help="Keep Locust's own page open.")] = False,
) -> None:
    """Run a scenario and write its report.

    Examples:

    - `twinstore run demo`

    - `twinstore run standard --dry-run` — the order of the trials and how long they take

    - `twinstore run --resume results/20260101-120000-full` — go on; nothing is measured twice

    - `twinstore run demo --web` — the same, with Locust's page to look at
    """
    from lab.run import Options, resume_run, run_scenario

    if bool(scenario) == bool(resume):
        _refuse("Name a scenario, or a run to go on with: twinstore run SCENARIO, "
                "twinstore run --resume RUN.")
    options = Options(web, unverified)
    if resume:
        outcome = resume_run(_run_folder(resume, results), console, options)
    else:
        scenarios = _read(file)
        _known("scenario", scenario, list(scenarios.scenarios))
        if dry_run:
            _print_plan(file, scenario)
            return
        outcome = run_scenario(scenarios, scenario, results, console, options)
    console.print()
    for sentence in outcome.headlines:
        console.print(f"• {sentence}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nReport: {outcome.report}", highlight=False, markup=False, soft_wrap=True)
    if not outcome.is_clean:
        complaints.print("The audit found violations: see page one of the report.", style="red")
        raise typer.Exit(1)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name below results/.")],
    results: ResultsOption = Path("results"),
) -> None:
    """Write the report of a run again, from its recorded rows alone.

    Example: `twinstore report results/20260101-120000-demo`
    """
    from lab.run import write_report

    written = write_report(_run_folder(run, results))
    for sentence in written.headlines:
        console.print(f"• {sentence}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nReport: {written.html}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def audit(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name below results/.")],
    results: ResultsOption = Path("results"),
    sql: Annotated[bool, typer.Option("--sql", help="Show how the books were read.")] = False,
) -> None:
    """Check a run's books again: is every order, piece and cent accounted for?

    The books of both stores, the bank's ledger and the acknowledged orders are kept for each trial;
    exit code 1 when an invariant is violated.

    Example: `twinstore audit results/20260101-120000-demo`
    """
    from lab.audit.again import audit_again, sql_of_the_books

    found = audit_again(_run_folder(run, results))
    table = Table(box=None, pad_edge=False)
    for column in ("store", "", "what must hold", "checked", "violated", "rate below"):
        table.add_column(column, overflow="fold")
    for line in found.lines:
        table.add_row(line.topology, line.invariant, line.meaning, f"{line.checked:,}",
                      f"[red]{line.violations}[/]" if line.violations else "0",
                      f"{line.bound:.2g}" if line.bound is not None else "")
    console.print(table)
    console.print(f"Books of {found.trials} trials. Zero in n bounds a rate by 3/n (95 %).",
                  highlight=False)
    for name, query in sql_of_the_books().items() if sql else ():
        console.print(f"{name}: {query}", highlight=False, markup=False, soft_wrap=True)
    for detail in found.details:
        complaints.print(detail, style="red", highlight=False, markup=False, soft_wrap=True)
    if not found.is_clean:
        raise typer.Exit(1)


@app.command()
def up(
    topology: Annotated[str, typer.Argument(help="Its name in the file; see `twinstore list`.")],
    file: ScenarioFileOption = Path("scenarios.yaml"),
) -> None:
    """Start one store, print its addresses, stop it at Ctrl-C.

    Example: `twinstore up microservices`
    """
    from lab.up import keep_up

    scenarios = _read(file)
    _known("topology", topology, list(scenarios.topologies))
    keep_up(topology, scenarios.topologies[topology], console)


@app.command(name="list")
def list_(file: ScenarioFileOption = Path("scenarios.yaml")) -> None:
    """List the scenarios, topologies, workloads and faults of the file."""
    scenarios = _read(file)
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


def main() -> None:
    """Run the command line; Ctrl-C ends with 130 after the clean-up."""
    from lab.errors import LabError

    # A shell starts background jobs with interrupts ignored; ours clean up when interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(EXIT_INTERRUPTED)
    except LabError as stopped:
        complaints.print(str(stopped), highlight=False, markup=False, soft_wrap=True)
        sys.exit(1)


def _read(file: Path) -> ScenarioFile:
    from lab.scenario_file import ScenarioFileError, read_scenarios

    try:
        return read_scenarios(file)
    except ScenarioFileError as mistake:
        _refuse(str(mistake))


def _known(kind: str, name: str, known: list[str]) -> None:
    from difflib import get_close_matches

    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        _refuse(f"There is no {kind} {name!r}. {hint}Known: {', '.join(known)}.")


def _refuse(text: str) -> NoReturn:
    complaints.print(text, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_USAGE)


def _run_folder(run: Path, results: Path) -> Path:
    """Find a run by its folder or its name; refuse what is none."""
    folder = run if (run / "run.json").exists() else results / run
    if not (folder / "run.json").exists():
        known = sorted(path.parent.name for path in results.glob("*/run.json"))
        _refuse(f"{run} is no run: it has no run.json. "
                + (f"Runs here: {', '.join(known[-5:])}" if known else "There are no runs yet."))
    return folder


def _print_plan(file: Path, scenario: str) -> None:
    from lab.plan.preview import preview

    shown = preview(_read(file), scenario)
    table = Table(box=None, pad_edge=False)
    for column in shown.columns:
        table.add_column(column)
    for row in shown.rows:
        table.add_row(*row)
    console.print(table)
    for line in shown.notes:
        console.print(line, highlight=False, soft_wrap=True)
