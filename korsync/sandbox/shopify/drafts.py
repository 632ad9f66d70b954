"""Draft orders of the simulated store: they may reserve their pieces, of which the REST API says nothing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from korsync.sandbox.exchange import Answer
from korsync.sandbox.shopify.checkout import CheckoutMoves
from korsync.sandbox.shopify.query import Call, Position, RefusalError, page
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.shopify.store import Job, Store

STATUSES = frozenset({"open", "invoice_sent", "completed"})


@dataclass
class DraftOrder:
    """A draft order: pieces by variant id; while `reserved` they are off sale at the first location."""

    id: int
    lines: list[tuple[int, int]]
    created_at: datetime
    updated_at: datetime
    status: str = "open"
    reserved: bool = False
    completed_at: datetime | None = None
    order_id: int | None = None
    skus: list[str | None] = field(default_factory=list)


class DraftMoves(CheckoutMoves):
    """What the shop's people do with draft orders."""

    def draft_order(
        self, lines: Sequence[tuple[str | int, int]], *, reserve_inventory_until: datetime | None = None
    ) -> DraftOrder:
        """Write a draft order; its pieces are off sale until then, where they are reserved at all."""
        with self.acting() as store:
            now = store.second()
            variants = [(store.variant_of(key), pieces) for key, pieces in lines]
            draft = DraftOrder(store.next_id("draft"), [(each.id, pieces) for each, pieces in variants], now, now)
            draft.skus = [each.sku for each, _ in variants]
            store.drafts[draft.id] = draft
            if reserve_inventory_until is not None:
                draft.reserved = True
                _move(store, draft, -1)
                store.jobs.append(Job(reserve_inventory_until, lambda: _let_go(store, draft)))
            return draft

    def send_invoice(self, draft: DraftOrder) -> None:
        with self.acting() as store:
            draft.status = "invoice_sent"
            draft.updated_at = store.second()

    def complete_draft(self, draft: DraftOrder, **order: Any) -> Order:
        """Make an order of a draft order; what it has reserved is not taken off sale once more."""
        with self.acting() as store:
            made = self.place_order(
                draft.lines, claims_stock=not draft.reserved, source_name="shopify_draft_order", **order
            )
            draft.status, draft.reserved, draft.order_id = "completed", False, made.id
            draft.completed_at = draft.updated_at = store.second()
            return made

    def delete_draft(self, draft: DraftOrder) -> None:
        """Delete a draft order; what it has reserved is for sale again."""
        with self.acting() as store:
            _let_go(store, draft)
            del store.drafts[draft.id]


def _let_go(store: Store, draft: DraftOrder) -> None:
    if draft.reserved:
        draft.reserved = False
        _move(store, draft, 1)


def _move(store: Store, draft: DraftOrder, sign: int) -> None:
    for variant_id, pieces in draft.lines:
        store.move_stock(variant_id, store.location_of(None).id, sign * pieces, store.clock.now())


def list_drafts(store: Store, call: Call) -> Answer:
    """GET draft_orders.json: those of one status, open ones unless another is asked for; reservations do not show."""
    status = call.query.get("status", "open")
    if "page_info" not in call.query and status not in STATUSES:
        raise RefusalError(400, {"status": "expected one of completed, invoice_sent, open"})

    def rows(asked: Call) -> Iterator[tuple[Position, DraftOrder]]:
        wanted, changed = asked.query.get("status", "open"), asked.instant("updated_at_min")
        for draft in store.drafts.values():
            if draft.status == wanted and (changed is None or draft.updated_at >= changed):
                yield (draft.id,), draft

    found, links = page(call, rows)
    return Answer(200, {"draft_orders": [call.chosen(_draft_json(store, each)) for each in found]}, links)


def _draft_json(store: Store, draft: DraftOrder) -> dict[str, Any]:
    return {
        "id": draft.id,
        "name": f"#D{draft.id % 1000}",
        "status": draft.status,
        "order_id": draft.order_id,
        "created_at": store.stamp(draft.created_at),
        "updated_at": store.stamp(draft.updated_at),
        "completed_at": None if draft.completed_at is None else store.stamp(draft.completed_at),
        "line_items": [
            {"id": draft.id * 10 + place, "variant_id": variant_id, "sku": sku, "quantity": pieces, "custom": False}
            for place, ((variant_id, pieces), sku) in enumerate(zip(draft.lines, draft.skus, strict=True))
        ],
    }
