"""`twinstore run`: measure, or go on measuring."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from lab.commands.application import (
    ResultsOption,
    ScenarioFileOption,
    app,
    complaints,
    console,
    must_know,
    read_file,
    refuse,
    run_folder,
)

if TYPE_CHECKING:
    from lab.scenario import ScenarioFile


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
    seed: Annotated[int | None, typer.Option(
        "--seed", metavar="N", help="Another order, other journeys: instead of the file's seed.",
    )] = None,
    web: Annotated[bool, typer.Option("--web", help="Keep Locust's own page open.")] = False,
) -> None:
    """Run a scenario and write its report.

    Examples:

    - `twinstore run demo`

    - `twinstore run standard --dry-run` — the order of the trials and how long they take

    - `twinstore run --resume results/20260101-120000-full` — go on; nothing is measured twice

    - `twinstore run demo --web` — the same, with Locust's page to look at

    - `twinstore run chaos --seed 12` — the same faults on other journeys
    """
    from lab.run import Options, resume_run, run_scenario

    if bool(scenario) == bool(resume):
        refuse("Name a scenario, or a run to go on with: twinstore run SCENARIO, "
                "twinstore run --resume RUN.")
    if resume and seed is not None:
        refuse("A run goes on with the seed that it began with: leave --seed out.")
    if resume and dry_run:
        refuse("--dry-run prints the plan of a scenario, and would not go on with a run: leave one "
               "of them out.")
    options = Options(web, unverified)
    if resume:
        outcome = resume_run(run_folder(resume, results), console, options)
    else:
        scenarios = read_file(file)
        must_know("scenario", scenario, list(scenarios.scenarios))
        if seed is not None:
            scenarios = scenarios.with_seed(scenario, seed)
        if dry_run:
            _print_plan(scenarios, scenario)
            return
        outcome = run_scenario(scenarios, scenario, results, console, options)
    console.print()
    for sentence in outcome.headlines:
        console.print(f"• {sentence}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nReport: {outcome.report}", highlight=False, markup=False, soft_wrap=True)
    if not outcome.is_clean:
        complaints.print("The audit found violations: see page one of the report.", style="red")
        raise typer.Exit(1)


def _print_plan(scenarios: ScenarioFile, scenario: str) -> None:
    from lab.plan.preview import preview

    shown = preview(scenarios, scenario)
    table = Table(box=None, pad_edge=False)
    for column in shown.columns:
        table.add_column(column)
    for row in shown.rows:
        table.add_row(*row)
    console.print(table)
    for line in shown.notes:
        console.print(line, highlight=False, soft_wrap=True)
