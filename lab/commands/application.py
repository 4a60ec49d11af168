"""What all commands share: the application, its consoles and options, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from typer.core import TyperGroup

if TYPE_CHECKING:
    from lab.scenario import ScenarioFile

ORDER = ("run", "report", "audit", "compare", "up", "list", "doctor")


class InOrder(TyperGroup):
    """Lists the commands by how soon a newcomer needs them."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names as `ORDER` has them."""
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    cls=InOrder, no_args_is_help=True, add_completion=False, rich_markup_mode="markdown",
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


def read_file(file: Path) -> ScenarioFile:
    """Read the scenarios; refuse a file with mistakes."""
    from lab.scenario_file import ScenarioFileError, read_scenarios

    try:
        return read_scenarios(file)
    except ScenarioFileError as mistake:
        refuse(str(mistake))


def must_know(kind: str, name: str, known: list[str]) -> None:
    """Refuse a name that the file does not define; suggest one."""
    from difflib import get_close_matches

    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}? " if close else ""
        refuse(f"There is no {kind} {name!r}. {hint}Known: {', '.join(known)}.")


def refuse(text: str) -> NoReturn:
    """Say what is wrong and end with 2."""
    complaints.print(text, highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(EXIT_USAGE)


def run_folder(run: Path, results: Path) -> Path:
    """Find a run by its folder or its name; refuse what is none."""
    folder = run if (run / "run.json").exists() else results / run
    if not (folder / "run.json").exists():
        known = sorted(path.parent.name for path in results.glob("*/run.json"))
        refuse(f"{run} is no run: it has no run.json. "
                + (f"Runs here: {', '.join(known[-5:])}" if known else "There are no runs yet."))
    return folder
