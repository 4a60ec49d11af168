"""Thousands of generated requests, the same for every store: none fails, none answers otherwise.

`make fuzz COUNT=10000 SEED=1` sends many; the suite sends a few of another seed.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from contract.endpoints import BY_NAME
from contract.errors import PROBLEM_MEDIA_TYPE, Problem
from contract.openapi import document_json
from contract.tokens import LIFETIME_S
from tests.contract.suite.normal import Normalizer
from tests.contract.suite.shop import Answer, check, check_problem
from tests.contract.suite.targets import Floor, Target, place
from tests.security.generated import KNOWN, Generated, Who, generate, generate_alone, tally

COUNT = int(os.environ.get("TWINSTORE_FUZZ_REQUESTS", "720"))
SEED = int(os.environ.get("TWINSTORE_FUZZ_SEED", "7"))
OF_THE_PROXY = {"malformed_request"}
"""Codes of answers that the proxy gives before it has read the head of a request."""
OF_THE_ARCHITECTURE = {"search_products", "readyz"}
"""What they give differs on purpose: the services' search index follows the catalog a moment
later, and readiness names the parts that a store has."""
WHOLE_FLOAT = re.compile(rb"\d\.0\b")
"""JSON Schema calls 1.0 an integer and can't say otherwise; the stores do."""


@dataclass
class Client:
    """One store, as the fuzzer sees it: what it made so far, under numbers instead of ids."""

    target: Target
    tokens: dict[Who, str]
    orders: list[dict[str, Any]] = field(default_factory=list)
    normalizer: Normalizer = field(default_factory=Normalizer)

    def send(self, request: Generated) -> Answer:
        headers = dict(request.headers)
        if request.who != "as generated":
            headers.pop("Authorization", None)
        if request.who in self.tokens:
            headers["Authorization"] = f"Bearer {self.tokens[request.who]}"
        answer = self.target.shop.raw(request.method, self.path(request), request.body, headers)
        if (request.endpoint, answer.status) == ("place_order", 201):
            self.orders.append(answer.data)
        return answer

    def path(self, request: Generated) -> str:
        if KNOWN not in request.path:
            return request.path
        if not self.orders:
            return request.path.replace(KNOWN, "1")
        order = self.orders[(request.known or 0) % len(self.orders)]
        name = "payment_id" if request.endpoint == "get_payment" else "id"
        return request.path.replace(KNOWN, order[name])

    def comparable(self, request: Generated, answer: Answer) -> Any:
        """Return what must be the same in every store."""
        data: Any = answer.body
        if answer.headers.get("content-type") in ("application/json", PROBLEM_MEDIA_TYPE):
            data = self.normalizer.normal(json.loads(answer.body))
        may_differ = answer.status < 400 and request.endpoint in OF_THE_ARCHITECTURE
        return answer.outcome if may_differ else (*answer.outcome, data)


@pytest.fixture(scope="module")
def clients(everyone: list[Target], floor: Floor) -> list[Client]:
    for target in everyone:
        target.stack.restore()
    customer, other = floor.account(), floor.account()
    tokens: dict[Who, str] = {
        "customer": floor.token(customer), "other": floor.token(other), "admin": floor.admin(),
        "expired": floor.token(customer, age_s=LIFETIME_S + 10)}
    return [with_a_past(Client(target, tokens)) for target in everyone]


def with_a_past(client: Client) -> Client:
    """The customer has an order and a full cart: what needs them does not wait for luck."""
    shop, token = client.target.shop, client.tokens["customer"]
    client.orders.append(place(shop, token, {1: 1}).data)
    for product in range(1, 10):
        shop.get("put_item", path={"product_id": product}, json={"quantity": 1}, token=token)
    return client


@pytest.fixture(scope="module")
def sent(clients: list[Client]) -> list[Generated]:
    document = json.loads(clients[0].target.shop.raw("GET", "/openapi.json").body)
    made = generate_alone(document, COUNT, SEED)
    for request in made:
        request.answers.extend(client.send(request) for client in clients)
    return made


@pytest.mark.timeout(1_800)
def test_as_many_as_were_asked_for_were_sent(
        sent: list[Generated], clients: list[Client],
        capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{len(sent)} requests (seed {SEED}) to each of "
              f"{', '.join(client.target.name for client in clients)}")
        print("\n".join(tally(sent)))
    assert len(sent) >= COUNT
    assert {request.endpoint for request in sent} == set(BY_NAME)


def test_no_request_makes_a_store_fail(sent: list[Generated]) -> None:
    assert [str(r) for r in sent if any(a.status >= 500 for a in r.answers)] == []


def test_no_answer_is_outside_the_contract(sent: list[Generated]) -> None:
    broken = []
    for request in sent:
        for answer in request.answers:
            try:
                judge(request, answer)
            except (AssertionError, ValueError, KeyError) as wrong:
                broken.append(f"{request}: {wrong!r}"[:1500])
    assert broken == []


def judge(request: Generated, answer: Answer) -> None:
    """Fail unless an answer is one that may be given."""
    if answer.code in OF_THE_PROXY:
        assert Problem.model_validate_json(answer.body).status == answer.status
    elif request.is_whole:
        check(BY_NAME[request.endpoint], answer)
    elif answer.status >= 400:
        check_problem(answer, may_be_replayed=BY_NAME[request.endpoint].takes_idempotency_key)


def test_the_stores_answer_alike(sent: list[Generated], clients: list[Client]) -> None:
    differing = []
    for request in sent:
        said = [client.comparable(request, answer)
                for client, answer in zip(clients, request.answers, strict=True)]
        if any(one != said[0] for one in said):
            differing.append(f"{request}: {said}"[:1500])
    assert differing == []


def test_what_the_document_allows_is_not_refused_as_invalid(sent: list[Generated]) -> None:
    refused = [str(r) for r in sent if r.is_whole and r.form == "positive"
               and r.answers[0].code == "validation_failed"
               and not WHOLE_FLOAT.search(r.body or b"")]
    assert refused == []


def test_the_requests_reach_deep(sent: list[Generated]) -> None:
    """Where all are refused at the border, a fuzzer has shown little."""
    succeeded = {r.endpoint for r in sent if r.answers[0].status == BY_NAME[r.endpoint].success}
    assert succeeded == set(BY_NAME)


def test_a_seed_makes_the_same_requests_again() -> None:
    first, second = (generate(json.loads(document_json()), 36, SEED) for _ in range(2))
    assert first == second
    assert first != generate(json.loads(document_json()), 36, SEED + 1)
