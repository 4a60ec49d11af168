"""Read `scenarios.yaml`; a mistake names file, line, key, value and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from lab.errors import LabError
from lab.scenario import ScenarioFile, unknown_names

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong with the file."""

    line: int
    key: str
    value: str
    allowed: str


class ScenarioFileError(LabError):
    """The file can't be used; the message lists its mistakes."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        self.path = path
        self.mistakes = mistakes
        lines = [f"{path}:{m.line}: {m.key}: {m.value}\n    {m.allowed}" for m in mistakes[:_SHOWN]]
        if len(mistakes) > _SHOWN:
            lines.append(f"and {len(mistakes) - _SHOWN} more")
        super().__init__("\n".join(lines))


def read_scenarios(path: Path) -> ScenarioFile:
    """Parse and check the whole file.  Raises ScenarioFileError."""
    document = _parse(path)
    try:
        file = ScenarioFile.model_validate(document)
    except ValidationError as invalid:
        raise ScenarioFileError(
            path, [_mistake(document, problem) for problem in invalid.errors(include_url=False)]
        ) from None
    unknown = [
        Mistake(_line(document, where), _dotted(where), repr(name), _choices(name, allowed))
        for where, name, allowed in unknown_names(file)
    ]
    if unknown:
        raise ScenarioFileError(path, unknown)
    return file


def _parse(path: Path) -> Any:
    try:
        document = YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ScenarioFileError(
            path, [Mistake(0, "file", "does not exist", "give --file, or run in the project")]
        ) from None
    except (OSError, UnicodeDecodeError) as unreadable:
        raise ScenarioFileError(
            path, [Mistake(0, "file", "can't be read", str(unreadable))]) from None
    except MarkedYAMLError as broken:
        line = broken.problem_mark.line + 1 if broken.problem_mark else 0
        raise ScenarioFileError(
            path, [Mistake(line, "YAML", str(broken.problem), "must be valid YAML 1.2")]
        ) from None
    except YAMLError as broken:
        raise ScenarioFileError(path, [Mistake(0, "YAML", str(broken), "must be valid YAML 1.2")]
                                ) from None
    if not isinstance(document, dict):
        raise ScenarioFileError(path, [Mistake(1, "file", "is not a map",
                                               "topologies, workloads, faults, scenarios")])
    return document


def _mistake(document: Any, problem: Any) -> Mistake:
    where = tuple(part for part in problem["loc"] if part != "[key]")
    line = _line(document, where)
    given = problem.get("input")
    value = "" if isinstance(given, dict | list) else repr(given)
    if problem["type"] == "extra_forbidden":
        return Mistake(line, _dotted(where), "unknown key", _siblings(where))
    if problem["type"] == "missing":
        return Mistake(line, _dotted(where), "is missing", "this key is required")
    message = problem["msg"].removeprefix("Value error, ")
    return Mistake(line, _dotted(where), value or "is wrong", message)


def _siblings(where: tuple[Any, ...]) -> str:
    """List the keys that may stand where an unknown one stands."""
    model: Any = ScenarioFile
    for part in where[:-1]:
        model = _below(model, part)
        if model is None:
            return "see docs/scenarios.md"
    fields = getattr(model, "model_fields", {})
    return _choices(str(where[-1]), list(fields)) if fields else "see docs/scenarios.md"


def _below(model: Any, part: Any) -> Any:
    """Follow one step of a path through the models."""
    import typing

    if hasattr(model, "model_fields"):
        field = model.model_fields.get(part)
        return _section_in(field.annotation) if field else None
    arguments = typing.get_args(model)
    return _section_in(arguments[-1]) if arguments else None


def _section_in(annotation: Any) -> Any:
    import typing

    if hasattr(annotation, "model_fields") or typing.get_origin(annotation) is dict:
        return annotation
    for argument in typing.get_args(annotation):
        found = _section_in(argument)
        if found is not None:
            return found
    return None


def _choices(name: str, allowed: list[str]) -> str:
    close = get_close_matches(name, allowed, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}allowed: {', '.join(allowed)}"


def _dotted(where: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in where) or "file"


def _line(document: Any, where: tuple[Any, ...]) -> int:
    """Return the 1-based line of the deepest part of the path that stands in the file."""
    node: Any = document
    line = 1
    for part in where:
        try:
            marks = node.lc
            line = (marks.item(part) if isinstance(part, int) else marks.key(part))[0] + 1
            node = node[part]
        except (KeyError, IndexError, AttributeError, TypeError):
            return line
    return line
