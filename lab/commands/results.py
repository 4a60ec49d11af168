"""What was measured: `twinstore report`, `audit`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from lab.commands.application import (
    ResultsOption,
    app,
    complaints,
    console,
    run_folder,
)


@app.command()
def report(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name below results/.")],
    results: ResultsOption = Path("results"),
) -> None:
    """Write the report of a run again, from its recorded rows alone.

    Example: `twinstore report results/20260101-120000-demo`
    """
    from lab.run import write_report

    written = write_report(run_folder(run, results))
    for sentence in written.headlines:
        console.print(f"• {sentence}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"\nReport: {written.html}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def audit(
    run: Annotated[Path, typer.Argument(help="A run's folder, or its name below results/.")],
    results: ResultsOption = Path("results"),
    sql: Annotated[bool, typer.Option("--sql", help="Show each invariant as SQL.")] = False,
    psql: Annotated[int | None, typer.Option(
        "--psql", metavar="TRIAL", help="Print a trial's books and the SQL as a script for psql; "
        "nothing else.")] = None,
) -> None:
    """Check a run's books again: is every order, piece and cent accounted for?

    The books of both stores, the bank's ledger and the acknowledged orders are kept for each trial;
    exit code 1 when an invariant is violated.

    Example: `twinstore audit results/20260101-120000-demo`
    """
    from lab.audit.again import audit_again, books_of
    from lab.audit.script import psql_script
    from lab.audit.statements import sql_lines

    if psql is not None:
        for statement in psql_script(books_of(run_folder(run, results), psql)):
            typer.echo(statement)
        return
    found = audit_again(run_folder(run, results))
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
    for text in sql_lines() if sql else ():
        console.print(text, highlight=False, markup=False, soft_wrap=True)
    for detail in found.details:
        complaints.print(detail, style="red", highlight=False, markup=False, soft_wrap=True)
    if not found.is_clean:
        raise typer.Exit(1)


@app.command()
def compare(
    run_a: Annotated[Path, typer.Argument(help="A run's folder, or its name below results/.")],
    run_b: Annotated[Path, typer.Argument(help="The run that is compared with it.")],
    results: ResultsOption = Path("results"),
) -> None:
    """Two runs side by side: another machine, another commit.

    What can't be compared is refused with its reason; exit code 1 when nothing could.

    Example: `twinstore compare 20260101-120000-demo 20260102-120000-demo`
    """
    from lab.run import merge_parts
    from reports.compare import compare as compare_runs
    from reports.parts.comparison import comparison_text, write_comparison

    folders = [run_folder(run, results) for run in (run_a, run_b)]
    for folder in folders:
        merge_parts(folder)
    found = compare_runs(*folders)
    for line in comparison_text(found):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if found.is_refused:
        raise typer.Exit(1)
    written = write_comparison(found, results)
    console.print(f"\nPage: {written.html}", highlight=False, markup=False, soft_wrap=True)
