"""The stores side by side: the same questions, the same answers."""

from __future__ import annotations

import pytest

from contract import seed
from contract.endpoints import DOMAINS, ENDPOINTS
from contract.http import SERVICE_TOKEN_HEADER, WORK_HEADER, read_work
from lab.verify import digest_of, smoke
from tests.contract.suite.shop import Ask, check_problem
from tests.contract.suite.targets import Floor, Target, ask_all, closed_database, eventually, place

SEED_IDS = len(seed.generate().products)


@pytest.mark.parametrize("query", [
    "q=lamp", "q=oak%20lamp", "q=%22desk%20lamp%22", "q=lamp%20or%20kettle", "q=lamp%20-oak",
    "q=light", "q=lights", "q=repairing", "q=Malm%C3%B6", "q=malmo", "q=no.%2017", "q=steel",
    "q=lamp&category=lighting", "q=lamp&category=no-such", "q=steel&min_price=5000",
    "q=steel&max_price=900", "q=steel&min_price=900&max_price=100", "q=oak&sort=price_asc",
    "q=oak&sort=price_desc", "q=oak&sort=name", "q=cotton&page=3&page_size=7",
    "q=cotton&page_size=100", "q=the", "q=xyzzy", "q=collection&page=15&page_size=100",
])
def test_searches_are_ranked_alike(query: str, everyone: list[Target]) -> None:
    """Only seed products: what other tests made has other words or other numbers."""
    pages = [answer.data for answer in ask_all(everyone, Ask("search_products", query=query))]
    assert all(page == pages[0] for page in pages)


@pytest.mark.parametrize("query", [
    "", "page=3", "page_size=100", "category=toys", "category=toys&page=5&page_size=20",
    "page=100&page_size=20"])
def test_lists_are_alike(query: str, everyone: list[Target]) -> None:
    pages = [answer.data["items"]
             for answer in ask_all(everyone, Ask("list_products", query=query))]
    assert all(page == pages[0] for page in pages)
    assert pages[0]


def test_categories_are_alike(everyone: list[Target]) -> None:
    answers = ask_all(everyone, Ask("list_categories"))
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize("product_id", [1, 42, SEED_IDS])
def test_products_are_alike_to_the_last_byte(product_id: int, everyone: list[Target]) -> None:
    answers = ask_all(everyone, Ask("get_product", path={"product_id": product_id}))
    names = [answer.data["description"] for answer in answers]
    assert len(set(names)) == 1
    orders = [list(answer.data) for answer in answers]
    assert all(order == orders[0] for order in orders)


def test_the_smoke_walk_of_the_lab_finds_nothing(everyone: list[Target]) -> None:
    assert {target.name: smoke(target.stack.base_url) for target in everyone} == {
        target.name: [] for target in everyone}


def test_restoring_brings_the_seed_data_back(everyone: list[Target]) -> None:
    for target in everyone:
        target.stack.restore()
        assert digest_of(target.stack.database_urls) == seed.digest(seed.generate())


def test_calls_between_services_are_counted(everyone: list[Target], floor: Floor) -> None:
    token = floor.customer()
    for target in everyone:
        counts = []
        for ask in (Ask("get_product", path={"product_id": 1}), Ask("show_cart", token=token)):
            answer = target.shop.send(ask)
            counts.append(read_work(answer.headers[WORK_HEADER.lower()]).calls)
        target.shop.get("put_item", path={"product_id": 1}, json={"quantity": 1}, token=token)
        answer = place(target.shop, token, {})
        counts.append(read_work(answer.headers[WORK_HEADER.lower()]).calls)
        if target.name == "monolith":
            assert counts == [0, 0, 0]
        else:
            assert counts[0] == 0
            assert counts[2] >= 3


def test_internal_endpoints_are_not_reachable_from_the_edge(
        everyone: list[Target], floor: Floor) -> None:
    headers = {SERVICE_TOKEN_HEADER: floor.deployment.service_token,
               "Content-Type": "application/json"}
    for target in everyone:
        for operation in internal_operations():
            for path in (f"/internal/{operation}", f"/api/../internal/{operation}",
                         f"//internal/{operation}", f"/api/products/..%2F..%2Finternal/{operation}",
                         f"/%69nternal/{operation}"):
                answer = target.shop.raw("POST", path, b"{}", headers)
                assert answer.status == 404, (target.name, path, answer)
                check_problem(answer)


def internal_operations() -> list[str]:
    """Every internal operation, as the services' own routes say."""
    import re

    from tests.architecture.source_tree import modules

    route = re.compile(r'@internal\.post\("/(\w+)"\)')
    found = {match for module in modules("microservices")
             for match in route.findall(module.path.read_text("utf-8"))}
    assert len(found) >= 10
    return sorted(found)


@pytest.mark.parametrize("token", [None, "", "wrong", "é"])
def test_internal_endpoints_need_the_service_token(floor: Floor, token: str | None) -> None:
    """Asked at the service itself, past the proxy."""
    from tests.contract.suite.shop import Shop

    if "microservices" not in {target.name for target in floor.everyone()}:
        pytest.skip("needs the microservices")
    stack = floor.target("microservices").stack
    asked = 0
    for (part, replica), process in stack.processes.items():
        if part not in DOMAINS or replica:
            continue
        service = Shop(part, f"http://127.0.0.1:{process.command.port}")
        for operation in internal_operations():
            headers = {"Content-Type": "application/json"}
            if token is not None:
                headers[SERVICE_TOKEN_HEADER] = token
            answer = service.raw("POST", f"/internal/{operation}", b"{}", headers)
            assert answer.status in (401, 404), (part, operation, answer)
            asked += answer.status == 401
            if answer.status == 401:
                assert check_problem(answer).code == "token_invalid"
    assert asked >= len(internal_operations())


def test_every_endpoint_has_a_domain_of_its_store() -> None:
    assert {endpoint.domain for endpoint in ENDPOINTS} == set(DOMAINS)


def test_readiness_is_honest_about_each_database(target: Target) -> None:
    for database, url in target.stack.database_urls.items():
        with closed_database(url, database):
            eventually(lambda: target.shop.raw("GET", "/readyz").status == 503)
            assert target.shop.raw("GET", "/livez").status in (200, 503)
        eventually(lambda: target.shop.raw("GET", "/readyz").status == 200)
    eventually(lambda: target.shop.raw("GET", "/api/products/1").status == 200)
