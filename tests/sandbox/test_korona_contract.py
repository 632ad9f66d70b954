"""The simulated KORONA against the vendor's OpenAPI document where KORSYNC_KORONA_OPENAPI names one, else itself."""

import json
import os
import uuid
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.sandbox.korona.contract import PATHS, RECEIPT_FIELDS, REQUIRED_FIELDS, misfit
from korsync.sandbox.korona.routes import ROUTES
from tests.support.korona_desk import Desk, open_desk, receipt

DOCUMENT = os.environ.get("KORSYNC_KORONA_OPENAPI", "")

with_document = pytest.mark.skipif(not DOCUMENT, reason="KORSYNC_KORONA_OPENAPI names no document")

SAMPLES: dict[str, Any] = {
    "string": "text",
    "uuid": "11111111-2222-4333-8444-555555555555",
    "date-time": "2026-11-23T10:15:02+01:00",
    "boolean": False,
    "integer": 1,
    "number": 2,
    "map": {"key": "value"},
}

REFERENCES = {
    "cashier": {"number": "99"},
    "currency": {"name": "Euro"},
    "customerGroup": {"number": "1"},
    "organizationalUnit": {"number": "1"},
    "paymentMethod": {"number": "6"},
    "pointOfSale": {"number": "90"},
    "priceGroup": {"name": "Shopify"},
    "product": {"number": "A1"},
    "salesTax": {"number": "1"},
    "warehouse": {"number": "2"},
}

EVERY_FIELD = [(schema, name) for schema, fields in RECEIPT_FIELDS.items() for name in fields]


@pytest.fixture
def desk() -> Iterator[Desk]:
    with open_desk() as desk:
        desk.side.add_article("A1", "Apfel", stock=10)
        yield desk


def sample(kind: str, name: str) -> Any:
    """Return a value that a field of this type may have."""
    if kind.startswith("["):
        return [sample(kind[1:-1], name)]
    if kind == "ModelReference":
        return REFERENCES.get(name, {"name": "x"})
    if kind in RECEIPT_FIELDS:
        return {name: sample(each, name) for name, each in RECEIPT_FIELDS[kind].items()}
    return SAMPLES[kind]


# --- the table against itself ---


def test_a_receipt_with_every_field_fits() -> None:
    assert misfit(sample("[Receipt]", ""), "[Receipt]", "receipts") is None


@pytest.mark.parametrize(("schema", "name"), EVERY_FIELD)
def test_a_field_of_another_type_does_not_fit(schema: str, name: str) -> None:
    whole = sample(schema, "")
    wrong = whole | {name: None}

    assert misfit(whole, schema, schema) is None
    assert (misfit(wrong, schema, schema) or "").startswith(f"{schema}.{name} is no ")


@pytest.mark.parametrize("schema", RECEIPT_FIELDS)
def test_a_field_that_is_not_in_the_table_does_not_fit(schema: str) -> None:
    assert misfit(sample(schema, "") | {"colour": "red"}, schema, schema) == f"{schema} has no field colour"


def test_a_missing_required_field_does_not_fit() -> None:
    for schema, names in REQUIRED_FIELDS.items():
        for name in names:
            whole = sample(schema, "")
            del whole[name]
            assert misfit(whole, schema, schema) == f"{schema} lacks the field {name}"


@pytest.mark.parametrize(
    "name", sorted(RECEIPT_FIELDS["Receipt"].keys() - {"items", "payments", "customer", "reversedReceipt"})
)
def test_the_side_takes_each_field_of_a_receipt_over_http(desk: Desk, name: str) -> None:
    row = desk.posted_row(receipt() | {name: sample(RECEIPT_FIELDS["Receipt"][name], name)})

    assert row["status"] == "OK", row


@pytest.mark.parametrize("name", sorted(RECEIPT_FIELDS["ReceiptItem"].keys() - {"total"}))
def test_the_side_takes_each_field_of_a_receipt_item_over_http(desk: Desk, name: str) -> None:
    posted = receipt()
    posted["items"][0][name] = sample(RECEIPT_FIELDS["ReceiptItem"][name], name)

    assert desk.posted_row(posted)["status"] == "OK"


@pytest.mark.parametrize("schema", ["Receipt", "ReceiptItem", "TotalPrice", "TaxPayment", "Payment", "ModelReference"])
def test_the_side_refuses_one_extra_field_over_http(desk: Desk, schema: str) -> None:
    posted = receipt()
    item, payment = posted["items"][0], posted["payments"][0]
    places = {
        "Receipt": posted,
        "ReceiptItem": item,
        "TotalPrice": item["total"],
        "TaxPayment": item["total"]["taxPayments"][0],
        "Payment": payment,
        "ModelReference": payment["paymentMethod"],
    }
    assert desk.posted_row(posted)["status"] == "OK"
    places[schema]["colour"] = "red"

    answer = desk.post(posted)

    assert (answer.status_code, answer.json()["code"]) == (400, "INVALID_MODEL_PROPERTY")


def test_every_path_of_the_contract_is_served() -> None:
    assert ROUTES.keys() == PATHS.keys()


@pytest.mark.parametrize("template", [each for each in PATHS if each.startswith("GET ")])
def test_every_path_refuses_a_query_it_does_not_know(desk: Desk, template: str) -> None:
    path = template.partition("{koronaAccountId}")[2]
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + str(uuid.UUID(int=0)) + rest.partition("}")[2]

    assert desk.get(path, colour="red").json()["code"] == "INVALID_QUERY_PARAMETER"


# --- the table against the vendor's document ---


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(DOCUMENT).read_text(encoding="utf-8"))
    return loaded


def properties(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema's properties, those of the schemas it is made of included."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    found: dict[str, Any] = {}
    for part in schema.get("allOf", []):
        found |= properties(document, part)
    found |= schema.get("properties", {})
    return found


def kind_of(declared: dict[str, Any]) -> str:
    """Return a property's type in the words of the table."""
    if "$ref" in declared:
        return str(declared["$ref"].rpartition("/")[2])
    if declared.get("type") == "array":
        return f"[{kind_of(declared['items'])}]"
    if "additionalProperties" in declared:
        return "map"
    return str(declared.get("format")) if declared.get("format") in ("uuid", "date-time") else str(declared["type"])


@with_document
def test_every_field_is_a_writable_one_of_the_vendors_document(document: dict[str, Any]) -> None:
    for schema, name in EVERY_FIELD:
        declared = properties(document, document["components"]["schemas"][schema])[name]

        assert not declared.get("readOnly"), f"{schema}.{name}"
        assert kind_of(declared) == RECEIPT_FIELDS[schema][name], f"{schema}.{name}"


@with_document
def test_the_required_fields_are_those_of_the_vendors_document(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]

    required = {name: frozenset(schemas[name].get("required", [])) for name in RECEIPT_FIELDS}

    assert {name: fields for name, fields in required.items() if fields} == REQUIRED_FIELDS


@with_document
def test_every_path_and_query_is_in_the_vendors_document(document: dict[str, Any]) -> None:
    # The call came with 3.10; the document at hand is that of 3.2.
    for template, names in PATHS.items() - {("GET /accounts/{koronaAccountId}/maxRevisions", frozenset())}:
        method, _, path = template.partition(" ")
        call = document["paths"][path][method.lower()]

        assert names <= {each["name"] for each in call.get("parameters", []) if each["in"] == "query"}, template


@with_document
@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/products", "Product"),
        ("/prices", "Price"),
        ("/images", "Image"),
        ("/priceGroups", "PriceGroup"),
        ("/currencies", "Currency"),
        ("/organizationalUnits", "OrganizationalUnit"),
        ("/paymentMethods", "PaymentMethod"),
        ("/salesTaxes", "SalesTax"),
        ("/cashiers", "Cashier"),
        ("/customerGroups", "CustomerGroup"),
        ("/pointsOfSale", "Pos"),
        ("/receipts", "Receipt"),
        ("stock", "ProductStock"),
    ],
)
def test_every_answered_field_is_in_the_vendors_document(
    desk: Desk, document: dict[str, Any], path: str, schema: str
) -> None:
    desk.side.uses_prefix = True
    desk.side.add_article("B1", "Birne", Decimal(1), image=b"\x89PNG", parts={"A1": 2})
    desk.posted_row(receipt(cashier={"number": "99"}, customerGroup={"number": "1"}))
    if path == "stock":
        path = f"/organizationalUnits/{desk.id_of('organizationalUnits', '1')}/productStocks"

    def strangers(value: Any, declared: dict[str, Any]) -> list[str]:
        if isinstance(value, list):
            return [each for item in value for each in strangers(item, declared["items"])]
        known = properties(document, declared)
        if not isinstance(value, dict) or not known:
            return []
        inner = [each for name in value.keys() & known.keys() for each in strangers(value[name], known[name])]
        return sorted(value.keys() - known.keys()) + inner

    rows = desk.rows(path)

    assert rows
    assert strangers(rows, {"items": {"$ref": f"#/components/schemas/{schema}"}}) == []
