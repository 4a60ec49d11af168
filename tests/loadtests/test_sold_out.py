"""The generator at real stores that have a few pieces: what is sold out, and never one too many."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.load import LoadSpec
from contract.seed import SCARCE_PIECES
from contract.tokens import Principal, issue, load_private_key
from lab.audit.auditor import audit
from lab.audit.books import Acknowledged, Books, read_books, read_received
from lab.audit.kept import acknowledged_in
from lab.deploy.deployment import Deployment
from lab.deploy.stack import Stack
from lab.scenario import DataKeys, PlatformKeys
from lab.topology import SERVICES, Deployable, Topology

TOPOLOGIES = {
    "monolith": Topology("monolith", "monolith", (Deployable("monolith", 1, 8, 8),)),
    "microservices": Topology("microservices", "microservices", tuple(
        Deployable(name, db_connections=2) for name in SERVICES)),
}
DATA = DataKeys(products=60, customers=150, scarce=3)
SCARCE = dict(zip((61, 62, 63), SCARCE_PIECES, strict=True))
WEIGHTS = {"buy_scarce": 4.0, "buy_several": 3.0, "order_again": 3.0, "check_out_at_once": 3.0}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with Deployment(tmp_path_factory.mktemp("run"), PlatformKeys(), DATA) as made:
        yield made


@pytest.fixture(scope="module", params=TOPOLOGIES)
def stack(request: pytest.FixtureRequest, deployment: Deployment) -> Stack:
    return deployment.start(TOPOLOGIES[request.param])


def test_few_pieces_are_sold_out_and_never_twice(
        deployment: Deployment, stack: Stack, new_spec: Callable[..., LoadSpec],
        drive: Callable[..., Any], tmp_path: Path) -> None:
    stack.restore()
    deployment.reset_bank()
    key = load_private_key(deployment.signing_key_pem)
    (tmp_path / "tokens").write_text("".join(
        issue(Principal(number, "customer"), key)[0] + "\n" for number in range(2, 152)))
    received = read_received(stack.database_urls)
    spec = new_spec(stack.base_url, WEIGHTS, products=DATA.products, scarce=DATA.scarce,
                    rate_profile=[(6.0, 12.0)], timeout_s=10.0, drain_s=10.0)
    rows = drive(spec).rows

    assert [row for row in rows if row["outcome"] != "ok"] == []
    ran, codes = Counter(), defaultdict[str, Counter[str]](Counter)
    for row in rows:
        ran[row["journey"]] += row["step"] == 0
        if row["endpoint"] == "place_order":
            codes[row["journey"]][row["error_code"]] += 1
    assert min(ran[journey] for journey in WEIGHTS) > 5
    assert codes["buy_scarce"]["out_of_stock"] > 0
    assert codes["buy_several"]["out_of_stock"] > 0
    assert codes["check_out_at_once"]["checkout_in_progress"] > 0
    told = acknowledged_in(Path(spec.requests_path))
    assert len(told.placed) == len({row["journey_no"] for row in rows if row["reference"]})

    books = books_at_rest(deployment, stack, received, told)
    pieces = {stock.product_id: stock for stock in books.stock if stock.product_id in SCARCE}
    assert len(pieces) == len(SCARCE)
    for stock in pieces.values():
        assert (stock.received, stock.reserved) == (SCARCE[stock.product_id], 0)
        assert stock.sold + stock.on_hand == stock.received
        assert stock.on_hand <= 2  # who wants three of the rest is refused
    lines = Counter(line.order_id for line in books.lines)
    assert {2, 3} & set(lines.values())
    bought = Counter(order.account_id for order in books.orders if order.status == "confirmed")
    assert max(bought.values()) > 1


def books_at_rest(deployment: Deployment, stack: Stack, received: dict[int, int],
                  told: Acknowledged) -> Books:
    """The books once nothing moves any more; every invariant holds in them."""
    audited = audit(lambda: read_books(stack.database_urls, deployment.bank_ledger(), received,
                                       told), patience_s=10)
    assert audited.consistent_at_s is not None
    assert [f.detail for f in audited.findings if f.violations] == []
    return audited.books
