"""From the simulated account's rows to KORONA's JSON: empty fields left out, times with the account's local offset."""

import base64
import uuid
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from korsync.sandbox.korona.habits import as_answered
from korsync.sandbox.korona.receipts import (
    answered_amounts,
    answered_gross,
    answered_included,
    receipt_number_prefix,
)
from korsync.sandbox.korona.store import (
    Article,
    Cashier,
    Currency,
    CustomerGroup,
    Image,
    KoronaStore,
    PaymentMethod,
    PointOfSale,
    Price,
    PriceGroup,
    Receipt,
    Row,
    SalesTax,
    StockRow,
    Unit,
)

Json = dict[str, Any]


def filled(**fields: Any) -> Json:
    """Return the fields that say something: KORONA leaves empty ones out, False and 0 are not empty."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}


def reference(row: Row | None) -> Json | None:
    """Return how other objects name this one; a deleted one has lost its number."""
    return None if row is None else filled(id=row.id, name=row.name, number=row.number if row.active else None)


def local_time(store: KoronaStore, instant: datetime | None) -> str | None:
    """Return a time as KORONA writes it: whole seconds, the account's own offset."""
    return None if instant is None else instant.astimezone(store.zone).isoformat(timespec="seconds")


def row_json(store: KoronaStore, row: Row) -> Json:
    """Return the JSON of a row in lists and on its own."""
    if isinstance(row, StockRow):
        return _stock(store, row)
    head = filled(id=row.id, active=row.active, revision=row.revision, number=row.number if row.active else None)
    return head | _body(store, row)


def image_json(store: KoronaStore, image: Image) -> Json:
    """Return an image's properties with its content in base64; lists leave the content out."""
    return row_json(store, image) | {"data": base64.b64encode(image.data).decode()}


def account_json(store: KoronaStore) -> Json:
    """Return the account itself."""
    return filled(
        id=store.account_id,
        active=True,
        revision=1,
        number="1",
        company="Sandbox",
        activePackages=sorted(store.active_packages),
        cloudSubscription={"status": "ACTIVE"},
        testMode=store.test_mode,
        defaultTimeZone=store.zone.key,
    )


def _body(store: KoronaStore, row: Row) -> Json:
    match row:
        case Article():
            return _article(store, row)
        case Receipt():
            return as_answered(store, _receipt(store, row))
        case PointOfSale():
            return _point_of_sale(store, row)
        case Price():
            return _price(store, row) | filled(product=reference(store.table(Article)[row.article_id]))
        case Image():
            return filled(name=row.name, type=row.type, usageType="PRODUCT")
        case PriceGroup():
            currency = reference(store.table(Currency)[row.currency_id])
            return filled(name=row.name, currency=currency, netPrices=row.net_prices)
        case Currency():
            return filled(name=row.name, key=row.key, systemCurrency=True)
        case Unit():
            return filled(name=row.name, warehouse=row.warehouse)
        case PaymentMethod():
            return filled(name=row.name, useCashDrawer=row.use_cash_drawer, changeDue=row.use_cash_drawer)
        case SalesTax():
            rates = [filled(rate=rate, validFrom=local_time(store, since)) for since, rate in row.rates]
            return filled(name=row.name, included=row.included, rates=rates)
        case Cashier():
            return filled(surname=row.name, deactivated=False, permissions=["EXTERNAL_POINT_OF_SALE", "RETURN"])
        case CustomerGroup():
            return filled(name=row.name)
    raise TypeError(f"{type(row).__name__} has no JSON")


def _price(store: KoronaStore, price: Price) -> Json:
    return filled(
        value=price.value,
        validFrom=local_time(store, price.valid_from),
        productCode=price.product_code,
        priceGroup=reference(store.table(PriceGroup).get(price.price_group_id or "")),
        organizationalUnit=reference(store.table(Unit).get(price.unit_id or "")),
    )


def _article(store: KoronaStore, article: Article) -> Json:
    articles, prices = store.table(Article), store.table(Price)
    sector_id = str(uuid.uuid5(uuid.NAMESPACE_OID, f"sector {article.tax}"))
    return filled(
        name=article.name,
        sector={"id": sector_id, "name": f"{article.tax} %", "number": str(article.tax)},
        prices=[_price(store, prices[each]) for each in article.price_ids],
        image=reference(store.table(Image).get(article.image_id or "")),
        subproducts=[
            {"type": "PRODUCT", "product": reference(articles[part_id]), "quantity": pieces}
            for part_id, pieces in article.parts
        ],
        subproductPresentation="DEFAULT",
        trackInventory=article.track_inventory,
        listed=True,
        deactivated=article.deactivated,
        salesLock=article.sales_lock,
        discountable=True,
        priceChangable=False,
        deposit=False,
        conversion=False,
        costs=Decimal(0),
        maxPrice=Decimal("9999.99"),
        minPrice=Decimal("-9999.99"),
        packagingRequired=False,
        personalizationRequired=False,
        printTicketsSeparately=True,
        serialNumberRequired=False,
        stockReturnUnsellable=article.stock_return_unsellable,
        independentSubarticleDiscounts=False,
    )


def _stock(store: KoronaStore, row: StockRow) -> Json:
    article = store.table(Article)[row.article_id]
    actual = None if article.number in store.without_actual else row.actual
    return filled(
        revision=row.revision,
        product=reference(article),
        warehouse=reference(store.table(Unit)[row.warehouse_id]),
        amount=filled(actual=actual, lent=Decimal(0), ordered=Decimal(0), reorderLevel=Decimal(0), maxLevel=Decimal(0)),
        listed=True,
    )


def _point_of_sale(store: KoronaStore, pos: PointOfSale) -> Json:
    coupled = pos.coupling_id is not None
    return filled(
        name=pos.name,
        type=pos.type,
        external=pos.external,
        coupled=coupled,
        organizationalUnit=reference(store.table(Unit)[pos.unit_id]),
        warehouse=None if pos.warehouse_id is None else reference(store.table(Unit)[pos.warehouse_id]),
        receiptNumberPrefix=receipt_number_prefix(store, pos),
        fiscalServiceType=pos.fiscal_service,
        lastReceiptNumber=pos.last_receipt_number if pos.external and not coupled else None,
    )


def _receipt(store: KoronaStore, receipt: Receipt) -> Json:
    posted = receipt.posted
    pos = store.table(PointOfSale)[receipt.point_of_sale_id]
    amounts = [answered_amounts(store, item) for item in posted["items"]]
    net = sum((each.net for each in amounts), Decimal(0))
    gross = answered_gross(store, receipt)

    accepted = local_time(store, receipt.accepted_at)
    return filled(
        orderNumber=receipt.order_number,
        externalReferences=posted.get("externalReferences"),
        creationTime=_posted_time(store, posted.get("creationTime")) or accepted,
        bookingTime=_posted_time(store, posted.get("bookingTime")) or accepted,
        pointOfSale=reference(pos),
        organizationalUnit=reference(store.table(Unit)[pos.unit_id]),
        warehouse=reference(store.table(Unit)[receipt.warehouse_id]),
        cashier=_meant(store, Cashier, posted.get("cashier")),
        customerGroup=_meant(store, CustomerGroup, posted.get("customerGroup")),
        currency=_meant(store, Currency, posted.get("currency", {"number": "1"})),
        cancelled=False,
        voided=False,
        reversal=posted.get("reversal", False),
        items=[_item(store, index, item) for index, item in enumerate(posted["items"])],
        payments=[_payment(store, payment) for payment in posted.get("payments", [])],
        total={"gross": gross, "net": net, "tax": gross - net},
        revenue={"gross": gross, "net": net},
    )


def _item(store: KoronaStore, index: int, item: Json) -> Json:
    total, amounts = item["total"], answered_amounts(store, item)
    taxes = [
        filled(
            amount=Decimal(tax.get("amount", 0)),
            taxRate=Decimal(tax.get("taxRate", 0)),
            included=answered_included(store, tax),
            salesTax=_meant(store, SalesTax, tax.get("salesTax")),
        )
        for tax in total["taxPayments"]
    ]
    return filled(
        index=index,
        type="PRODUCT",
        product=_meant(store, Article, item["product"]),
        quantity=Decimal(item["quantity"]),
        description=item.get("description"),
        recognitionNumber=item.get("recognitionNumber"),
        bookingTime=_posted_time(store, item.get("bookingTime")),
        manualPrice=item.get("manualPrice", False),
        externalReferences=item.get("externalReferences"),
        returnReason=item.get("returnReason"),
        total=filled(
            base=Decimal(total["base"]),
            discount=Decimal(total.get("discount", 0)),
            gross=amounts.gross,
            net=amounts.net,
            taxPayments=taxes,
        ),
    )


def _payment(store: KoronaStore, payment: Json) -> Json:
    return filled(
        amount=Decimal(payment["amount"]),
        paymentMethod=_meant(store, PaymentMethod, payment["paymentMethod"]),
        currency=_meant(store, Currency, payment.get("currency", {"number": "1"})),
        transactionTime=_posted_time(store, payment.get("transactionTime")),
        externalReferences=payment.get("externalReferences"),
    )


def _posted_time(store: KoronaStore, text: str | None) -> str | None:
    return local_time(store, datetime.fromisoformat(text)) if text else None


def _meant(store: KoronaStore, kind: type[Row], posted: Mapping[str, str] | None) -> Json | None:
    """Return the full reference for a posted one; what was deleted since stays as it was posted."""
    try:
        return reference(store.resolve(kind, posted)) if posted else None
    except KeyError:
        return dict(posted or {})
