"""The KORONA client against the simulated account: lists by revision, single objects, receipts."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from korsync.errors import ConfigurationError, KorsyncError, Refused, Rejected, Unavailable, Unsure
from korsync.korona import client as korona
from korsync.korona.client import KoronaClient
from korsync.records import PointOfSale
from korsync.sales import Receipt, ReceiptLine, ReceiptPayment, ReceiptTax
from korsync.sandbox.exchange import Answer, Clock, Fault, Request
from korsync.sandbox.korona import COUPLING_ID, KoronaSide
from korsync.sandbox.korona_routes import BASE_PATH, TOO_MANY_WRITES
from korsync.sandbox.korona_store import Unit
from korsync.sandbox.server import SandboxServer
from korsync.settings import KoronaSettings

NOON = datetime(2026, 11, 23, 11, 0, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n and so on"


class Desk:
    """A KORONA account, its server, and the client under test."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.clock.set(NOON)
        lock = threading.RLock()
        self.side = KoronaSide(self.clock, lock)
        self.server = SandboxServer(self.side.answer, self.clock, lock, overlap=TOO_MANY_WRITES)
        self.server.start()
        self.client = self.open()

    def open(self, **changes: Any) -> KoronaClient:
        known = {
            "base_url": self.server.base_url + BASE_PATH,
            "account_id": self.side.account_id,
            "username": self.side.user,
            "password": self.side.password,
            "price_list": "Shopify",
            "point_of_sale": "90",
            "coupling_id": COUPLING_ID,
        }
        read_only = changes.pop("read_only", False)
        return korona.connect(KoronaSettings(**(known | changes)), read_only=read_only, sleep=lambda _seconds: None)

    @property
    def asked(self) -> list[str]:
        return [each.path.rpartition("/")[2] for each in self.server.requests]

    def point_of_sale(self, number: str = "90") -> PointOfSale:
        (found,) = self.client.points_of_sale(number)
        return found

    def numbers(self) -> set[str | None]:
        return {article.number for article in self.client.changed_products(0)[0]}


@pytest.fixture
def desk() -> Iterator[Desk]:
    opened = Desk()
    yield opened
    opened.server.stop()


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(korona, "_PAGE", 3)


# --- lists by revision ---


def test_an_idle_list_costs_one_request(desk: Desk) -> None:
    _, cursor = desk.client.changed_products(0)
    desk.server.requests.clear()
    assert desk.client.changed_products(cursor) == ([], cursor)
    assert len(desk.server.requests) == 1
    assert desk.server.requests[0].status == 204


def test_a_list_that_fits_into_a_page_costs_one_request(desk: Desk) -> None:
    articles, cursor = desk.client.changed_products(0)
    assert len(desk.server.requests) == 1
    assert cursor == max(article.revision for article in articles)


def test_the_cursor_is_the_highest_revision_seen_not_the_highest_there_is(desk: Desk) -> None:
    desk.server.faults.append(
        Fault("status", status=200, body={"results": [{"id": "a", "revision": 5}], "maxRevision": 900, "links": {}})
    )
    assert desk.client.changed_images(4)[1] == 5


def test_only_what_changed_since_comes(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", Decimal("8.90"))
    _, cursor = desk.client.changed_products(0)
    desk.side.rename("1042", "Tee grün")
    articles, later = desk.client.changed_products(cursor)
    assert [article.name for article in articles] == ["Tee grün"]
    assert later == cursor + 1


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("ignores_sort", [False, True])
@pytest.mark.parametrize("articles", range(9))
def test_a_list_of_any_length_comes_whole(desk: Desk, articles: int, ignores_sort: bool) -> None:
    for number in range(articles):
        desk.side.add_article(f"n{number}", "x")
    for number in range(0, articles, 2):
        desk.side.rename(f"n{number}", "y")
    desk.side.ignores_sort = ignores_sort
    listed, cursor = desk.client.changed_products(0)
    assert {each.number for each in listed} == {"9000", "9001"} | {f"n{number}" for number in range(articles)}
    assert len(listed) == articles + 2
    assert cursor == max(each.revision for each in listed)
    assert desk.client.changed_products(cursor) == ([], cursor)


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("ignores_sort", [False, True])
def test_an_article_saved_while_pages_are_read_hides_no_other(desk: Desk, ignores_sort: bool) -> None:
    for number in range(10):
        desk.side.add_article(f"n{number}", "x")
    desk.side.ignores_sort = ignores_sort
    left = iter(range(4))

    def save_the_first(_request: Request, _answer: Answer) -> None:
        if (number := next(left, None)) is not None:
            desk.side.rename(f"n{number}", "y")

    desk.server.after_request = save_the_first
    listed, cursor = desk.client.changed_products(0)
    more, _ = desk.client.changed_products(cursor)
    names = {each.number: each.name for each in [*listed, *more]}
    assert names.keys() == {"9000", "9001"} | {f"n{number}" for number in range(10)}
    assert [names[f"n{number}"] for number in range(10)] == ["y"] * 4 + ["x"] * 6


@pytest.mark.usefixtures("short_pages")
def test_rows_that_share_a_revision_across_pages_are_not_missed(desk: Desk) -> None:
    rows: list[dict[str, Any]] = [
        {"id": str(each), "revision": revision} for each, revision in enumerate([1, 2, 3, 3, 3, 4, 4, 4, 4, 5])
    ]

    def serve(request: Request) -> Answer:
        since, page = int(request.query.get("revision", ["0"])[0]), int(request.query["page"][0])
        found = [row for row in rows if row["revision"] > since]
        shown = found[(page - 1) * 3 : page * 3]
        return Answer(200, {"results": shown, "pagesTotal": -(-len(found) // 3), "links": {}}) if shown else Answer(204)

    desk.server._handler = serve
    listed, cursor = desk.client.changed_images(0)
    assert sorted(int(each.id) for each in listed) == list(range(10))
    assert cursor == 5


def test_a_server_that_gives_smaller_pages_than_asked_is_read_to_the_end(desk: Desk) -> None:
    rows: list[dict[str, Any]] = [{"id": str(each), "revision": each + 1} for each in range(10)]

    def serve(request: Request) -> Answer:
        since = int(request.query.get("revision", ["0"])[0])
        found = [row for row in rows if row["revision"] > since]
        links = {"next": "https://elsewhere.example/"} if len(found) > 4 else {}
        return Answer(200, {"results": found[:4], "links": links})

    desk.server._handler = serve
    assert len(desk.client.changed_images(0)[0]) == 10


def test_a_list_that_never_ends_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(korona, "_MOST_PAGES", 20)
    body = {"results": [{"id": "a", "revision": 9}, {"id": "b", "revision": 8}], "links": {"next": "x"}}
    desk.server.faults.append(Fault("status", status=200, body=body, times=999))
    with pytest.raises(Unavailable, match="does not come to rest"):
        desk.client.changed_images(0)


def test_deleted_articles_come_without_their_number(desk: Desk) -> None:
    article_id = desk.side.add_article("1042", "Tee").id
    _, cursor = desk.client.changed_products(0)
    desk.side.delete_article("1042")
    (article,), _ = desk.client.changed_products(cursor)
    assert (article.id, article.number, article.active) == (article_id, None, False)


def test_an_imported_price_is_announced_though_the_article_was_not_saved(desk: Desk) -> None:
    article = desk.side.add_article("1042", "Tee", Decimal("8.90"))
    _, articles_seen = desk.client.changed_products(0)
    _, prices_seen = desk.client.changed_prices(0)
    desk.side.change_price("1042", Decimal("9.20"), touch_article=False)
    assert desk.client.changed_products(articles_seen)[0] == []
    (row,), _ = desk.client.changed_prices(prices_seen)
    assert row.article_id == article.id
    product = desk.client.product(article.id)
    assert product is not None
    assert [price.value for price in product.prices] == [Decimal("9.2")]


def test_an_older_cluster_without_prices_has_none(desk: Desk) -> None:
    desk.server.faults.append(Fault("status", path="/prices", status=404, body={"code": "MODEL_ID_NOT_FOUND"}))
    assert desk.client.changed_prices(7) == ([], 7)


def test_stock_is_read_by_warehouse_and_a_missing_figure_is_not_zero(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", stock=Decimal("2.5"))
    desk.side.add_article("1043", "Topf", stock=7)
    desk.side.without_actual.add("1043")
    (warehouse,) = [each for each in desk.client.organizational_units() if each.number == "1"]
    levels, cursor = desk.client.changed_stock(warehouse.id, 0)
    assert {level.actual for level in levels} == {Decimal("2.5"), None}
    assert {level.warehouse_id for level in levels} == {warehouse.id}
    desk.side.sell_at_till("1042", 4)
    (level,), _ = desk.client.changed_stock(warehouse.id, cursor)
    assert level.actual == Decimal("-1.5")


def test_a_unit_that_is_no_warehouse_is_a_mistake_in_the_configuration(desk: Desk) -> None:
    (unit,) = [each for each in desk.client.organizational_units() if each.number == "3"]
    assert not unit.warehouse
    with pytest.raises(ConfigurationError, match="CONDITION_MISMATCH"):
        desk.client.changed_stock(unit.id, 0)


@pytest.mark.parametrize(
    "body",
    [
        {"results": None},
        {},
        [],
        {"results": [{"revision": 5}]},
        {"results": [{"id": "a", "revision": "5"}]},
        {"results": [{"id": "a", "revision": 5, "prices": [{"value": "8.90"}]}]},
        {"results": ["a"]},
    ],
)
def test_from_a_list_that_is_not_as_documented_nothing_is_derived(desk: Desk, body: Any) -> None:
    desk.server.faults.append(Fault("status", status=200, body=body, times=9))
    with pytest.raises(Unavailable, match="not the expected"):
        desk.client.changed_products(0)
    assert len(desk.server.requests) == 4


# --- single objects and short lists ---


def test_the_account_tells_its_licences_and_whether_it_is_for_tests(desk: Desk) -> None:
    account = desk.client.account()
    assert account.test_mode
    assert account.timezone == "Europe/Berlin"
    assert "RETAIL" in account.packages


def test_an_article_is_found_by_exactly_its_number(desk: Desk) -> None:
    desk.side.contains_filters = True
    desk.side.add_article("11042", "Topf")
    assert desk.client.product_by_number("1042") is None
    desk.side.add_article("1042", "Tee")
    found = desk.client.product_by_number("1042")
    assert found is not None
    assert found.name == "Tee"


def test_an_article_that_is_not_there_is_none(desk: Desk) -> None:
    assert desk.client.product("5a4d0a2e-6c1f-4d5b-8f0a-0c5b1e7a9d99") is None


def test_a_bundle_tells_its_parts(desk: Desk) -> None:
    part = desk.side.add_article("p", "Teil")
    bundle = desk.side.add_article("b", "Bündel", parts={"p": 3})
    article = desk.client.product(bundle.id)
    assert article is not None
    assert [(each.article_id, each.quantity) for each in article.parts] == [(part.id, Decimal(3))]


def test_the_content_of_an_image_comes_as_bytes(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", image=PNG)
    (image,), _ = desk.client.changed_images(0)
    assert desk.client.image_content(image.id) == PNG


def test_a_replaced_image_is_announced(desk: Desk) -> None:
    desk.side.add_article("1042", "Tee", image=PNG)
    _, cursor = desk.client.changed_images(0)
    desk.side.replace_image("1042", PNG + b"2", new_id=False)
    (image,), _ = desk.client.changed_images(cursor)
    assert desk.client.image_content(image.id) == PNG + b"2"


def test_what_the_configuration_names_can_be_listed(desk: Desk) -> None:
    assert {each.name for each in desk.client.price_groups()} == {"Standard", "Shopify"}
    assert [each.key for each in desk.client.currencies()] == ["EUR"]
    assert {each.number for each in desk.client.organizational_units() if each.warehouse} == {"1", "2"}
    assert {each.number: each.uses_cash_drawer for each in desk.client.payment_methods()} == {
        "1": True,
        "5": False,
        "6": False,
        "9": False,
    }
    assert [each.number for each in desk.client.cashiers()] == ["99"]
    assert [each.number for each in desk.client.customer_groups()] == ["1"]
    assert {each.number for each in desk.client.sales_taxes() if each.included} == {"1", "2", "3"}
    (standard,) = [each for each in desk.client.sales_taxes() if each.number == "1"]
    assert [rate.percent for rate in standard.rates] == [19, 16, 19]
    assert [rate.valid_from for rate in standard.rates][1] == datetime(2020, 6, 30, 22, tzinfo=UTC)


def test_a_point_of_sale_says_what_it_is(desk: Desk) -> None:
    pos = desk.point_of_sale()
    (warehouse,) = [each for each in desk.client.organizational_units() if each.number == "1"]
    assert (pos.type, pos.coupled, pos.warehouse_id) == ("EXTERNAL_WEBSHOP", True, warehouse.id)
    assert desk.client.point_of_sale(pos.id, COUPLING_ID) == pos
    with pytest.raises(Refused, match="COUPLED_WITH_OTHER_DEVICE"):
        desk.client.point_of_sale(pos.id, "somebody else's")


def test_now_is_koronas_own_time(desk: Desk) -> None:
    desk.client.account()
    assert desk.client.now == NOON
    desk.clock.advance(timedelta(hours=1))
    desk.client.account()
    assert desk.client.now == NOON + timedelta(hours=1)


def test_a_wrong_password_is_tried_once(desk: Desk) -> None:
    with pytest.raises(Refused):
        desk.open(password="wrong").changed_products(0)
    assert len(desk.server.requests) == 1


def test_a_wrong_account_is_a_mistake_in_the_configuration(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="ACCOUNT_NOT_FOUND"):
        desk.open(account_id="5a4d0a2e-6c1f-4d5b-8f0a-0c5b1e7a9d99").price_groups()


# --- coupling ---


def test_an_uncoupled_point_of_sale_is_coupled_once(desk: Desk) -> None:
    unit = desk.side.find(Unit, "1")
    new = desk.side.add_point_of_sale("91", "Neu", type="EXTERNAL", unit=unit)
    desk.client.couple(new.id, "mine")
    desk.client.couple(new.id, "mine")
    assert [each.method for each in desk.server.writes()] == ["PATCH"]
    assert desk.client.point_of_sale(new.id, "mine").coupled


# --- receipts ---


def receipt(desk: Desk, name: str = "1042", quantity: int = 2, key: str = "order/1") -> Receipt:
    tax = next(each for each in desk.client.sales_taxes() if each.number == "1")
    method = next(each for each in desk.client.payment_methods() if each.number == "5")
    cashier, group = desk.client.cashiers()[0], desk.client.customer_groups()[0]
    article = desk.client.product_by_number("1042")
    assert article is not None
    base = Decimal("8.90") * quantity
    line = ReceiptLine(
        14000000000001,
        article.id,
        "Tee „grün“",
        Decimal(quantity),
        base,
        Decimal("1.78"),
        (ReceiptTax(tax.id, Decimal(19), Decimal("2.84"), True),),
    )
    return Receipt(
        id="0b1c2d3e-4f50-5162-8374-95a6b7c8d9e0",
        key=key,
        shop="sandbox-shop.myshopify.com",
        order_id=5500000000001,
        number=name,
        order_number=name,
        booked_at=NOON + timedelta(microseconds=123456),
        lines=(line,),
        payments=(ReceiptPayment(method.id, base),),
        cashier_id=cashier.id,
        customer_group_id=group.id,
    )


@pytest.fixture
def till(desk: Desk) -> Desk:
    desk.side.add_article("1042", "Tee", Decimal("8.90"), stock=10)
    return desk


def test_a_receipt_is_booked_and_found_again_as_it_was_sent(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    (row,) = till.client.post_receipts(pos.id, COUPLING_ID, [sent])
    assert (row.status, row.action) == ("OK", "ADDED")
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert (found.key, found.shop, found.order_id) == (sent.key, sent.shop, sent.order_id)
    assert found.gross == Decimal("17.80")
    assert [(each.line_id, each.quantity, each.base) for each in found.lines] == [
        (14000000000001, Decimal(2), Decimal("17.80"))
    ]
    assert found.lines[0].description == "Tee „grün“"
    assert [(each.percent, each.amount, each.included) for each in found.lines[0].taxes] == [
        (Decimal(19), Decimal("2.84"), True)
    ]
    assert found.created_at == NOON
    assert till.side.stock_of("1042") == 8


def test_koronas_own_number_prefix_stays_on(till: Desk) -> None:
    till.side.uses_prefix = True
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till)])
    (write,) = till.server.writes()
    assert write.query == {"couplingId": [COUPLING_ID]}
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert found.number.endswith("1042")
    assert found.number != "1042"


def test_a_return_raises_the_stock(till: Desk) -> None:
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, quantity=-1, key="refund/1")])
    assert till.side.stock_of("1042") == 11
    (found,) = till.client.receipts_by_order_number(pos.id, "1042")
    assert found.gross == Decimal("-8.90")


def test_a_look_up_finds_exactly_this_order_number(till: Desk) -> None:
    till.side.contains_filters = True
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, "11042")])
    assert till.client.receipts_by_order_number(pos.id, "1042") == ()
    assert len(till.client.receipts_by_order_number(pos.id, "11042")) == 1


def test_the_receipts_since_a_revision_come_with_a_cursor(till: Desk) -> None:
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, "1"), receipt(till, "2", key="order/2")])
    found, cursor = till.client.receipts_since(pos.id, 0)
    assert [each.order_number for each in found] == ["1", "2"]
    assert till.client.receipts_since(pos.id, cursor) == ([], cursor)


def test_a_receipt_from_the_till_has_no_key(till: Desk) -> None:
    till.side.sell_at_till("1042", 1)
    (found,), _ = till.client.receipts_since(till.point_of_sale("1").id, 0)
    assert (found.key, found.lines[0].line_id) == (None, None)


def test_an_error_row_is_handed_back_with_koronas_words(till: Desk) -> None:
    till.side.reject_articles.add("1042")
    (row,) = till.client.post_receipts(till.point_of_sale().id, COUPLING_ID, [receipt(till)])
    assert row.status == "ERROR"
    assert row.message


def test_a_queued_receipt_is_handed_back_as_queued(till: Desk) -> None:
    till.side.queues = True
    (row,) = till.client.post_receipts(till.point_of_sale().id, COUPLING_ID, [receipt(till)])
    assert row.action == "QUEUED"


@pytest.mark.parametrize("action", ["lose_request", "lose_answer", "reset", "truncate", "html"])
def test_a_receipt_whose_answer_was_lost_is_sent_once(till: Desk, action: Any) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    till.server.faults.append(Fault(action, method="POST"))
    with pytest.raises(Unsure):
        till.client.post_receipts(pos.id, COUPLING_ID, [sent])
    assert len(till.server.writes()) == 1
    assert len(till.side.booked_under("order/1")) == (action in ("lose_answer", "truncate"))


@pytest.mark.parametrize("body", [None, {}, "x", [1], [{"status": 5}]])
def test_an_answer_without_rows_leaves_a_receipt_unsure(till: Desk, body: Any) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    till.server.faults.append(Fault("status", method="POST", status=200 if body else 204, body=body))
    with pytest.raises(Unsure):
        till.client.post_receipts(pos.id, COUPLING_ID, [sent])


def test_a_repeated_number_is_rejected_with_koronas_code(till: Desk) -> None:
    till.side.refuses_repeated_numbers = True
    pos = till.point_of_sale()
    till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till)])
    with pytest.raises(Rejected, match="NUMBER_ALREADY_IN_USE"):
        till.client.post_receipts(pos.id, COUPLING_ID, [receipt(till, key="order/2")])


def test_a_wrong_coupling_id_is_refused_and_not_told(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    with pytest.raises(Refused, match="COUPLED_WITH_OTHER_DEVICE") as caught:
        till.client.post_receipts(pos.id, "canary-coupling", [sent])
    assert "canary-coupling" not in str(caught.value)


def test_nothing_to_post_is_not_posted(till: Desk) -> None:
    assert till.client.post_receipts(till.point_of_sale().id, COUPLING_ID, []) == ()
    assert till.server.writes() == []


def test_a_read_only_client_posts_nothing(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    with pytest.raises(KorsyncError) as caught:
        till.open(read_only=True).post_receipts(pos.id, COUPLING_ID, [sent])
    assert caught.value.exit_code == 70
    assert till.server.writes() == []


def test_writes_never_overlap(till: Desk) -> None:
    pos, sent = till.point_of_sale(), receipt(till)
    till.server.faults.append(Fault("delay", method="POST", seconds=0.05, times=4))
    posts = [threading.Thread(target=till.client.post_receipts, args=(pos.id, COUPLING_ID, [sent])) for _ in range(4)]
    for post in posts:
        post.start()
    for post in posts:
        post.join()
    assert [each.status for each in till.server.writes()] == [200] * 4
