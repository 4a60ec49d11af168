"""The chapter that holds what is commonly said against this run's numbers."""

from __future__ import annotations

from typing import Any, Final

from reports.claims.claim import LESS, WORDS, Row, size_of
from reports.document import Block, Drawing, Note, Part
from reports.figures.claims import draw_claims
from reports.table import Table
from reports.words import count, listed

_MOST_TOLD: Final = 6
"""Effects that a row tells; the table's file has all."""


def ledger_part(rows: list[Row]) -> Part:
    """Every claim, its published figures and this run's, decided by numbers."""
    said = [f"{sum(row.word == word for row in rows)} {word}{_of_them(rows, word)}"
            for word in WORDS]
    lead = [f"Of {count(len(rows), 'claim')}, this run has {', '.join(said)}.",
            "A claim is supported or contradicted only if the whole interval says so, and one that "
            "states a size only in direction where the interval ends below it; a ratio is "
            "microservices ÷ monolith unless its row says otherwise. What was expected here "
            "was set beforehand and takes no part in the decision."]
    blocks: list[Block] = []
    if figure := draw_claims(rows):
        blocks.append(Drawing(
            "claims", "Measured ratios of the ledger", _drawn(rows),
            "Dot and bar: measured here, 95 % interval (no bar: there is none). Diamond: "
            "published. Band: expected here. Rows whose effect is not a ratio stand in the "
            "table only.", ("claims",), figure))
    return Part("claims", "Claims ledger", lead, [*blocks, _table(rows), _sources(rows)])


def _of_them(rows: list[Row], word: str) -> str:
    """Rows that state a size and support its direction alone are no full support."""
    n = sum(row.word == word and row.is_in_direction_only for row in rows)
    return f" ({n} of them in direction only, {LESS})" if n else ""


def _drawn(rows: list[Row]) -> str:
    found = {said: [row.claim.id for row in rows if row.said == said]
             for said in dict.fromkeys([WORDS[0], *(row.said for row in rows), *WORDS])}
    said = "; ".join(f"{word}: {', '.join(ids)}" for word, ids in found.items() if ids)
    return f"{said[0].upper()}{said[1:]}."


def _table(rows: list[Row]) -> Table:
    return Table(
        "claims", "Claims",
        "Each verdict is computed from the effect beside it. Not testable here: the row says "
        "what is missing.",
        ["", "claim", "published", "here", "verdict"],
        [[row.claim.id, row.claim.text, f"{row.claim.figures} ({row.claim.source})", _here(row),
          _verdict(row)] for row in rows],
        ["id", "claim", "source", "link", "published", "expected", "verdict", "effect", "value",
         "low", "high", "n", "unit", "block_low", "block_high", "aa_high", "aa_pairs", "caveat",
         "missing", "said"],
        [line for row in rows for line in _raw(row)])


def _sources(rows: list[Row]) -> Note:
    links = {row.claim.source: row.claim.link for row in rows if row.claim.link}
    return Note("Sources. " + "; ".join(f"{source}: {link}" for source, link in links.items())
                + ".", "plain")


def _here(row: Row) -> str:
    if not row.effects:
        return f"needs {row.missing}" if row.missing else row.caveat
    told = [effect.text for effect in row.effects[:_MOST_TOLD]]
    if more := len(row.effects) - len(told):
        told.append(f"{more} more in claims.csv")
    said = "; ".join(told)
    return " ".join([f"{said}.", *(_sentence(caveat) for caveat in row.caveats)])


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def _verdict(row: Row) -> str:
    if row.word == "not testable here" and row.effects:
        return f"{row.word}: needs {row.missing}"
    sizes = [LESS] if row.is_less and not row.is_in_direction_only else []
    sizes += [size] if row.effects and (size := size_of(row.claim, row.effects[0])) else []
    return f"{row.said}{f' ({listed(sizes)})' if sizes else ''}"


def _raw(row: Row) -> list[list[Any]]:
    claim = row.claim
    head = [claim.id, claim.text, claim.source, claim.link, claim.figures, claim.expected, row.word]
    effects = [[e.what, e.value, e.low, e.high, e.n, e.unit, *(e.block or (None, None)),
                *((e.band.high, e.band.n) if e.band else (None, None)),
                "; ".join([*([row.caveat] if row.caveat else []), *e.caveats])]
               for e in row.effects]
    return [[*head, *effect, row.missing, row.said]
            for effect in effects or [[*[None] * 10, row.caveat]]]
