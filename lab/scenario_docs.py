"""`python -m lab.scenario_docs` prints docs/scenarios.md from the models of lab.scenario."""

from __future__ import annotations

import sys
import typing
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from lab.scenario import SECTIONS, Section

_HEAD = """\
# scenarios.yaml

Topologies × workloads × faults → scenarios: the only knobs of the lab. A mistake in the file is
answered with file, line, key, value and what is allowed, and exit code 2, before anything starts.
This page is printed by `python -m lab.scenario_docs > docs/scenarios.md`; a test keeps it true.

To make your own, copy the file, change or add a scenario and run it from there:
`twinstore run mine --file mine.yaml`. `--dry-run` says first what it would do, and for how long.
"""


def page() -> str:
    """Return the whole page as Markdown."""
    return _HEAD + "".join(_section(model) for model in SECTIONS)


def _section(model: type[Section]) -> str:
    doc = " ".join((model.__doc__ or "").split())
    rows = "".join(_row(name, field) for name, field in model.model_fields.items())
    return (f"\n## {title(model)}\n\n{doc}\n\n| key | allowed | default | meaning |\n"
            f"|---|---|---|---|\n{rows}")


def title(model: type[Section]) -> str:
    """Name a section as the file does."""
    return model.__name__.removesuffix("Keys").lower() if model.__name__ != "ScenarioFile" else (
        "the file")


def _row(name: str, field: FieldInfo) -> str:
    meaning = " ".join((field.description or "").split())
    return f"| `{name}` | {_allowed(field)} | {_default(field)} | {meaning} |\n"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        made = field.get_default(call_default_factory=True, validated_data={})
        return f"`{', '.join(made)}`" if made else "none"
    if field.default is PydanticUndefined:
        return "required"
    if isinstance(field.default, Section):
        return "its defaults"
    if field.default is None:
        return "none"
    return f"`{str(field.default).lower() if field.default in (True, False) else field.default}`"


def _allowed(field: FieldInfo) -> str:
    bounds = ", ".join(_bound(constraint) for constraint in field.metadata if _bound(constraint))
    kind = _kind(field.annotation)
    return f"{kind}, {bounds}" if bounds else kind


def _bound(constraint: Any) -> str:
    signs = {"gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ ", "min_length": "at least ",
             "max_length": "at most "}
    return " ".join(f"{sign}{getattr(constraint, name)}" for name, sign in signs.items()
                    if getattr(constraint, name, None) is not None)


def _kind(annotation: Any) -> str:  # noqa: PLR0911 - one return for each kind of type
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin is typing.Annotated:
        bounds = " ".join(_bound(item) for entry in arguments[1:]
                          for item in getattr(entry, "metadata", [entry]) if _bound(item))
        return f"{_kind(arguments[0])} {bounds}".strip()
    if origin is list:
        return f"list of {_kind(arguments[0])}"
    if origin is dict:
        return f"map of {_kind(arguments[0])} to {_kind(arguments[1])}"
    if origin is not None:  # unions
        return " or ".join(_kind(argument) for argument in arguments)
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return f"[{title(annotation)}](#{title(annotation).replace(' ', '-')})"
    names = {str: "text", int: "whole number", float: "number", bool: "`true` or `false`",
             type(None): "`null`"}
    return names.get(annotation, str(annotation))


if __name__ == "__main__":
    sys.stdout.write(page())
