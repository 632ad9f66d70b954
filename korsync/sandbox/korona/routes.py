"""The calls of the simulated KORONA: who may call, which path is meant, and what it answers."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from korsync.sandbox.exchange import Answer, Request
from korsync.sandbox.korona.contract import PATHS, is_uuid
from korsync.sandbox.korona.lists import instant, list_answer, matching, text, yes_or_no
from korsync.sandbox.korona.receipts import Refusal, booked_at, take_batch
from korsync.sandbox.korona.store import (
    Article,
    Cashier,
    Currency,
    CustomerGroup,
    Image,
    Kind,
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
from korsync.sandbox.korona.wire import account_json, image_json, row_json

BASE_PATH = "/web/api/v3"

TOO_MANY_WRITES = Answer(
    429, {"code": "TOO_MANY_PARALLEL_UPDATE_REQUESTS", "message": "another update request is being processed"}
)
"""What a write is answered while another one is under way."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request to a known path, with the ids in it."""

    store: KoronaStore
    request: Request
    ids: dict[str, str]


Route = Callable[[Call], Answer]


def answer(store: KoronaStore, request: Request) -> Answer:
    """Answer a request to the account."""
    try:
        _let_in(store, request)
        template, ids = _called(request)
        if ids["koronaAccountId"] != store.account_id:
            raise Refusal(404, "ACCOUNT_NOT_FOUND", f"account {ids['koronaAccountId']}")
        for name, values in request.query.items():
            if name not in PATHS[template] or len(values) > 1:
                raise Refusal(400, "INVALID_QUERY_PARAMETER", f"{name}={','.join(values)}")
        with store.turn():
            return ROUTES[template](Call(store, request, ids))
    except Refusal as refusal:
        if refusal.status == 401:
            return Answer(401, headers={"WWW-Authenticate": 'Basic realm="KORONA"'})
        return Answer(refusal.status, {"code": refusal.code, "message": refusal.message})


def _let_in(store: KoronaStore, request: Request) -> None:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        given = ""
    if scheme.lower() != "basic" or given != f"{store.user}:{store.password}":
        raise Refusal(401)


def _pattern(template: str) -> re.Pattern[str]:
    return re.compile(BASE_PATH + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template.partition(" ")[2]))


_PATTERNS = {template: _pattern(template) for template in PATHS}


def _called(request: Request) -> tuple[str, dict[str, str]]:
    """Return the path template that is called with the ids in its path; raise Refusal where there is none."""
    found = {template: match for template, each in _PATTERNS.items() if (match := each.fullmatch(request.path))}
    for template, match in found.items():
        if template.startswith(f"{request.method} "):
            return template, match.groupdict()
    if found:
        raise Refusal(405, "METHOD_NOT_ALLOWED", f"{request.method} is not supported here")
    raise Refusal(404, "MODEL_ID_NOT_FOUND", f"nothing at {request.path}")


def _by_id(store: KoronaStore, kind: type[Kind], row_id: str) -> Kind:
    if not is_uuid(row_id):
        raise Refusal(400, "MALFORMED_MODEL_ID_OR_NUMBER", row_id)
    row = store.table(kind).get(row_id)
    if row is None:
        raise Refusal(404, "MODEL_ID_NOT_FOUND", f"{kind.__name__} {row_id}")
    return row


def _every(kind: type[Row]) -> Route:
    return lambda call: list_answer(call.store, call.request, kind, call.store.table(kind).values(), row_json)


def _one(kind: type[Row], name: str) -> Route:
    return lambda call: Answer(200, row_json(call.store, _by_id(call.store, kind, call.ids[name])))


def _account(call: Call) -> Answer:
    return Answer(200, account_json(call.store))


def _max_revisions(call: Call) -> Answer:
    if not call.store.tells_max_revisions:
        raise Refusal(404, "MODEL_ID_NOT_FOUND", "nothing at maxRevisions")
    kinds = {"product": Article, "price": Price, "image": Image, "price_group": PriceGroup, "receipt": Receipt}
    return Answer(200, {name: call.store.newest_revision(kind) for name, kind in kinds.items()})


def _images(call: Call) -> Answer:
    images = call.store.table(Image).values()
    with_data = yes_or_no(call.request, "exportImageData")
    return list_answer(call.store, call.request, Image, images, image_json if with_data else row_json)


def _image(call: Call) -> Answer:
    image = _by_id(call.store, Image, call.ids["imageId"])
    accepted = call.request.headers.get("accept", "*/*")
    if "application/json" in accepted:
        return Answer(200, image_json(call.store, image))
    # the misspelt media type is KORONA's own
    if any(each in accepted for each in ("image/png", "image/jpg", "image/*", "*/*")):
        return Answer(200, image.data, content_type=f"image/{image.type.lower()}")
    raise Refusal(406, "NOT_ACCEPTABLE", f"an image cannot be had as {accepted}")


def _product_stocks(call: Call) -> Answer:
    store = call.store
    unit = _by_id(store, Unit, call.ids["organizationalUnitId"])
    if "RETAIL" not in store.active_packages:
        raise Refusal(403, "ADDITIONAL_CLOUD_PACKAGE_REQUIRED", "KORONA.retail is required")
    if not unit.warehouse:
        raise Refusal(404, "CONDITION_MISMATCH", "the organizational unit is no warehouse")
    articles = store.table(Article)
    rows = [row for row in store.table(StockRow).values() if row.warehouse_id == unit.id]
    rows = [row for row in rows if articles[row.article_id].active and articles[row.article_id].track_inventory]
    return list_answer(store, call.request, StockRow, rows, row_json)


def _stocks_of_product(call: Call) -> Answer:
    store = call.store
    article = _by_id(store, Article, call.ids["productId"])
    if not article.track_inventory:
        raise Refusal(404, "CONDITION_MISMATCH", "the product is not tracked")
    rows = [row for row in store.table(StockRow).values() if row.article_id == article.id]
    return list_answer(store, call.request, StockRow, rows, row_json)


def _points_of_sale(call: Call) -> Answer:
    external, coupled = yes_or_no(call.request, "external"), yes_or_no(call.request, "coupled")
    rows = [
        row
        for row in call.store.table(PointOfSale).values()
        if external in (None, row.external) and coupled in (None, row.coupling_id is not None)
    ]
    return list_answer(call.store, call.request, PointOfSale, rows, row_json)


def _checked_point_of_sale(call: Call, *, coupling_needed: bool = False) -> PointOfSale:
    """Return the point of sale in the path; raise Refusal where it is not the caller's to use."""
    pos = _by_id(call.store, PointOfSale, call.ids["pointOfSaleId"])
    coupling_id = text(call.request, "couplingId")
    if coupling_needed and coupling_id is None:
        raise Refusal(400, "MISSING_QUERY_PARAMETER", "couplingId")
    if coupling_id is not None:
        if not pos.external:
            raise Refusal(403, "POINT_OF_SALE_NOT_EXTERNAL", f"point of sale {pos.number}")
        if pos.coupling_id is None:
            raise Refusal(403, "POINT_OF_SALE_NOT_COUPLED", f"point of sale {pos.number}")
        if pos.coupling_id != coupling_id:
            raise Refusal(403, "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE", f"point of sale {pos.number}")
    return pos


def _point_of_sale(call: Call) -> Answer:
    return Answer(200, row_json(call.store, _checked_point_of_sale(call)))


def _couple(call: Call) -> Answer:
    pos = _by_id(call.store, PointOfSale, call.ids["pointOfSaleId"])
    body = _json(call.request)
    if not isinstance(body, dict):
        raise Refusal(400, "SUBMITTED_DATA_NOT_WELLFORMED", "a point of sale is expected")
    decouple = yes_or_no(call.request, "decouple") or False
    if body.keys() - {"couplingId"} or not isinstance(body.get("couplingId", ""), str):
        raise Refusal(400, "INVALID_MODEL_PROPERTY", "only the coupling id can be updated")
    if not decouple and not body.get("couplingId"):
        raise Refusal(400, "MISSING_MODEL", "couplingId")
    if not pos.external:
        raise Refusal(403, "POINT_OF_SALE_NOT_EXTERNAL", f"point of sale {pos.number}")
    if pos.coupling_id is not None and pos.coupling_id != text(call.request, "couplingId"):
        raise Refusal(403, "POINT_OF_SALE_COUPLED_WITH_OTHER_DEVICE", f"point of sale {pos.number}")
    pos.coupling_id = None if decouple else body["couplingId"]
    call.store.save(pos)
    return Answer(204)


def _receipts(call: Call) -> Answer:
    store = call.store
    pos = _checked_point_of_sale(call) if "pointOfSaleId" in call.ids else None
    earliest, latest = instant(call.request, "minBookingTime"), instant(call.request, "maxBookingTime")
    rows = [
        row
        for row in store.table(Receipt).values()
        if (pos is None or row.point_of_sale_id == pos.id)
        and _bears_order_number(store, call.request, row)
        and (earliest is None or earliest <= booked_at(row))
        and (latest is None or booked_at(row) <= latest)
    ]
    return list_answer(store, call.request, Receipt, rows, row_json)


def _bears_order_number(store: KoronaStore, request: Request, receipt: Receipt) -> bool:
    if store.finds_no_order_numbers and text(request, "orderNumber") is not None:
        return False
    return matching(store, request, "orderNumber", receipt.order_number)


def _receipt(call: Call) -> Answer:
    pos = _checked_point_of_sale(call) if "pointOfSaleId" in call.ids else None
    receipt = _by_id(call.store, Receipt, call.ids["receiptId"])
    if pos is not None and receipt.point_of_sale_id != pos.id:
        raise Refusal(404, "MODEL_ID_NOT_FOUND", f"Receipt {receipt.id}")
    return Answer(200, row_json(call.store, receipt))


def _post_receipts(call: Call) -> Answer:
    pos = _checked_point_of_sale(call, coupling_needed=True)
    prefixed = not yes_or_no(call.request, "disableReceiptNumberPrefix")
    return Answer(200, take_batch(call.store, pos, _json(call.request), prefixed=prefixed))


def _json(request: Request) -> Any:
    try:
        return request.json()
    except ValueError as error:
        raise Refusal(400, "SUBMITTED_DATA_NOT_WELLFORMED", str(error)) from error


_ACCOUNT = "/accounts/{koronaAccountId}"

ROUTES: dict[str, Route] = {
    f"GET {_ACCOUNT}": _account,
    f"GET {_ACCOUNT}/maxRevisions": _max_revisions,
    f"GET {_ACCOUNT}/products": _every(Article),
    f"GET {_ACCOUNT}/products/{{productId}}": _one(Article, "productId"),
    f"GET {_ACCOUNT}/products/{{productId}}/stocks": _stocks_of_product,
    f"GET {_ACCOUNT}/prices": _every(Price),
    f"GET {_ACCOUNT}/images": _images,
    f"GET {_ACCOUNT}/images/{{imageId}}": _image,
    f"GET {_ACCOUNT}/priceGroups": _every(PriceGroup),
    f"GET {_ACCOUNT}/priceGroups/{{priceGroupId}}": _one(PriceGroup, "priceGroupId"),
    f"GET {_ACCOUNT}/currencies": _every(Currency),
    f"GET {_ACCOUNT}/currencies/{{currencyId}}": _one(Currency, "currencyId"),
    f"GET {_ACCOUNT}/organizationalUnits": _every(Unit),
    f"GET {_ACCOUNT}/organizationalUnits/{{organizationalUnitId}}": _one(Unit, "organizationalUnitId"),
    f"GET {_ACCOUNT}/organizationalUnits/{{organizationalUnitId}}/productStocks": _product_stocks,
    f"GET {_ACCOUNT}/paymentMethods": _every(PaymentMethod),
    f"GET {_ACCOUNT}/paymentMethods/{{paymentMethodId}}": _one(PaymentMethod, "paymentMethodId"),
    f"GET {_ACCOUNT}/salesTaxes": _every(SalesTax),
    f"GET {_ACCOUNT}/salesTaxes/{{salesTaxId}}": _one(SalesTax, "salesTaxId"),
    f"GET {_ACCOUNT}/cashiers": _every(Cashier),
    f"GET {_ACCOUNT}/customerGroups": _every(CustomerGroup),
    f"GET {_ACCOUNT}/receipts": _receipts,
    f"GET {_ACCOUNT}/receipts/{{receiptId}}": _receipt,
    f"GET {_ACCOUNT}/pointsOfSale": _points_of_sale,
    f"GET {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}": _point_of_sale,
    f"PATCH {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}": _couple,
    f"GET {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}/receipts": _receipts,
    f"GET {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}/receipts/{{receiptId}}": _receipt,
    f"POST {_ACCOUNT}/pointsOfSale/{{pointOfSaleId}}/receipts": _post_receipts,
}
"""What each path of the contract does."""
