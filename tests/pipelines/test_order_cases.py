"""Orders as real shops get them become the receipts that a bookkeeper would write, or are held with the reason."""

import json
from pathlib import Path

import pytest

from tests.support.cases import Case, comparable, every_case, played, returns_of, sale_of

each_case = pytest.mark.parametrize("case", every_case(), ids=lambda case: str(case.id))


@each_case
def test_an_order_becomes_the_receipts_that_it_must(case: Case, tmp_path: Path) -> None:
    with played(case, tmp_path) as shop:
        sale, returns = sale_of(shop, case), returns_of(shop, case)
    if case.want_sale is not None and "held" in case.want_sale:
        assert case.want_sale["held"] in sale.get("held", ""), case.situation
    elif case.want_sale is not None:
        wanted = comparable(case.want_sale)
        assert {name: sale.get(name) for name in wanted} == wanted, case.situation
    if case.want_returns is not None:
        shown = [{name: each[name] for name in ("items", "pays", "total")} for each in returns]
        assert shown == [comparable(each) for each in case.want_returns], case.situation


@each_case
def test_no_case_tells_of_a_person(case: Case) -> None:
    for name in ("customer", "billing_address", "shipping_address", "email", "contact_email", "phone", "note"):
        assert not case.order.get(name)
    assert "@" not in json.dumps([case.order, case.transactions], default=str)
