"""The simulated KORONA account: a usable bare shop, its calls, and the moves by which people and tests change it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from threading import RLock

from korsync.sandbox.exchange import Answer, Clock, Request
from korsync.sandbox.korona import routes as korona_routes
from korsync.sandbox.korona.booking import BookingMoves
from korsync.sandbox.korona.store import (
    Article,
    Cashier,
    Currency,
    CustomerGroup,
    Image,
    PaymentMethod,
    PointOfSale,
    Price,
    PriceGroup,
    SalesTax,
    Unit,
)

ACCOUNT_ID = "5a4d0a2e-6c1f-4d5b-8f0a-0c5b1e7a9d10"
USER = "korsync"
PASSWORD = "secret-of-the-sandbox"  # noqa: S105  (it guards a simulated shop)
COUPLING_ID = "sandbox+/coupling&id=1"
"""Full of characters that an address or JSON may spell otherwise: no spelling of a secret may be told."""

_SHOP_PRICES = "Shopify"

_CURRENCY_NAMES = {"EUR": "Euro"}

_INCLUDED_TAXES = {
    "1": ("19 %", [("2007-01-01", "19"), ("2020-07-01", "16"), ("2021-01-01", "19")]),
    "2": ("7 %", [("2007-01-01", "7"), ("2020-07-01", "5"), ("2021-01-01", "7")]),
    "3": ("0 %", [("2007-01-01", "0")]),
}
_ADDED_TAXES = {"11": ("19 % net", [("2007-01-01", "19")]), "12": ("7 % net", [("2007-01-01", "7")])}


class KoronaSide(BookingMoves):
    """A KORONA account with a warehouse "1", an external point of sale "90" and the price list "Shopify".

    Moves may be called from any thread; articles are named by number, pieces are int or Decimal, money is in the
    account's one currency; `net_prices` is how the price list "Shopify" is kept.
    """

    def __init__(
        self,
        clock: Clock,
        lock: RLock,
        *,
        account_id: str = ACCOUNT_ID,
        user: str = USER,
        password: str = PASSWORD,
        currency: str = "EUR",
        net_prices: bool = False,
    ) -> None:
        super().__init__(clock, lock, account_id, user, password)
        money = self.save(Currency(number="1", name=_CURRENCY_NAMES.get(currency, currency), key=currency))
        self.save(PriceGroup(number="1", name="Standard", currency_id=money.id))
        self.save(PriceGroup(number="2", name=_SHOP_PRICES, currency_id=money.id, net_prices=net_prices))
        shop = self.save(Unit(number="1", name="Laden Mitte"))
        self.save(Unit(number="2", name="Lager Nord"))
        self.save(Unit(number="3", name="Büro", warehouse=False))
        for number, name in {"1": "Bar", "5": "Kreditkarte", "6": "PayPal", "9": "Sonstige"}.items():
            self.save(PaymentMethod(number=number, name=name, use_cash_drawer=name == "Bar"))
        for included, taxes in ((True, _INCLUDED_TAXES), (False, _ADDED_TAXES)):
            for number, (name, rates) in taxes.items():
                self.add_sales_tax(number, name, dict(rates), included=included)
        self.save(Cashier(number="99", name="Onlineshop"))
        self.save(CustomerGroup(number="1", name="Laufkunden"))
        self.add_point_of_sale("1", "Kasse 1", type="STANDARD", unit=shop)
        self.add_point_of_sale("90", "Onlineshop", type="EXTERNAL_WEBSHOP", unit=shop, coupling_id=COUPLING_ID)
        self.add_article("9000", "Diverses Shopify", track_inventory=False)
        self.add_article("9001", "Versand", track_inventory=False)

    def answer(self, request: Request) -> Answer:
        """Answer a request as KORONA would."""
        return korona_routes.answer(self, request)

    # --- what tests ask ---

    def stock_of(self, number: str, warehouse: str = "1") -> Decimal:
        """Return an article's pieces in a warehouse by now; 0 where it never moved."""
        with self.turn():
            return self.stock(self.find(Article, number), self.find(Unit, warehouse).id)

    def article(self, number: str) -> Article:
        """Return the active article with this number; raise KeyError where there is none."""
        with self.turn():
            return self.find(Article, number)

    # --- moves: articles ---

    def add_article(
        self,
        number: str,
        name: str,
        price: Decimal | None = None,
        *,
        tax: Decimal = Decimal(19),
        stock: Decimal | int | None = None,
        warehouse: str = "1",
        track_inventory: bool = True,
        image: bytes | None = None,
        parts: Mapping[str, Decimal | int] | None = None,
        stock_return_unsellable: bool = False,
    ) -> Article:
        """Add an article; `price` goes into the list "Shopify", `parts` are numbers and pieces of a bundle."""
        with self.turn():
            picture = None if image is None else self.save(Image(data=image))
            article = self.save(
                Article(
                    number=number,
                    name=name,
                    tax=tax,
                    track_inventory=track_inventory,
                    stock_return_unsellable=stock_return_unsellable,
                    image_id=picture.id if picture else None,
                    parts=[(self.find(Article, part).id, Decimal(each)) for part, each in (parts or {}).items()],
                )
            )
            if price is not None:
                self._add_price(article, price, self.clock.now() - timedelta(days=1), _SHOP_PRICES)
            if stock is not None:
                self.set_stock(article, self.find(Unit, warehouse).id, Decimal(stock))
            return article

    def change_price(
        self,
        number: str,
        value: Decimal | None,
        valid_from: datetime | None = None,
        price_group: str | None = None,
        *,
        touch_article: bool = True,
    ) -> None:
        """Set an article's price in a price list; with `valid_from` as one more entry, with None take it out.

        An import (`touch_article=False`) saves the price row only, not the article.
        """
        with self.turn():
            article = self.find(Article, number)
            group, now = price_group or _SHOP_PRICES, self.clock.now()
            prices = self._prices_in(article, group)
            current = max((each for each in prices if each[0] <= now), key=lambda each: each[0], default=None)
            if value is None:
                for _, price in prices:
                    price.active = False
                    article.price_ids.remove(price.id)
                    self.save(price)
            elif valid_from is not None or current is None:
                self._add_price(article, value, valid_from or now, group)
            else:
                current[1].value = value
                self.save(current[1])
            if touch_article:
                self.save(article)

    def _prices_in(self, article: Article, price_group: str) -> list[tuple[datetime, Price]]:
        """Return the article's entries in a price list with the times from which they are valid."""
        group = self.find(PriceGroup, price_group)
        prices = [self.table(Price)[each] for each in article.price_ids]
        return [(each.valid_from, each) for each in prices if each.price_group_id == group.id and each.valid_from]

    def _add_price(self, article: Article, value: Decimal, valid_from: datetime, price_group: str) -> None:
        group = self.find(PriceGroup, price_group)
        price = Price(article_id=article.id, value=value, price_group_id=group.id, valid_from=valid_from)
        article.price_ids.append(self.save(price).id)

    def rename(self, number: str, name: str) -> None:
        """Give an article another name."""
        with self.turn():
            article = self.find(Article, number)
            article.name = name
            self.save(article)

    def renumber(self, number: str, new_number: str) -> None:
        """Give an article another number."""
        with self.turn():
            article = self.find(Article, number)
            article.number = new_number
            self.save(article)

    def set_tracking(self, number: str, track_inventory: bool) -> None:
        """Switch an article's tracking; stock rows of an untracked one vanish from the lists without a revision."""
        with self.turn():
            article = self.find(Article, number)
            article.track_inventory = track_inventory
            self.save(article)

    def deactivate(self, number: str, deactivated: bool = True) -> None:
        """Switch an article off (or on again); it stays in the lists."""
        with self.turn():
            article = self.find(Article, number)
            article.deactivated = deactivated
            self.save(article)

    def lock_sales(self, number: str, locked: bool = True) -> None:
        """Keep the tills from selling an article, or let them again; its stock counts on."""
        with self.turn():
            article = self.find(Article, number)
            article.sales_lock = locked
            self.save(article)

    def delete_article(self, number: str) -> None:
        """Delete an article: from now on it shows with includeDeleted only, and without its number."""
        with self.turn():
            article = self.find(Article, number)
            article.active = False
            self.save(article)

    def replace_image(self, number: str, data: bytes, new_id: bool) -> None:
        """Give an article another picture, as a new image or, article untouched, in place of the old content."""
        with self.turn():
            article = self.find(Article, number)
            image = self.table(Image).get(article.image_id or "")
            if new_id or image is None:
                article.image_id = self.save(Image(data=data)).id
                self.save(article)
            else:
                image.data = data
                self.save(image)

    # --- moves: stock ---

    def deliver(self, number: str, pieces: Decimal | int, warehouse: str = "1") -> None:
        """Put delivered pieces into stock."""
        with self.turn():
            self.shift_stock(self.find(Article, number), self.find(Unit, warehouse).id, Decimal(pieces))

    def count(self, number: str, pieces: Decimal | int, warehouse: str = "1") -> None:
        """Set the stock to what a stocktaking found."""
        with self.turn():
            self.set_stock(self.find(Article, number), self.find(Unit, warehouse).id, Decimal(pieces))

    # --- moves: the account ---

    def add_sales_tax(self, number: str, name: str, rates: Mapping[str, str], *, included: bool) -> SalesTax:
        """Add a sales tax; `rates` are days (midnight in the account's zone) since when which percentage applies."""
        with self.turn():
            days = {datetime.fromisoformat(day).replace(tzinfo=self.zone): Decimal(rate) for day, rate in rates.items()}
            return self.save(SalesTax(number=number, name=name, included=included, rates=list(days.items())))

    def remove_sales_tax(self, number: str) -> None:
        """Delete a sales tax: from now on it shows with includeDeleted only."""
        with self.turn():
            tax = self.find(SalesTax, number)
            tax.active = False
            self.save(tax)

    def add_payment_method(self, number: str, name: str) -> PaymentMethod:
        """Add a payment method."""
        with self.turn():
            return self.save(PaymentMethod(number=number, name=name))

    def add_point_of_sale(
        self, number: str, name: str, *, type: str, unit: Unit, coupling_id: str | None = None
    ) -> PointOfSale:
        """Add a till or external point of sale that sells from this unit's stock."""
        with self.turn():
            return self.save(
                PointOfSale(
                    number=number, name=name, type=type, unit_id=unit.id, warehouse_id=unit.id, coupling_id=coupling_id
                )
            )
