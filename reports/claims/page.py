"""`python -m reports.claims.page` prints docs/claims.md from the claims and their rules."""

from __future__ import annotations

import inspect
import sys
from typing import Final

from reports.claims.claim import Claim
from reports.claims.facts import CLAIMS
from reports.claims.ledger import DECIDE

_HEAD: Final = """\
# The claims

What is commonly said of the two architectures (A) and what studies have published (B). The ledger
of a report decides each from that run's numbers alone ([how](method.md#the-claims-ledger)).
*Expected here* was written before any run and takes no part. Ratios are microservices ÷ monolith
unless a row says otherwise. This page is printed by
`python -m reports.claims.page > docs/claims.md`; a test keeps it true.

| | claim | source | published | expected here | what decides |
|---|---|---|---|---|---|
"""


def page() -> str:
    """Return the whole page as Markdown."""
    return _HEAD + "".join(_row(claim) for claim in CLAIMS.values())


def _row(claim: Claim) -> str:
    source = f"[{claim.source}](https://{claim.link})" if claim.link else claim.source
    cells = (claim.id, claim.text, source, claim.figures, claim.expected, _rule(claim.id))
    return f"| {' | '.join(cells)} |\n"


def _rule(name: str) -> str:
    """What the deciding function says of itself: `B2: the median of one product read.`"""
    return " ".join((inspect.getdoc(DECIDE[name]) or "").split()).removeprefix(f"{name}: ")


if __name__ == "__main__":
    sys.stdout.write(page())
