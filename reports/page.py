"""One self-contained HTML page, and the same as Markdown beside its figures."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from reports.document import Block, Document, Drawing, Heading, Listing
from reports.table import Table

LONG_TABLE = 16
"""Rows beyond which a table is folded on the page."""


def write_html(document: Document, drawn: dict[str, str], path: Path) -> None:
    """Render the page: style, figures and tables inline, nothing fetched."""
    environment = Environment(loader=FunctionLoader(_template), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.tests["folded"] = lambda table: len(table.cells) > LONG_TABLE
    environment.globals["kind_of"] = _kind_of
    page = environment.get_template("page.html.j2").render(
        document=document, style=Markup(_template("style.css")),  # noqa: S704 - our own files
        drawn={name: Markup(svg) for name, svg in drawn.items()})  # noqa: S704
    path.write_text(page, encoding="utf-8")


def write_markdown(document: Document, path: Path) -> None:
    """Write report.md: the same sentences and tables, figures by relative link."""
    lines = [f"# {document.title}", "", document.subtitle, ""]
    lines += [f"- **{label}.** {sentence}" for label, sentence in document.headlines]
    if document.labels:
        lines += ["", *(f"> {sentence}  " for sentence in document.labels)]
    for part in document.parts:
        lines += ["", f"## {part.title}", "", *(f"- {sentence}" for sentence in part.lead)]
        for block in part.blocks:
            lines += ["", *_markdown(block)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _markdown(block: Block) -> list[str]:
    if isinstance(block, Heading):
        return [f"### {block.text}"]
    if isinstance(block, Drawing):
        numbers = ", ".join(f"[{name}.csv](tables/{name}.csv)" for name in block.tables)
        return [f"![{block.alt}](figures/{block.name}.png)", "",
                f"**{block.conclusion}** {block.reading} Numbers: {numbers}."]
    if isinstance(block, Table):
        head = f"**{block.title}** ([{block.name}.csv](tables/{block.name}.csv)). {block.caption}"
        return [head, "", block.to_markdown()]
    if isinstance(block, Listing):
        lines = ["<details>", f"<summary>{block.title}</summary>", "", block.caption]
        for what, text in block.entries:
            lines += ["", f"**{what}**", "", "```sql", text, "```"]
        return [*lines, "", "</details>"]
    return [block.text]


def _kind_of(block: Block) -> str:
    return type(block).__name__.lower()


def _template(name: str) -> str:
    return (files("reports") / "templates" / name).read_text(encoding="utf-8")
