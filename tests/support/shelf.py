"""One shelf without HTTP: an article's buyers, draft orders, deliveries and till, and the stock rule on its own.

A thousand shop days pass in the time that the whole of korsync needs for one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

from korsync.pipelines.stock import Available
from korsync.records.seen import Doubt, Look
from korsync.rules.drafts import Drafted
from korsync.rules.sold import PutBack, SoldLine
from korsync.rules.stock import LevelFacts, LevelRules, target_of

SETTLE = timedelta(minutes=15)
RULES = LevelRules(0, SETTLE)
MORNING = datetime(2026, 11, 23, 9, tzinfo=UTC)
LISTING_LAG = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Days:
    """What the days are like: minutes between two moves, and the shares of what may happen beside buying."""

    minutes: float = 25
    listed_late: float = 0.4
    till: int = 0
    quotes: int = 0
    draft_edits: int = 0
    runs_out: bool = False
    lost_answers: float = 0.0
    lost_caches: float = 0.0


@dataclass(slots=True)
class Posted:
    """Pieces on a receipt, when it was confirmed and from when on KORONA's stock contains it."""

    pieces: int
    at: datetime
    in_stock_from: datetime


@dataclass(slots=True)
class Back:
    """Pieces that came back, and from when on the order list shows it."""

    pieces: int
    at: datetime
    listed_from: datetime
    posted: Posted | None = None


@dataclass(slots=True)
class Sale:
    pieces: int
    at: datetime
    listed_from: datetime
    backs: list[Back] = field(default_factory=list)
    posted: Posted | None = None

    @property
    def left(self) -> int:
        return self.pieces - sum(each.pieces for each in self.backs)


@dataclass(slots=True)
class Draft:
    """A draft order; whether it `reserves` Shopify does not tell. `until` is when its reservation runs out."""

    pieces: int
    reserves: bool
    until: datetime
    touched: datetime
    sale: Sale | None = None


class Oversold(AssertionError):
    """More is offered than is there, and a person was not told."""


class Shelf:
    """The world of one article, and what korsync remembers of it; everything random comes from the seed."""

    def __init__(self, seed: int, days: Days) -> None:
        self.random, self.days = Random(seed), days
        self.now = MORNING
        self.korona = self.level = self.random.randint(3, 8)
        self.sales: list[Sale] = []
        self.drafts: list[Draft] = []
        self.till_unseen = 0
        self.look: Look | None = None
        self.doubt: Doubt | None = None
        self.is_calm = True
        self._next = MORNING

    # --- the truth ---

    def there(self) -> int:
        """Return what may be promised: all but what is sold or reserved; `korona` knows of no receipt."""
        sold = sum(each.left for each in self.sales)
        return self.korona - sold - sum(each.pieces for each in self.drafts if each.reserves and not each.sale)

    def in_korona(self) -> int:
        """Return KORONA's own figure: a receipt shows in it some time after it was answered."""
        returned = sum(self._arrived(each.posted) for sale in self.sales for each in sale.backs)
        return self.korona - sum(self._arrived(each.posted) for each in self.sales) + returned

    def _arrived(self, posted: Posted | None) -> int:
        return posted.pieces if posted and posted.in_stock_from <= self.now else 0

    def check(self) -> None:
        if self.level > self.there() + self.till_unseen:
            raise Oversold(f"{self.now:%d %H:%M:%S}: {self.level} are offered, {self.there()} are there")

    # --- what happens ---

    def open(self) -> None:
        """Let things happen from now on."""
        self.is_calm, self._next = False, self._after_a_while()

    def close(self) -> None:
        """Let nothing new happen from now on, and no reservation run out."""
        self.is_calm = True
        for each in self.drafts:
            each.until = self.now + timedelta(days=99)

    def live(self, until: datetime) -> None:
        """Let time pass with all that happens in it."""
        while True:
            ends = [each.until for each in self.drafts if each.reserves and not each.sale and each.until <= until]
            moment = min([*ends, *([] if self.is_calm else [self._next]), until])
            self.now = max(self.now, moment)
            if moment in ends:
                self._let_go(next(each for each in self.drafts if each.until == moment and each.reserves))
            elif not self.is_calm and moment == self._next and moment < until:
                self._next = self._after_a_while()
                self._move()
            else:
                return
            self.check()

    def _after_a_while(self) -> datetime:
        return self.now + timedelta(minutes=self.random.expovariate(1 / self.days.minutes))

    def _move(self) -> None:
        days = self.days
        moves: list[tuple[Callable[[], None], int]] = [
            (self._buy, 8),
            (self._bring_back, 5),
            (lambda: self._draft(reserves=True), 3),
            (lambda: self._draft(reserves=False), days.quotes),
            (self._edit_draft, days.draft_edits),
            (self._complete, 2),
            (self._drop, 2),
            (self._deliver, 2),
            (self._sell_at_till, days.till),
        ]
        self.random.choices([each for each, _ in moves], [often for _, often in moves])[0]()

    def _listed_from(self) -> datetime:
        is_late = self.random.random() < self.days.listed_late
        return self.now + LISTING_LAG * self.random.random() if is_late else self.now

    def _buy(self) -> None:
        if self.level > 0:
            pieces = self.random.randint(1, min(2, self.level))
            self.sales.append(Sale(pieces, self._second(), self._listed_from()))
            self.level -= pieces

    def _bring_back(self) -> None:
        sold = [each for each in self.sales if each.left and each.listed_from <= self.now]
        if sold:
            sale = self.random.choice(sold)
            pieces = self.random.randint(1, sale.left)
            sale.backs.append(Back(pieces, self._second(), self._listed_from()))
            self.level += pieces

    def _draft(self, *, reserves: bool) -> None:
        pieces = self.random.randint(1, 2)
        if not reserves or self.level >= pieces:
            hours = self.random.choice((0.5, 1, 10)) if self.days.runs_out else 10**4
            self.drafts.append(Draft(pieces, reserves, self.now + timedelta(hours=hours), self._second()))
            self.level -= pieces if reserves else 0

    def _edit_draft(self) -> None:
        draft = self._an_open_draft()
        pieces = self.random.randint(1, 2)
        if draft and (not draft.reserves or pieces - draft.pieces <= self.level):
            self.level -= (pieces - draft.pieces) if draft.reserves else 0
            draft.pieces, draft.touched = pieces, self._second()

    def _complete(self) -> None:
        draft = self._an_open_draft()
        if draft and (draft.reserves or self.level >= draft.pieces):
            self.level -= 0 if draft.reserves else draft.pieces
            draft.sale = Sale(draft.pieces, self._second(), self._listed_from())
            draft.touched = self._second()
            self.sales.append(draft.sale)

    def _drop(self) -> None:
        draft = self._an_open_draft()
        if draft:
            self._let_go(draft)
            self.drafts.remove(draft)

    def _let_go(self, draft: Draft) -> None:
        self.level += draft.pieces if draft.reserves else 0
        draft.reserves = False

    def _an_open_draft(self) -> Draft | None:
        return self.random.choice([None, *(each for each in self.drafts if not each.sale)])

    def _deliver(self) -> None:
        self.korona += self.random.randint(1, 3)

    def _sell_at_till(self) -> None:
        if self.in_korona() > 0:
            self.korona -= 1
            self.till_unseen += 1

    def _second(self) -> datetime:
        return self.now.replace(microsecond=0)

    # --- korsync ---

    def run(self) -> None:
        """Read, decide and write as the stock pipeline does, and book what was read; the world goes on meanwhile."""
        if self.random.random() < self.days.lost_caches and not self.is_calm:
            self.look = self.doubt = None
        drafts = [(each, each.pieces) for each in self.drafts if not each.sale or each.touched >= self.now - SETTLE]
        self._pause()
        level, seen_at = self.level, self._second()
        self._pause()
        korona_now, actual, seen_of_till = self._second(), self.in_korona(), self.till_unseen
        self._pause()
        listed = [each for each in self.sales if each.listed_from <= self.now]
        shown = {id(sale): [each for each in sale.backs if each.listed_from <= self.now] for sale in listed}
        self._pause()
        held = sum(pieces for draft, pieces in drafts if draft.sale not in listed)
        ordered = tuple((pieces, draft.sale.at) for draft, pieces in drafts if draft.sale and draft.sale in listed)
        lines = tuple(_line(each, shown[id(each)], korona_now) for each in listed)
        facts = LevelFacts(
            level,
            seen_at,
            Decimal(actual),
            Decimal(actual),
            lines,
            lines,
            self.look,
            self.doubt,
            drafted=Drafted(held, ordered),
        )
        self._write(facts)
        self.till_unseen -= seen_of_till
        self.check()
        for sale in listed:
            self._book(sale, shown[id(sale)])

    def _pause(self) -> None:
        self.live(self.now + timedelta(seconds=self.random.choice((1, 1, 2, 10, 40))))

    def _write(self, facts: LevelFacts) -> None:
        target = target_of(facts, RULES)
        value = Available(facts.available, 1, 1, target.look, target.doubt)
        self.look, self.doubt = value.look, value.doubt
        if target.level == facts.available or (target.level > facts.available and target.why_not_raised):
            return
        if self.random.random() < self.days.lost_answers and not self.is_calm:
            self.level += self.random.choice((0, target.level - facts.available))
            self.look, self.doubt = None, value.unknown
            return
        self.level += target.level - facts.available
        value = value.adjusted(target.level)
        self.look, self.doubt = value.look, value.doubt

    def _book(self, sale: Sale, backs: list[Back]) -> None:
        lag = self.random.choice((0.0, 0.0, self.random.random()))
        if sale.posted is None:
            sale.posted = Posted(sale.pieces, self.now, self.now + SETTLE * 0.99 * lag)
        elif sale.posted.at + SETTLE <= self.now:
            for each in backs:
                each.posted = each.posted or Posted(each.pieces, self.now, self.now + SETTLE * 0.99 * lag)


def _line(sale: Sale, backs: list[Back], korona_now: datetime) -> SoldLine:
    posted = sale.posted
    settled = posted.pieces if posted and posted.at + SETTLE <= korona_now else 0
    on_the_way = [each for each in (posted, *(back.posted for back in backs)) if each]
    is_in_flight = any(each.at + SETTLE > korona_now for each in on_the_way)
    put_back = tuple(PutBack(each.pieces, each.at, True, each.posted is not None) for each in backs)
    return SoldLine(sale.pieces, sale.at, settled, put_back, in_flight=is_in_flight)
