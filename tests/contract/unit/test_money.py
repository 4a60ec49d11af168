"""Money: integers only, and sums that stay exact."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from contract.models import MAX_CART_LINES, MAX_QUANTITY
from contract.money import CURRENCY, MAX_MINOR, Money, Price, euros, total_minor


def test_euros_are_what_the_wire_says() -> None:
    assert euros(199) == Money(amount_minor=199, currency=CURRENCY)
    assert Money.model_validate_json(euros(0).model_dump_json()) == euros(0)


def test_a_total_is_exact() -> None:
    assert total_minor([]) == 0
    assert total_minor([(199, 3), (10**8, 99), (0, 5)]) == 597 + 99 * 10**8


def test_the_dearest_cart_fits_a_64_bit_integer() -> None:
    assert MAX_MINOR * MAX_QUANTITY * MAX_CART_LINES < 2**63


@pytest.mark.parametrize("sent", [
    '{"amount_minor": 1.0, "currency": "EUR"}', '{"amount_minor": "1", "currency": "EUR"}',
    '{"amount_minor": 1, "currency": "USD"}', '{"amount_minor": 1, "currency": "eur"}',
    '{"amount_minor": true, "currency": "EUR"}', '{"amount_minor": -1, "currency": "EUR"}',
    '{"amount_minor": 100000001, "currency": "EUR"}', '{"amount": 1, "currency": "EUR"}',
    '{"amount_minor": 1, "currency": "EUR", "x": 1}', '{"amount_minor": null}', "1", '"1 EUR"'])
def test_a_price_is_a_bounded_integer_of_our_currency(sent: str) -> None:
    with pytest.raises(ValidationError):
        Price.model_validate_json(sent)
