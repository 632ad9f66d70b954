"""Order edits in the simulated store: lines and pieces added, pieces taken out, discounts, other taxes, no shipping."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from korsync.sandbox.shopify.checkout import Wanted, add_line, touch_order
from korsync.sandbox.shopify.moves import StoreMoves
from korsync.sandbox.shopify.pricing import allocate, tax_order
from korsync.sandbox.shopify.returns import Back, pieces_of, take_out
from korsync.sandbox.shopify.sales import Discount, Order, Refund


class EditMoves(StoreMoves):
    """Moves that change a placed order. `at` dates a move back; without it the clock's time is taken."""

    def edit_order(
        self,
        order: Order,
        *,
        add: Sequence[Wanted] = (),
        more: Mapping[str | int, int] | None = None,
        fewer: Back = (),
        restock: bool = True,
        discounts: Sequence[Discount] = (),
        at: datetime | None = None,
    ) -> Refund | None:
        """Add lines, add pieces to lines, take pieces out, discount; return the record of what was taken out, if any.

        `quantity` stays as ordered in every case. Added goods are owed until they are paid; for removed ones no
        money is given back by the edit itself. What an edit added is taken back by taking it out again.
        """
        with self.acting() as store:
            now = store.second(at)
            for what, pieces in add:
                add_line(store, order, what, pieces, now)
            for key, pieces in (more or {}).items():
                line = order.line_of(key)
                line.raised += pieces
                store.move_stock(line.variant_id, order.location_id, -pieces, now)
            allocate(order, discounts)
            tax_order(order)
            refund = None
            if fewer:
                back = pieces_of(order, fewer, "cancel" if restock else "no_restock")
                refund = take_out(store, order, back, None, at, by_edit=True)
            touch_order(store, order, at)
            return refund

    def remove_shipping(self, order: Order, *, at: datetime | None = None) -> None:
        """Take the shipping lines off an order by an edit; they stay listed as removed."""
        with self.acting() as store:
            for line in order.shipping_lines:
                line.removed = True
            touch_order(store, order, at)

    def change_taxes(self, order: Order, rates: Mapping[Decimal, Decimal], *, at: datetime | None = None) -> None:
        """Compute an order's taxes anew, with other rates in place of these."""
        with self.acting() as store:
            for row in order.rows:
                row.percents = tuple(rates.get(each, each) for each in row.percents)
            tax_order(order)
            touch_order(store, order, at)
