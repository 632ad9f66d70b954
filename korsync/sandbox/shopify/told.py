"""Orders that the simulated store shows word for word as somebody wrote them down: cases from life, odd payloads."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from korsync.sandbox.shopify.moves import StoreMoves
from korsync.sandbox.shopify.returns import PUT_BACK
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.shopify.store import Store

Json = Mapping[str, Any]


class ToldMoves(StoreMoves):
    """Moves with orders that are given as JSON."""

    def tell_order(self, told: Json, transactions: Sequence[Json] = (), *, claims_stock: bool = True) -> Order:
        """Show an order as it stands in this JSON, in lists, by its id, and with these transactions.

        What it sold is taken off the shelf, what its refunds put back is there again. Told again it is replaced, and
        its pieces move by the difference.
        """
        with self.acting() as store:
            before = store.orders.get(told["id"])
            for (variant_id, location_id), pieces in _moved(store, told, before).items():
                if claims_stock:
                    store.move_stock(variant_id, location_id, pieces, store.clock.now())
            order = _order(store, told, transactions)
            store.orders[order.id] = order
            return order


def _order(store: Store, told: Json, transactions: Sequence[Json]) -> Order:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(told[name]) if told.get(name) else None

    created = datetime.fromisoformat(told["created_at"])
    return Order(
        id=told["id"],
        number=told["number"],
        created_at=created,
        processed_at=moment("processed_at") or created,
        updated_at=moment("updated_at") or created,
        listed_from=store.clock.now(),
        currency=told["currency"],
        presentment_currency=told["presentment_currency"],
        presentment_rate=Decimal(1),
        taxes_included=told["taxes_included"],
        test=told["test"],
        source_name=told["source_name"],
        location_id=store.location_of(None).id,
        cancelled_at=moment("cancelled_at"),
        closed_at=moment("closed_at"),
        told=dict(told),
        told_transactions=[dict(each) for each in transactions],
    )


def _moved(store: Store, told: Json, before: Order | None) -> dict[tuple[int, int], int]:
    """Return by how many pieces each variant moves at each location."""
    moved = _pieces(store, told)
    earlier = {} if before is None or before.told is None else _pieces(store, before.told)
    return {key: moved.get(key, 0) - earlier.get(key, 0) for key in moved.keys() | earlier.keys()}


def _pieces(store: Store, told: Json) -> dict[tuple[int, int], int]:
    pieces: dict[tuple[int, int], int] = {}
    home = store.location_of(None).id
    variants = {line["id"]: line["variant_id"] for line in told["line_items"] if line["variant_id"] is not None}
    refunded = [line for refund in told["refunds"] for line in refund["refund_line_items"]]
    for line in told["line_items"]:
        if line["id"] in variants:
            key = variants[line["id"]], home
            pieces[key] = pieces.get(key, 0) - _sold(line, refunded)
    for line in refunded:
        if line["line_item_id"] in variants and line["restock_type"] in PUT_BACK:
            key = variants[line["line_item_id"]], line["location_id"] or home
            pieces[key] = pieces.get(key, 0) + line["quantity"]
    return pieces


def _sold(line: Json, refunded: Iterable[Json]) -> int:
    """Return the pieces ever sold in a line: those ordered, or with what edits added."""
    removed = sum(each["quantity"] for each in refunded if each["line_item_id"] == line["id"])
    return int(max(line["quantity"], line.get("current_quantity", 0) + removed))
