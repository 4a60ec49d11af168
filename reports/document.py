"""What a report is made of, before it becomes HTML, Markdown and files."""

from __future__ import annotations

from dataclasses import dataclass, field

from matplotlib.figure import Figure

from reports.table import Table


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure.  `conclusion` is generated from numbers; `reading` says how to read it;
    `tables` name the CSV files that hold every number drawn."""

    name: str
    alt: str
    conclusion: str
    reading: str
    tables: tuple[str, ...]
    figure: Figure
    is_folded: bool = False
    """One of many alike: the page shows it on a click."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence or two between figures; `kind` decides how loud it is."""

    text: str
    kind: str = "plain"


@dataclass(frozen=True, slots=True)
class Heading:
    """A title inside a part."""

    text: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Text to be copied out, such as SQL; the page shows it on a click."""

    title: str
    caption: str
    entries: list[tuple[str, str]]
    """(what it is, the text itself)."""


Block = Drawing | Table | Note | Heading | Listing


@dataclass(frozen=True, slots=True)
class Part:
    """One chapter; `lead` are its generated sentences."""

    anchor: str
    title: str
    lead: list[str]
    blocks: list[Block] = field(default_factory=list)

    @property
    def drawings(self) -> list[Drawing]:
        return [block for block in self.blocks if isinstance(block, Drawing)]

    @property
    def tables(self) -> list[Table]:
        return [block for block in self.blocks if isinstance(block, Table)]


@dataclass(frozen=True, slots=True)
class Document:
    """The whole report."""

    title: str
    subtitle: str
    headlines: list[tuple[str, str]]
    """(label, sentence): latency, scaling, isolation."""
    parts: list[Part]
    labels: list[str] = field(default_factory=list)
    """What stands against the headlines, right below them: confounds, what was waived."""
