"""What becomes a receipt in the simulated KORONA besides korsync's own: tills, other programs, the years before."""

import json
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from korsync.sandbox.korona.receipts import take_batch
from korsync.sandbox.korona.store import Article, KoronaStore, PaymentMethod, PointOfSale, Receipt, SalesTax, Unit

_OLD_PRICE, _OLD_TAX = Decimal("11.90"), Decimal("1.90")


class BookingMoves(KoronaStore):
    """Moves that book receipts, and what was booked."""

    @property
    def receipts(self) -> list[Receipt]:
        """The receipts booked through the API by now, in the order of booking, with everything posted."""
        with self.turn():
            external = {row.id for row in self.table(PointOfSale).values() if row.external}
            return [row for row in self.table(Receipt).values() if row.point_of_sale_id in external]

    def booked_under(self, key: str) -> list[Receipt]:
        """Return the booked receipts with this korsyncKey."""
        return [receipt for receipt in self.receipts if receipt.key == key]

    def sell_at_till(self, number: str, pieces: Decimal | int, warehouse: str | None = None) -> None:
        """Sell pieces at the till "1" (negative: take them back), from its own warehouse or another."""
        with self.turn():
            article, till = self.find(Article, number), self.find(PointOfSale, "1")
            item = {"product": {"id": article.id}, "quantity": pieces, "total": {"base": 0, "taxPayments": []}}
            receipt = Receipt(
                number=str(len(self.table(Receipt)) + 1),
                order_number=None,
                point_of_sale_id=till.id,
                warehouse_id=self.find(Unit, warehouse).id if warehouse else till.sells_from,
                accepted_at=self.clock.now(),
                gross=Decimal(0),
                lines=[(article.id, Decimal(pieces))],
                posted={"items": [item]},
            )
            self.book(receipt)

    def post_elsewhere(self, *receipts: Mapping[str, Any]) -> None:
        """Let another program, or korsync on another machine, post receipts on the point of sale "90".

        They are taken as any others are; raise ValueError where one is not.
        """
        batch = json.loads(json.dumps(receipts, default=float), parse_float=Decimal)
        with self.turn():
            rows = take_batch(self, self.find(PointOfSale, "90"), batch, prefixed=True)
            refused = [row["message"] for row in rows if row["status"] != "OK"]
            if refused:
                raise ValueError(refused[0])

    def add_old_receipts(self, count: int, *, article: str = "9000", days: int = 365) -> None:
        """Add receipts that korsync booked on the point of sale "90" in the days before: they move no stock any more.

        Their order numbers, order ids and keys are those of orders that the store does not have.
        """
        with self.turn():
            pos, now, apart = self.find(PointOfSale, "90"), self.clock.now(), timedelta(days=days) / max(1, count)
            item, payment = self._old_item(article), self._old_payment()
            for place in range(count):
                number = str(100_000 + place)
                references = {"korsyncKey": f"order/{number}", "shopifyShop": "sandbox", "shopifyOrderId": number}
                receipt = Receipt(
                    number=number,
                    order_number=number,
                    point_of_sale_id=pos.id,
                    warehouse_id=pos.sells_from,
                    accepted_at=now - apart * (count - place),
                    gross=_OLD_PRICE,
                    lines=[],
                    posted={"externalReferences": references, "items": [item], "payments": [payment]},
                )
                self.save(receipt)

    def _old_item(self, number: str) -> dict[str, Any]:
        sales_tax = next(row for row in self.table(SalesTax).values() if row.included)
        tax = {"amount": _OLD_TAX, "taxRate": 19, "salesTax": {"id": sales_tax.id}}
        return {
            "product": {"id": self.find(Article, number).id},
            "quantity": 1,
            "total": {"base": _OLD_PRICE, "discount": 0, "taxPayments": [tax]},
            "externalReferences": {"shopifyLineId": "1"},
        }

    def _old_payment(self) -> dict[str, Any]:
        return {"amount": _OLD_PRICE, "paymentMethod": {"id": self.find(PaymentMethod, "5").id}}
