"""The screens of `korsync explain`, on a narrow page and on a wide one."""

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console

from korsync.records.explained import (
    Amount,
    ArticleExplained,
    ArticleFacts,
    Explained,
    LevelSum,
    LineFacts,
    OrderExplained,
    ReceiptFacts,
    Sold,
    Step,
    Turn,
    VariantFacts,
)
from korsync.records.journal import Chapter, WriteEntry
from korsync.report.explained import LABEL, article_rows, order_rows, print_screens

EIGHT = datetime(2026, 11, 24, 7, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
WRITTEN = WriteEntry("r", EIGHT, "stock", "1051", "available", "23", "22", "done")

ARTICLE = ArticleExplained(
    sku="1051",
    articles=(ArticleFacts("1051", "Weihnachtstee", "", True, Decimal("8.90"), EIGHT, "Shopify"),),
    variants=(VariantFacts("Tee\x1b[2J", "active", Decimal("8.00"), True, 22),),
    match="the article's number is the SKU of this variant",
    level=LevelSum(
        Decimal("24.0"),
        (Sold("#1042", Decimal(1)), Sold("#1043", Decimal(1))),
        missing=1,
        reserved=0,
        buffer=0,
        wanted=21,
        available=22,
        doubted_at=EIGHT,
        until=EIGHT + timedelta(minutes=15),
    ),
    steps=(Step(Turn.NEXT_RUN, "stock", "available 22 → 21"),),
    past=(Chapter("r", None, (WRITTEN,)),),
)

ORDER = OrderExplained(
    name="#1042",
    placed_at=EIGHT,
    standing="not shipped",
    total=Decimal("17.80"),
    currency="EUR",
    gateways=("paypal",),
    lines=(LineFacts(2, "1051", "Weihnachtstee", "1051 Weihnachtstee"), LineFacts(1, "", "Trinkgeld", "")),
    refunds=("94: 1 × 1051 put back, not booked yet",),
    receipts=(
        ReceiptFacts(
            "sale",
            "90-1042",
            EIGHT,
            Decimal("17.80"),
            ("2 × Weihnachtstee",),
            (Amount("19 %", Decimal("2.84")),),
            (Amount("PayPal", Decimal("17.80")),),
        ),
    ),
    to_come=(),
    steps=(Step(Turn.WAITING, "refunds", "waits until the sale is settled"),),
)

NARROW = """\
1051  Weihnachtstee
  KORONA    Weihnachtstee; 8.90 in “Shopify” since 2026-11-24; pieces are
            counted
  Shopify   “Tee\\x1b[2J” (active); 8.00; pieces are counted; 22 pieces
  match     the article's number is the SKU of this variant
  level     KORONA 24 - 2 sold and not yet in KORONA's stock (#1042: 1, #1043:
            1) - 1 missing since 2026-11-24 08:00 without an order so far = 21;
            Shopify has 22
  waits     what is missing counts as sold until 2026-11-24 08:15 at least: an
            order may not be listed yet
  next run  stock: available 22 → 21
  past      2026-11-24 08:00  stock  1051  available 23 → 22: written

#1042  placed 2026-11-24 08:00
  Shopify   17.80 EUR, paid by paypal; not shipped
  line      2 × 1051 Weihnachtstee → 1051 Weihnachtstee
  line      1 × Trinkgeld → no article in KORONA has this number
  refund    94: 1 × 1051 put back, not booked yet
  booked    sale, receipt 90-1042 of 2026-11-24 08:00: 17.80, taxes 2.84 (19
            %), paid 17.80 PayPal; 2 × Weihnachtstee
  waits     refunds: waits until the sale is settled
"""

WIDE = """\
1051  Weihnachtstee
  KORONA    Weihnachtstee; 8.90 in “Shopify” since 2026-11-24; pieces are counted
  Shopify   “Tee\\x1b[2J” (active); 8.00; pieces are counted; 22 pieces
  match     the article's number is the SKU of this variant
  level     KORONA 24 - 2 sold and not yet in KORONA's stock (#1042: 1, #1043: 1) - 1 missing since 2026-11-24 08:00 without an order so
            far = 21; Shopify has 22
  waits     what is missing counts as sold until 2026-11-24 08:15 at least: an order may not be listed yet
  next run  stock: available 22 → 21
  past      2026-11-24 08:00  stock  1051  available 23 → 22: written

#1042  placed 2026-11-24 08:00
  Shopify   17.80 EUR, paid by paypal; not shipped
  line      2 × 1051 Weihnachtstee → 1051 Weihnachtstee
  line      1 × Trinkgeld → no article in KORONA has this number
  refund    94: 1 × 1051 put back, not booked yet
  booked    sale, receipt 90-1042 of 2026-11-24 08:00: 17.80, taxes 2.84 (19 %), paid 17.80 PayPal; 2 × Weihnachtstee
  waits     refunds: waits until the sale is settled
"""  # noqa: E501


def shown(columns: int) -> str:
    page = io.StringIO()
    how: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "soft_wrap": True}
    console = Console(file=page, force_terminal=True, color_system=None, width=columns, **how)
    print_screens(console, Explained("1051", (ARTICLE,), (ORDER,)), BERLIN)
    return page.getvalue()


def test_an_article_and_an_order_fit_on_a_screen_of_80_columns_and_of_140() -> None:
    assert shown(80) == NARROW
    assert shown(140) == WIDE


def test_behind_every_label_is_a_blank() -> None:
    level = replace(ARTICLE.level, why_not_raised="an order may not be listed yet") if ARTICLE.level else None
    steps = tuple(Step(turn, "stock", "any") for turn in Turn)
    articles = [ARTICLE, replace(ARTICLE, articles=(), variants=(), level=level, steps=())]
    orders = [replace(ORDER, steps=steps), replace(ORDER, receipts=(), to_come=ORDER.receipts, steps=())]
    rows = [row for each in articles for row in article_rows(each, BERLIN)]
    rows += [row for each in orders for row in order_rows(each, BERLIN)]
    labels = {label for label, text in rows if text}
    assert {"kept", "waits", "to book", "next run", "past", *Turn} <= labels
    assert {label for label in labels if len(f"  {label}") >= LABEL} == set()
