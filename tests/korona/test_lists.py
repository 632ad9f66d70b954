"""KORONA lists by revision: whole, once, and with as few requests as is safe."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from korsync.errors import ConfigurationError, Unavailable
from korsync.korona import lists
from korsync.sandbox.exchange import Answer, Fault, Request
from tests.support.desk import Desk


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


def listing(rows: list[dict[str, Any]], *, sorts: bool) -> Callable[[Request], Answer]:
    """A list of which only revision and page are heeded, and which does not tell how many rows it has."""

    def serve(request: Request) -> Answer:
        since, page = int(request.query.get("revision", ["-1"])[0]), int(request.query["page"][0])
        found = [row for row in rows if row["revision"] > since]
        if sorts:
            found.sort(key=lambda row: row["revision"])
        shown = found[(page - 1) * 3 : page * 3]
        return Answer(200, {"results": shown, "pagesTotal": -(-len(found) // 3), "links": {}}) if shown else Answer(204)

    return serve


@pytest.mark.usefixtures("short_pages")
@pytest.mark.parametrize("sorts", [True, False])
@pytest.mark.parametrize(
    "revisions",
    [
        [1, 2, 3, 3, 5, 6, 7, 8],
        [1, 2, 3, 3, 3, 4, 4, 4, 4, 5],
        [7, 7, 7, 7],
        [0, 0, 0, 0, 0],
        [0, 1, 2, 3],
        [1, 2, 2, 2],
    ],
)
def test_rows_that_share_a_revision_across_pages_are_not_missed(desk: Desk, revisions: list[int], sorts: bool) -> None:
    rows: list[dict[str, Any]] = [{"id": str(each), "revision": revision} for each, revision in enumerate(revisions)]
    desk.server._handler = listing(rows, sorts=sorts)
    listed, cursor = desk.client.changed_images(0)
    assert sorted(int(each.id) for each in listed) == list(range(len(revisions)))
    assert cursor == max(revisions)


@pytest.mark.usefixtures("short_pages")
def test_unsorted_rows_are_all_read_though_nobody_tells_how_many_there_are(desk: Desk) -> None:
    rows = [{"id": str(each), "revision": each} for each in (9, 3, 7, 1, 8, 2, 6, 4, 5)]
    desk.server._handler = listing(rows, sorts=False)
    listed, cursor = desk.client.changed_images(0)
    assert {int(each.id) for each in listed} == set(range(1, 10))
    assert cursor == 9


@pytest.mark.usefixtures("short_pages")
def test_a_row_that_slips_to_a_page_already_read_is_found_by_reading_again(desk: Desk) -> None:
    rows = [{"id": str(each), "revision": each} for each in (9, 3, 7, 1, 8, 2, 6, 4, 5)]
    desk.server._handler = listing(rows, sorts=False)
    left = iter([20, 21])

    def the_first_is_saved_and_moves_to_the_end(request: Request, _answer: Answer) -> None:
        if request.query["page"] == ["1"] and (revision := next(left, None)):
            rows.append({**rows.pop(0), "revision": revision})

    desk.server.after_request = the_first_is_saved_and_moves_to_the_end
    listed, cursor = desk.client.changed_images(0)
    assert {int(each.id) for each in listed} == set(range(1, 10))
    assert cursor == 21


def test_an_empty_answer_that_is_no_204_is_not_an_empty_list(desk: Desk) -> None:
    desk.server.faults.append(Fault("status", status=200, body=b"", times=9))
    with pytest.raises(Unavailable):
        desk.client.changed_products(5)


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
    monkeypatch.setattr(lists, "_MOST_PAGES", 20)
    body = {"results": [{"id": "a", "revision": 9}, {"id": "b", "revision": 8}], "links": {"next": "x"}}
    desk.server.faults.append(Fault("status", status=200, body=body, times=999))
    with pytest.raises(Unavailable, match="does not come to rest"):
        desk.client.changed_images(0)


@pytest.mark.usefixtures("short_pages")
def test_a_list_that_rises_without_end_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "_MOST_PAGES", 20)

    def serve(request: Request) -> Answer:
        since = int(request.query.get("revision", ["0"])[0])
        found = [{"id": str(since + more), "revision": since + more} for more in (1, 2, 3)]
        return Answer(200, {"results": found, "links": {"next": "x"}})

    desk.server._handler = serve
    with pytest.raises(Unavailable, match="does not come to rest"):
        desk.client.changed_images(0)
    assert len(desk.server.requests) == 20


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


@pytest.mark.parametrize("status", [400, 405, 422])
def test_a_list_of_prices_that_is_there_but_refused_is_a_mistake_in_the_configuration(desk: Desk, status: int) -> None:
    desk.server.faults.append(Fault("status", path="/prices", status=status, body={"code": "X"}))
    with pytest.raises(ConfigurationError):
        desk.client.changed_prices(7)


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
        {"results": ["a"]},
    ],
)
def test_from_a_list_that_is_not_as_documented_nothing_is_derived(desk: Desk, body: Any) -> None:
    desk.server.faults.append(Fault("status", status=200, body=body, times=9))
    with pytest.raises(Unavailable, match="not the expected"):
        desk.client.changed_products(0)
    assert len(desk.server.requests) == 4
