"""The state file: kept whole, read strictly, never touched when it does not fit."""

import errno
import json
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from korsync.errors import StateError
from korsync.memory.state import load_state, save_state
from korsync.records.bookings import Booking, BookingStatus, KnownLine, KnownOrder, Pieces, Restock
from korsync.records.memory import Held, Identity, SentImage, State
from korsync.records.receipts import Receipt, ReceiptLine, ReceiptPayment, ReceiptTax
from korsync.records.runs import RunRecord

NOON = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
IDENTITY = Identity("my-shop.myshopify.com", "account-1", "90")
TAX = ReceiptTax("tax-19", Decimal(19), Decimal("3.19"), True)
RECEIPT = Receipt(
    id="5d6f",
    key="order/5500",
    shop=IDENTITY.shop,
    order_id=5500,
    number="1001",
    order_number="1001",
    booked_at=NOON,
    lines=(ReceiptLine(1, "a-1", "Käse", Decimal(2), Decimal("19.98"), Decimal("0.00"), (TAX,)),),
    payments=(ReceiptPayment("pm-5", Decimal("19.98")),),
)
ORDER = KnownOrder(
    id=5500,
    name="#1001",
    created_at=NOON,
    updated_at=NOON,
    cancelled_at=None,
    test=False,
    fulfilled=False,
    before_start=False,
    lines=(KnownLine(1, "4711", 99, 2), KnownLine(2, "", None, 1)),
    restocks=(Restock(7, 1, 1, NOON, None),),
    sale=Booking("order/5500", BookingStatus.INTENT, (Pieces(1, 2),), RECEIPT, NOON, 1),
    returns=(Booking("refund/7", BookingStatus.BOOKED, (Pieces(1, 1),), confirmed_at=NOON),),
    edits=(Booking("edit/5500/1", BookingStatus.BOOKED, (Pieces(1, 1),), confirmed_at=NOON),),
)
STATE = State(
    IDENTITY,
    order_cursor=NOON,
    orders={5500: ORDER},
    held={"orders/#5501": Held("orders", "#5501", "no article with this number", NOON)},
    images={"a-1": SentImage(1, "abc", "i-1", 17)},
    runs=(RunRecord(NOON, "run", 0, 3, 1),),
)


def test_the_receipt_of_an_intent_comes_back_to_the_last_digit(tmp_path: Path) -> None:
    save_state(tmp_path / "state.json", STATE)
    sale = load_state(tmp_path / "state.json", IDENTITY).orders[5500].sale
    assert sale is not None
    assert repr(sale.receipt) == repr(RECEIPT)


def test_the_schema_always_stands_in_the_file(tmp_path: Path) -> None:
    save_state(tmp_path / "state.json", STATE)
    assert json.loads((tmp_path / "state.json").read_text())["schema"] == 1


def test_the_state_file_is_for_its_owner_only(tmp_path: Path) -> None:
    save_state(tmp_path / "state.json", STATE)
    assert stat.S_IMODE((tmp_path / "state.json").stat().st_mode) == 0o600


def saved(folder: Path, change: Callable[[Any], None] | None = None) -> Path:
    """A state file, changed by hand."""
    path = folder / "state.json"
    save_state(path, STATE)
    if change is not None:
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))
    return path


def refused(path: Path, identity: Identity = IDENTITY) -> StateError:
    """The error that reading a state file ends with, after a look that the file was left as it is."""
    before, times = path.read_bytes(), os.stat(path)
    with pytest.raises(StateError) as caught:
        load_state(path, identity)
    assert path.read_bytes() == before
    assert (os.stat(path).st_mtime_ns, os.stat(path).st_ino) == (times.st_mtime_ns, times.st_ino)
    assert [each.name for each in path.parent.iterdir()] == [path.name]
    assert caught.value.exit_code == 6
    return caught.value


def test_a_missing_state_file_is_refused_and_both_ways_out_are_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="is missing") as caught:
        load_state(tmp_path / "state.json", IDENTITY)
    assert "`korsync init` if" in caught.value.remedy
    assert "`korsync init --adopt` if" in caught.value.remedy
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        b"not json",
        b"null",
        b"[]",
        b"{}",
        b'{"schema": 1}',
        b'{"schema": "1"}',
        b'{"schema": true}',
        b'{"schema": 0}',
        b'{"schema": 1, "schema": 1, "identity": {"shop": "s", "account_id": "a", "point_of_sale": "p"}}',
        b'{"schema": 1, "identity": {"shop": "s", "shop": "s", "account_id": "a", "point_of_sale": "p"}}',
        b'{"schema": NaN}',
        b'{"schema": 1, "order_cursor": Infinity}',
        b"\x00\xff",
        b"[" * 200_000,
    ],
)
def test_what_is_no_state_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(data)
    assert "cannot be used" in refused(path).what


def test_a_state_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path)
    whole = path.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        path.write_bytes(whole[:length])
        refused(path)


def test_a_state_of_a_newer_version_is_refused_and_the_newer_korsync_asked_for(tmp_path: Path) -> None:
    error = refused(saved(tmp_path, lambda content: content.update(schema=2, something_new=[])))
    assert "newer korsync" in error.what
    assert "korsync that wrote it" in error.remedy


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (replace(IDENTITY, shop="other.myshopify.com"), "shop"),
        (replace(IDENTITY, account_id="account-2"), "account id"),
        (replace(IDENTITY, point_of_sale="91"), "point of sale"),
    ],
)
def test_the_state_of_another_shop_account_or_point_of_sale_is_refused(
    tmp_path: Path, identity: Identity, name: str
) -> None:
    assert f"belongs to another {name}" in refused(saved(tmp_path), identity).what


def put(path: str, value: Any) -> Callable[[Any], None]:
    """A change by hand: a value at a path such as orders/5500/name."""

    def change(content: Any) -> None:
        *steps, last = path.split("/")
        for step in steps:
            content = content[int(step)] if isinstance(content, list) else content[step]
        content[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("orders/5500/lines/0/quantity", "2", "$.orders.5500.lines[0].quantity: must be a whole number, not text"),
        ("orders/5500/lines/0/quantity", 2.0, "$.orders.5500.lines[0].quantity: must be a whole number, not a number"),
        ("orders/5500/lines/0/quantity", -1, "$.orders.5500: a quantity"),
        ("orders/5500/restocks/0/quantity", -1, "$.orders.5500: a quantity"),
        ("orders/5500/sale/pieces/0/quantity", -1, "$.orders.5500: a quantity"),
        ("orders/5500/sale/attempts", -1, "$.orders.5500: a quantity or a number of attempts"),
        ("orders/5500/sale/status", "bookd", "$.orders.5500.sale.status: must be one of intent, queued, booked"),
        ("orders/5500/sale/receipt/lines/0/base", 19.98, "$.orders.5500.sale.receipt.lines[0].base: must be a decimal"),
        ("orders/5500/lines/0/quantity", 10**12 + 1, "$.orders.5500: a quantity is out of all proportion"),
        ("orders/5500/lines/0/id", 10**40, "$.orders.5500.lines[0].id: is out of all proportion"),
        ("orders/5500/sale/receipt/lines/0/base", "1E+30", "receipt.lines[0].base: is out of all proportion"),
        ("orders/5500/sale/key", "order/5501", "$.orders.5500.sale.key: must be order/5500"),
        ("orders/5500/sale/receipt/key", "order/5501", "$.orders.5500: the receipt of order/5500 is one of something"),
        (
            "orders/5500/sale/receipt/order_id",
            5501,
            "$.orders.5500: the receipt of order/5500 is one of something else",
        ),
        ("orders/5500/returns/0/key", "refund/abc", "$.orders.5500.returns[0].key: must be refund/ and a number"),
        ("orders/5500/edits/0/key", "edit/5501/1", "$.orders.5500.edits[0].key: must be edit/5500/ and a number"),
        ("orders/5500/returns/0/key", "order/5500", "$.orders.5500.returns[0].key: must be refund/ and a number"),
        ("order_cursor", "0001-01-01T00:00:00Z", "$.order_cursor: must be a time from 1970 to 2999"),
        ("adopted_at", "9999-12-31T23:59:59Z", "$.adopted_at: must be a time from 1970 to 2999"),
        ("orders_full_at", "9999-12-31T23:59:59Z", "$.orders_full_at: must be a time from"),
        ("held/orders~#5501/since", "0001-01-01T00:00:00Z", "$.held.orders/#5501.since: must be a time from"),
        ("runs/0/at", "9999-12-31T23:59:59Z", "$.runs[0].at: must be a time from"),
        ("orders/5500/updated_at", "0001-01-01T00:00:00Z", "$.orders.5500.updated_at: must be a time from"),
        ("orders/5500/restocks/0/at", "0001-01-01T00:00:00Z", "$.orders.5500.restocks[0].at: must be a time from"),
        ("orders/5500/sale/sent_at", "9999-12-31T23:59:59Z", "$.orders.5500.order/5500.sent_at: must be a time from"),
        (
            "orders/5500/returns/0/confirmed_at",
            "9999-12-31T23:59:59Z",
            "$.orders.5500.refund/7.confirmed_at: must be a",
        ),
        ("orders/5500/id", 5501, "$.orders.5500.id: must be 5500"),
        ("orders/5500/created_at", "2026-11-23 12:00", "$.orders.5500.created_at: must be a time in UTC"),
        ("orders/x", {}, "$.orders.x: "),
        ("order_cursor", "yesterday", "$.order_cursor: must be a time"),
        ("order_cursr", None, "$: the key 'order_cursr' is unknown"),
        ("held/orders~#5501/reason", None, "$.held.orders/#5501.reason: must be text, not null"),
        ("runs", {}, "$.runs: must be a list"),
    ],
)
def test_a_mistake_made_by_hand_is_refused_with_its_path(tmp_path: Path, path: str, value: Any, complaint: str) -> None:
    def change(content: Any) -> None:
        content["held"] = {key.replace("/", "~"): held for key, held in content["held"].items()}
        put(path, value)(content)
        content["held"] = {key.replace("~", "/"): held for key, held in content["held"].items()}

    assert complaint in refused(saved(tmp_path, change)).what


def test_a_symbolic_link_in_place_of_the_state_is_refused_for_reading_and_writing(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    saved(real)
    before = (real / "state.json").read_bytes()
    path = tmp_path / "state.json"
    path.symlink_to(real / "state.json")
    with pytest.raises(StateError, match="cannot be read: it is a symbolic link") as unread:
        load_state(path, IDENTITY)
    with pytest.raises(StateError, match="symbolic link") as unwritten:
        save_state(path, replace(STATE, orders={}))
    assert "let state_file name the file itself" in unread.value.remedy
    assert unwritten.value.remedy == unread.value.remedy
    assert path.is_symlink()
    assert (real / "state.json").read_bytes() == before


def test_a_state_of_another_user_needs_no_other_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)
    with pytest.raises(StateError, match="Permission denied") as caught:
        load_state(tmp_path / "state.json", IDENTITY)
    assert "as the user that owns the state file" in caught.value.remedy


def test_a_folder_in_place_of_the_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    with pytest.raises(StateError, match="not a file"):
        load_state(tmp_path / "state.json", IDENTITY)
    with pytest.raises(StateError, match="cannot be written"):
        save_state(tmp_path / "state.json", STATE)


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_state_that_cannot_be_written_is_an_error_and_the_old_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, broken)
        with pytest.raises(StateError, match="Input/output error") as caught:
            save_state(path, replace(STATE, orders={}))
    assert caught.value.exit_code == 6
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["state.json"]


@pytest.mark.parametrize(
    "state",
    [
        replace(STATE, orders={5501: ORDER}),
        replace(STATE, orders={5500: replace(ORDER, lines=(KnownLine(1, "4711", 99, -2),))}),
        replace(STATE, order_cursor=NOON.replace(tzinfo=None)),
        replace(STATE, order_cursor=NOON.replace(year=1)),
        replace(STATE, orders={5500: replace(ORDER, returns=ORDER.returns * 2)}),
        replace(STATE, orders={5500: replace(ORDER, edits=ORDER.edits * 2)}),
    ],
)
def test_a_state_that_could_not_be_read_back_is_never_written(tmp_path: Path, state: State) -> None:
    path = saved(tmp_path)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=r"^\$\.order"):
        save_state(path, state)
    assert path.read_bytes() == before
