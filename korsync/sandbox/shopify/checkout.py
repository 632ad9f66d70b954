"""What buyers and the shop's people do with orders: place, pay, ship, delete."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from korsync.sandbox.shopify.moves import StoreMoves
from korsync.sandbox.shopify.pricing import allocate, outstanding, rounded, sums, tax_order
from korsync.sandbox.shopify.sales import CustomLine, Discount, Duty, Line, Order, ShippingLine, Transaction
from korsync.sandbox.shopify.store import Store

_STANDARD_RATE = Decimal(19)

Wanted = tuple[str | int | CustomLine, int]
"""What is bought and how often: a SKU, a variant id or a made-up line."""


class CheckoutMoves(StoreMoves):
    """Moves of orders. `at` dates a move back; without it the clock's time is taken."""

    listing_delay: timedelta

    def place_order(
        self,
        lines: Sequence[Wanted],
        *,
        paid: bool = True,
        authorized: bool = False,
        gateways: Sequence[str | tuple[str, Decimal]] = (),
        discounts: Sequence[Discount] = (),
        shipping: Decimal | None = None,
        shipping_tax: Decimal | None = _STANDARD_RATE,
        tip: Decimal | None = None,
        duties: Decimal | None = None,
        duties_included: bool = False,
        taxes: Sequence[tuple[str, Decimal]] = (),
        taxes_included: bool | None = None,
        tax_exempt: bool = False,
        names_rates: bool = False,
        test: bool = False,
        currency: str | None = None,
        presentment: tuple[str, Decimal] | None = None,
        cash_rounding: Decimal = Decimal(0),
        location: str | int | None = None,
        source_name: str = "web",
        claims_stock: bool = True,
        listing_delay: timedelta | None = None,
        processed_at: datetime | None = None,
        at: datetime | None = None,
    ) -> Order:
        """Place an order; what is for sale falls at once, paid or not.

        `gateways` are names, with an amount where several share the bill; the last takes the rest. `presentment` is
        the buyer's currency and what one unit of the shop's is worth in it; `currency` is the shop's where it was
        another then. `cash_rounding` is what was paid above the total. `duties` fall on the first line, on top of its
        price or as a part of it. `taxes` are the rates of the place that it goes to, with their titles, instead of the
        variants' own; an exempt order has none, or (`names_rates`) the usual ones at 0.00. An order imported from
        elsewhere was `processed_at` before it is made here, and as a rule claims no stock. Lists and look-ups show
        the order only after `listing_delay`.
        """
        with self.acting() as store:
            instant = at or store.clock.now()
            now = store.second(instant)
            order = Order(
                id=store.next_id("order"),
                number=store.next_id("order_number"),
                created_at=now,
                processed_at=store.second(processed_at or instant),
                updated_at=now,
                listed_from=instant + (self.listing_delay if listing_delay is None else listing_delay),
                currency=currency or store.currency,
                presentment_currency=presentment[0] if presentment else currency or store.currency,
                presentment_rate=presentment[1] if presentment else Decimal(1),
                taxes_included=store.taxes_included if taxes_included is None else taxes_included,
                test=test,
                source_name=source_name,
                location_id=store.location_of(location).id,
                tax_exempt=tax_exempt,
                duties_included=duties_included,
                cash_rounding=cash_rounding,
            )
            for what, pieces in lines:
                add_line(store, order, what, pieces, now, claims_stock=claims_stock)
            if shipping is not None:
                rates = () if shipping_tax is None else (shipping_tax,)
                order.shipping_lines.append(ShippingLine(store.next_id("shipping_line"), "DHL", shipping, rates))
            if tip is not None:
                order.lines.append(Line(store.next_id("line"), 1, "Tip", None, tip, (), tip=True))
            if duties is not None:
                order.lines[0].duties.append(Duty(store.next_id("duty"), duties))
            if taxes:
                _tax_where_it_goes(order, taxes)
            if tax_exempt and not names_rates:
                _take_rates_off(order)
            allocate(order, discounts)
            tax_order(order)
            _charge(store, order, gateways, paid=paid, authorized=authorized)
            store.orders[order.id] = order
            return order

    def pay_order(self, order: Order, amount: Decimal | None = None, *, at: datetime | None = None) -> None:
        """Take the money that is owed, or a part of it, through the gateway that it was promised through."""
        with self.acting() as store:
            owed = outstanding(order)
            promised = next((each for each in order.transactions if each.status == "pending"), None)
            authorized = next((each for each in order.transactions if each.kind == "authorization"), None)
            parent = promised or authorized
            order.transactions.append(
                Transaction(
                    store.next_id("transaction"),
                    "capture" if parent is not None and parent.kind == "authorization" else "sale",
                    "success",
                    parent.gateway if parent else "manual",
                    owed if amount is None else amount,
                    store.second(at),
                    parent.id if parent else None,
                )
            )
            touch_order(store, order, at)

    def fulfil_order(
        self,
        order: Order,
        lines: Mapping[str | int, int] | None = None,
        *,
        archive: bool = False,
        at: datetime | None = None,
    ) -> None:
        """Ship everything that is still to ship, or so many pieces of some lines; `archive` closes the order."""
        with self.acting() as store:
            if lines is None:
                for line in order.lines:
                    line.fulfilled += line.fulfillable
            else:
                for key, pieces in lines.items():
                    order.line_of(key).fulfilled += pieces
            if archive:
                order.closed_at = store.second(at)
            touch_order(store, order, at)

    def close_order(self, order: Order, *, at: datetime | None = None) -> None:
        """Archive an order as it stands, shipped or not."""
        with self.acting() as store:
            order.closed_at = store.second(at)
            touch_order(store, order, at)

    def touch(self, order: Order, *, at: datetime | None = None) -> None:
        """Let an order's `updated_at` move without any visible change, as it does in life."""
        with self.acting() as store:
            touch_order(store, order, at)

    def delete_order(self, order: Order) -> None:
        """Make an order disappear; its goods do not come back."""
        with self.acting() as store:
            del store.orders[order.id]


def add_line(
    store: Store, order: Order, what: str | int | CustomLine, pieces: int, at: datetime, *, claims_stock: bool = True
) -> Line:
    """Append a line and take its pieces off the shelf at the order's location."""
    if isinstance(what, str | int):
        variant = store.variant_of(what)
        product = store.products[variant.product_id]
        line = Line(
            id=store.next_id("line"),
            quantity=pieces,
            title=product.title,
            sku=variant.sku,
            price=variant.price,
            percents=() if variant.gift_card else variant.tax_percents,
            variant_id=variant.id,
            product_id=product.id,
            variant_title=None if variant.title == "Default Title" else variant.title,
            tracked=variant.tracked,
            gift_card=variant.gift_card,
        )
    else:
        gift_card = what.get("gift_card", False)
        line = Line(
            id=store.next_id("line"),
            quantity=pieces,
            title=what.get("title", "Sonderanfertigung"),
            sku=what.get("sku"),
            price=rounded(Decimal(what.get("price", "10.00")), order.currency),
            percents=(Decimal(what["tax"]),) if "tax" in what and not gift_card else (),
            gift_card=gift_card,
        )
    order.lines.append(line)
    if claims_stock:
        store.move_stock(line.variant_id, order.location_id, -pieces, at)
    return line


def touch_order(store: Store, order: Order, at: datetime | None) -> None:
    """Let a change of an order show in its `updated_at`."""
    order.updated_at = max(order.updated_at, store.second(at))


def _tax_where_it_goes(order: Order, taxes: Sequence[tuple[str, Decimal]]) -> None:
    """Give whatever is taxed the rates of the place that the order goes to."""
    order.tax_titles = {percent: title for title, percent in taxes}
    for row in (each for each in order.rows if each.percents):
        row.percents = tuple(order.tax_titles)


def _take_rates_off(order: Order) -> None:
    """Take every tax rate off an order; its prices stay as they are."""
    for row in order.rows:
        row.percents = ()


def _charge(
    store: Store, order: Order, gateways: Sequence[str | tuple[str, Decimal]], *, paid: bool, authorized: bool
) -> None:
    """Take the order's total through its gateways, or note that it is promised."""
    left = sums(order).total + order.cash_rounding
    if left == 0:
        return
    named = list(gateways) or ["shopify_payments" if paid or authorized else "manual"]
    for index, gateway in enumerate(named, start=1):
        name, amount = gateway if isinstance(gateway, tuple) else (gateway, left)
        amount = left if index == len(named) else min(amount, left)
        left -= amount
        order.transactions.append(
            Transaction(
                store.next_id("transaction"),
                "authorization" if authorized else "sale",
                "success" if paid or authorized else "pending",
                name,
                amount,
                order.created_at,
            )
        )
