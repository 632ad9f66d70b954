"""What happens in a shop on its own: buyers, returns, the till, deliveries, stocktakes, hands in Shopify's admin."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from korsync.records.bookings import KnownOrder
from korsync.sandbox.shopify.drafts import DraftOrder
from korsync.sandbox.shopify.moves import Status
from korsync.sandbox.shopify.sales import Order
from korsync.sandbox.world import World
from tests.simulation.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Climate:
    """What the days of a world are like; a delay is the longest there is, a share is a probability."""

    disturbed: bool
    moves_per_hour: float
    booking_delay: timedelta
    listing_delay: timedelta
    listed_late: float
    rough_runs: float
    deaths: float
    hurried_runs: float
    queues: bool
    forbidden: float = 0.0
    wrong_dates: float = 0.0
    warehouses: tuple[str, ...] = ("1",)


@dataclass
class Life:
    """Moves the world; every move is noted in the ledger and checked at once."""

    world: World
    ledger: Ledger
    climate: Climate
    random: Random
    orders: list[Order] = field(default_factory=list)
    drafts: list[DraftOrder] = field(default_factory=list)
    twins: list[int] = field(default_factory=list)
    _next: datetime | None = None

    def open_shop(self) -> None:
        """Let things happen from now on."""
        self.ledger.open_books()
        self._next = self.world.clock.now() + self._pause()

    def close_shop(self) -> None:
        """Let nothing new happen from now on, and put right what is not in step."""
        self._next = None
        for sku in self.ledger.skus:
            self.world.korona.deactivate(sku, False)
        while self.twins:
            self.take_twin_away()

    def pass_time(self, until: datetime) -> None:
        """Move the clock on, and everything that happens meanwhile at its own time."""
        clock = self.world.clock
        while self._next is not None and self._next <= until:
            clock.advance(max(timedelta(0), self._next - clock.now()))
            self._next += self._pause()
            self.move()
        clock.advance(max(timedelta(0), until - clock.now()))

    def _pause(self) -> timedelta:
        return timedelta(hours=self.random.expovariate(self.climate.moves_per_hour))

    def is_open(self) -> bool:
        return self._next is not None

    def move(self) -> None:
        """Let one thing happen, whatever it is."""
        quiet: list[tuple[Callable[[], None], float]] = [
            (self.buy, 50),
            (self.pay, 5),
            (self.ship, 4),
            (self.cancel, 9),
            (self.give_back, 9),
            (self.take_out, 2),
            (self.add_on, 2),
            (self.deliver, 14),
            (self.find_more, 2),
            (self.take_off_sale, 2),
        ]
        unsettling: list[tuple[Callable[[], None], float]] = [
            (self.add_twin, 1.0),
            (self.take_twin_away, 1.0),
            (self.switch_off, 1.0),
            (self.switch_on, 1.0),
        ]
        drafts: list[tuple[Callable[[], None], float]] = [
            (self.reserve, 3.0),
            (self.complete_draft, 2.0),
            (self.drop_draft, 1.0),
        ]
        disturbing = [(self.sell_at_till, 8.0), (self.find_fewer, 2.0), (self.put_on_sale, 2.0)]
        # What is reserved and what the till sells before the next look make up for each other where a look is lost.
        moves = quiet + unsettling + (disturbing if self.climate.disturbed else drafts)
        if len(self.climate.warehouses) > 1:
            moves.append((self.carry_over, 6.0))
        self.random.choices([each for each, _ in moves], [weight for _, weight in moves])[0]()
        self.ledger.check()

    # --- buyers ---

    def buy(self) -> None:
        """Order what Shopify offers, one or two articles."""
        wanted = {sku: self.random.choice((1, 1, 1, 2)) for sku in self._some_skus()}
        lines = [(sku, pieces) for sku, pieces in wanted.items() if self.ledger.offered(sku) >= pieces]
        if not lines:
            return
        before = self.ledger.truly_available()
        late = self.random.random() < self.climate.listed_late
        delay = self.climate.listing_delay * self.random.random() if late else timedelta(0)
        order = self.world.shopify.place_order(lines, paid=self.random.random() < 0.8, listing_delay=delay)
        self.orders.append(order)
        self.ledger.note(f"{order.name} orders {lines}, listed after {delay.seconds} s")
        self.ledger.ordered(order, before)

    def pay(self) -> None:
        order = self._an_order(lambda each: any(one.status == "pending" for one in each.transactions))
        if order is not None:
            self.world.shopify.pay_order(order)

    def ship(self) -> None:
        order = self._an_order(lambda each: any(line.fulfillable for line in each.lines))
        if order is not None:
            self.world.shopify.fulfil_order(order)

    def cancel(self) -> None:
        order = self._an_order(lambda each: not any(line.fulfilled for line in each.lines))
        if order is not None:
            restock = self.random.random() < 0.7
            after = timedelta(seconds=self.random.choice((0, 0, 20, 180)))
            self.ledger.note(f"{order.name} is cancelled, restock {restock} after {after.seconds} s")
            self.world.shopify.cancel_order(order, restock=restock, refund_after=after)

    def give_back(self) -> None:
        """Refund some pieces of an order, twice at most, so that three runs are enough to book all of it."""
        order = self._an_order(lambda each: len(each.refunds) < 2)
        if order is not None:
            line = self.random.choice([each for each in order.lines if each.current_quantity])
            pieces = self.random.randint(1, line.current_quantity)
            kind = self.random.choice(("return", "return", "no_restock"))
            self.ledger.note(f"{order.name} gives back {pieces} x {line.sku}, {kind}")
            says = self.random.random() < 0.7
            self.world.shopify.refund_order(order, {line.id: pieces}, restock_type=kind, says_location=says)

    def take_out(self) -> None:
        """Take a piece out of an order by an edit, which Shopify records as a refund without money."""
        order = self._an_order(lambda each: any(line.fulfillable for line in each.lines) and len(each.refunds) < 2)
        if order is not None:
            line = self.random.choice([each for each in order.lines if each.fulfillable])
            restock = self.random.random() < 0.7
            self.ledger.note(f"1 x {line.sku} is taken out of {order.name}, restock {restock}")
            self.world.shopify.edit_order(order, fewer={line.id: 1}, restock=restock)

    def add_on(self) -> None:
        """Add a piece to an order by an edit."""
        order = self._an_order(lambda each: any(self.ledger.offered(line.sku or "") > 0 for line in each.lines))
        if order is not None:
            line = self.random.choice([each for each in order.lines if self.ledger.offered(each.sku or "") > 0])
            before = self.ledger.truly_available()
            self.world.shopify.edit_order(order, more={line.id: 1})
            self.ledger.note(f"1 x {line.sku} is added to {order.name}")
            self.ledger.added(line.sku or "", before)

    def _an_order(self, fits: Callable[[Order], bool]) -> Order | None:
        candidates = [
            each
            for each in self.orders[-30:]
            if each.cancelled_at is None and any(line.current_quantity for line in each.lines) and fits(each)
        ]
        return self.random.choice(candidates) if candidates else None

    # --- the shop ---

    def deliver(self) -> None:
        """Fill up what runs short."""
        stock = {sku: self.world.korona.stock_of(sku) for sku in self.ledger.skus}
        sku = min(stock, key=lambda each: stock[each])
        if stock[sku] < 5:
            pieces = self.random.randint(1, 3)
            self.ledger.note(f"{pieces} x {sku} are delivered")
            self.world.korona.deliver(sku, pieces)

    def carry_over(self) -> None:
        """Move a piece from one warehouse to another, which KORONA books in one go."""
        korona, sku = self.world.korona, self._a_sku()
        here, there = self.random.sample(self.climate.warehouses, 2)
        with korona.turn():
            if korona.stock_of(sku, here) > 0:
                self.ledger.note(f"1 x {sku} goes from warehouse {here} to {there}")
                korona.deliver(sku, -1, here)
                korona.deliver(sku, 1, there)

    # --- what is reserved, and what leaves the step ---

    def reserve(self) -> None:
        """Write a draft order for what Shopify offers, as a rule with its pieces reserved."""
        sku = self._a_sku()
        if self.ledger.offered(sku) < 1:
            return
        until = self.world.clock.now() + timedelta(hours=self.random.choice((0.5, 3, 12)))
        reserves = self.random.random() < 0.8
        self.ledger.note(f"a draft order for 1 x {sku}, reserved: {f'{until:%H:%M:%S}' if reserves else 'no'}")
        draft = self.world.shopify.draft_order([(sku, 1)], reserve_inventory_until=until if reserves else None)
        self.drafts.append(draft)

    def reserving(self) -> list[DraftOrder]:
        """Return the draft orders that hold their pieces."""
        with self.world.shopify.acting():  # what has run out holds nothing any more
            return [each for each in self.drafts if each.reserved]

    def complete_draft(self) -> None:
        """Make an order of a draft order that still holds its pieces."""
        reserving = self.reserving()
        if reserving:
            draft = self.random.choice(reserving)
            self.drafts.remove(draft)
            late = self.random.random() < self.climate.listed_late
            delay = self.climate.listing_delay * self.random.random() if late else timedelta(0)
            order = self.world.shopify.complete_draft(draft, listing_delay=delay)
            self.orders.append(order)
            self.ledger.note(f"{order.name} was a draft order, listed after {delay.seconds} s")
            self.ledger.tally.orders += 1

    def drop_draft(self) -> None:
        if self.drafts:
            draft = self.drafts.pop(self.random.randrange(len(self.drafts)))
            self.ledger.note(f"a draft order for {draft.skus} is deleted")
            self.world.shopify.delete_draft(draft)

    def add_twin(self) -> None:
        """Duplicate a product in Shopify, on sale or not yet."""
        sku = self._a_sku()
        status: Status = self.random.choice(("active", "draft", "archived"))
        self.ledger.note(f"{sku} gets a twin, {status}")
        twin = self.world.shopify.add_product("Twin", [{"sku": sku, "available": 0}], status=status)
        self.twins.append(twin.variants[0].id)

    def take_twin_away(self) -> None:
        if self.twins:
            self.ledger.note("a twin is deleted")
            self.world.shopify.delete_product(self.twins.pop())

    def switch_off(self) -> None:
        sku = self._a_sku()
        self.ledger.note(f"{sku} is switched off")
        self.world.korona.deactivate(sku)

    def switch_on(self) -> None:
        sku = self._a_sku()
        self.ledger.note(f"{sku} is switched on")
        self.world.korona.deactivate(sku, False)

    def settle_by_hand(self, order: KnownOrder) -> None:
        """Take the pieces of an order out of KORONA that no receipt will ever take out."""
        gone = order.lost_pieces
        for line in order.lines:
            if gone.get(line.id):
                self.ledger.note(f"{gone[line.id]} x {line.sku} of {order.name} are taken out by hand")
                self.world.korona.count(line.sku, int(self.world.korona.stock_of(line.sku)) - gone[line.id])
        self.ledger.settled_by_hand.add(order.id)

    def find_more(self) -> None:
        self._count(self._a_sku(), 1)

    def find_fewer(self) -> None:
        self._count(self._a_sku(), -1)

    def _count(self, sku: str, more: int) -> None:
        pieces = int(self.world.korona.stock_of(sku)) + more
        self.ledger.note(f"stocktaking finds {pieces} x {sku}")
        self.world.korona.count(sku, pieces)
        if more < 0:
            self.ledger.lowered_in_korona(sku, -more)

    def sell_at_till(self) -> None:
        sku = self._a_sku()
        if self.world.korona.stock_of(sku) > 0:
            self.ledger.note(f"the till sells 1 x {sku}")
            self.world.korona.sell_at_till(sku, 1)
            self.ledger.lowered_in_korona(sku, 1)

    def take_off_sale(self) -> None:
        self._set_by_hand(self._a_sku(), -1)

    def put_on_sale(self) -> None:
        self._set_by_hand(self._a_sku(), self.random.randint(1, 2))

    def _set_by_hand(self, sku: str, more: int) -> None:
        level = self.ledger.offered(sku) + more
        self.ledger.note(f"somebody writes {level} for {sku}")
        self.world.shopify.set_available(sku, level)
        if more > 0:
            self.ledger.raised_by_hand(sku, more)

    def _a_sku(self) -> str:
        return self.random.choice(self.ledger.skus)

    def _some_skus(self) -> list[str]:
        return self.random.sample(self.ledger.skus, self.random.choice((1, 1, 1, 2)))
