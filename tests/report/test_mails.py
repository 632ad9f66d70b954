"""What cron mails over a week, situation by situation: runs every 20 minutes with --quiet, and what each prints."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from korsync.errors import (
    BugError,
    ConfigurationError,
    KorsyncError,
    LockedError,
    Refused,
    SafetyStop,
    StateError,
    Unavailable,
)
from korsync.records.bookings import Booking, BookingStatus, KnownOrder, sale_key
from korsync.records.memory import Held, Identity, State
from korsync.records.plan import Change, Fate, Outcome, Plan, Ran, Result, Skip, ToldOnce, Written
from korsync.records.telling import HOLDS, START, Happened, How, Kind, Told
from korsync.report.causes import cause_of_error, cause_of_lock, causes_of
from korsync.report.telling import tell

MONDAY = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
EVERY = timedelta(minutes=20)
HOUR = timedelta(hours=1)
WEEK = 7 * 72
QUIET = How(quiet=True)
ALL = ("stock", "orders", "refunds", "products")

Run = Callable[[datetime], Happened]


def ran(
    at: datetime,
    *results: Result,
    held: Iterable[Held] = (),
    warnings: tuple[str, ...] = (),
    orders: Iterable[KnownOrder] = (),
) -> Happened:
    """A run that got to its end."""
    state = State(Identity("s", "a", "90"), MONDAY, held={f"{each.pipeline}/{each.item}": each for each in held})
    state = replace(state, orders={each.id: each for each in orders})
    done = {result.plan.pipeline for result in results}
    whole = (*results, *(Result(Plan(name)) for name in ALL if name not in done))
    run = Ran(whole, state, 0, 5, 0, at, warnings=warnings)
    return Happened("run", "my-shop", at, causes_of(run, HOUR), frozenset({START, HOLDS, "run", *ALL}), 0, run)


def failed(at: datetime, error: KorsyncError) -> Happened:
    """A run that could not begin, or broke off."""
    who = [START, "run"] if isinstance(error, BugError) else [START]
    cause = cause_of_lock(error) if isinstance(error, LockedError) else cause_of_error(error, who)
    return Happened("run", "my-shop", at, (cause,), frozenset(), error.exit_code)


def outage(*pipelines: str) -> tuple[Result, ...]:
    """One outage, which each pipeline meets with another call."""
    return tuple(Result(Plan(name), errors=(no_answer(name),)) for name in pipelines or ALL)


def no_answer(path: str) -> KorsyncError:
    return Unavailable(f"KORONA: GET {path}: no answer", "wait").of("KORONA does not answer", "KORONA answers again")


def trouble(error: KorsyncError, pipeline: str = "products") -> Result:
    return Result(Plan(pipeline), errors=(error,))


def an_order(name: str, reason: str = "no article", pipeline: str = "orders", since: datetime = MONDAY) -> Held:
    return Held(pipeline, name, reason, since)


def an_order_on_its_way(since: datetime = MONDAY - 2 * HOUR) -> KnownOrder:
    """An order with a receipt of which nobody knows what became."""
    sale = Booking(sale_key(1), BookingStatus.INTENT, (), sent_at=since)
    order = KnownOrder(1, "#1042", since, since, None, test=False, fulfilled=False, before_start=False, lines=())
    return order.with_booking(sale)


def a_lost_answer() -> Result:
    change: Change[Any] = Change("1002", None, None)
    return Result(Plan("stock"), written=(Written(change, Outcome.UNSURE),))


def mails(run: Callable[[int, datetime], Happened], runs: int = WEEK) -> list[tuple[str, str]]:
    """Return each mail of a week as (day and time, text without its heading)."""
    told, sent = Told(), []
    for number in range(runs):
        at = MONDAY + number * EVERY
        happened = run(number, at)
        telling = tell(happened, told, QUIET, after=HOUR, zone=UTC)
        told = telling.told
        assert telling.out == ()
        if telling.err:
            head, *rest = telling.err
            assert head == f"korsync {happened.command}, my-shop, {at:%Y-%m-%d %H:%M}"
            sent.append((f"{at:%a %H:%M}", "\n".join(rest)))
    return sent


def within(number: int, first: int, last: int) -> bool:
    return first <= number < last


def test_where_all_is_well_there_is_no_mail() -> None:
    assert mails(lambda _, at: ran(at)) == []


def test_an_outage_of_one_run_is_no_mail() -> None:
    assert mails(lambda number, at: ran(at, *outage()) if number == 5 else ran(at)) == []


def test_an_outage_of_three_hours_is_one_mail_after_an_hour_and_one_when_it_is_over() -> None:
    sent = mails(lambda number, at: ran(at, *(outage() if within(number, 6, 15) else ())))
    assert sent == [
        ("Mon 03:00", "korsync: KORONA: GET stock: no answer (since 2026-11-23 02:00)\n  what to do: wait"),
        ("Mon 05:00", "over: KORONA answers again, after 3 h (since 2026-11-23 02:00)"),
    ]


def test_an_outage_of_days_is_told_once_a_day() -> None:
    sent = mails(lambda number, at: ran(at, *(outage() if within(number, 6, 6 + 72 * 2) else ())))
    assert [when for when, _ in sent] == ["Mon 03:00", "Tue 03:00", "Wed 02:00"]


def test_an_outage_that_comes_and_goes_within_the_hour_is_no_mail() -> None:
    assert mails(lambda number, at: ran(at, *(outage() if number % 3 else ()))) == []


def test_an_outage_of_prices_alone_lasts_although_the_orders_of_each_minute_go_well() -> None:
    def run(number: int, at: datetime) -> Happened:
        if number % 2:
            clean = ran(at)
            return Happened("orders", "my-shop", at, (), frozenset({START, HOLDS, "orders"}), 0, clean.ran)
        return ran(at, *outage("products"))

    assert [when for when, _ in mails(run)][:2] == ["Mon 01:00", "Tue 01:00"]


def test_a_wrong_password_is_told_at_once_and_once_a_day_and_when_it_is_right_again() -> None:
    refused = Refused("KORONA: 401", "check the password", everything=True)
    refused.of("KORONA refuses", "KORONA takes korsync's requests again")
    sent = mails(lambda number, at: ran(at, *([trouble(refused, "stock")] if within(number, 3, 150) else [])))
    assert [when for when, _ in sent] == ["Mon 01:00", "Tue 01:00", "Wed 01:00", "Wed 02:00"]
    assert "what to do: check the password" in sent[0][1]


def test_refusals_that_come_and_go_are_at_most_two_mails_a_day_and_one_when_they_are_over() -> None:
    refused = Refused("KORONA: 401", "check the password", everything=True)
    refused.of("KORONA refuses", "KORONA takes korsync's requests again")
    sent = mails(lambda number, at: ran(at, *([trouble(refused, "stock")] if number % 2 else [])))
    for day in ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"):
        of_day = [text for when, text in sent if when.startswith(day)]
        assert len([text for text in of_day if text.startswith("korsync:")]) <= 2
        assert len([text for text in of_day if text.startswith("over:")]) <= 1


def test_where_the_last_mail_says_that_it_is_over_it_is_or_the_next_mail_says_otherwise_at_once() -> None:
    refused = Refused("KORONA: 401", "check", everything=True).of("KORONA refuses", "KORONA takes it again")
    bad = {1, 3, 4, 9, *range(20, 60), 61, 63, *range(100, 300)}
    told, says_bad = Told(), False
    for number in range(400):
        at = MONDAY + number * EVERY
        telling = tell(ran(at, *([trouble(refused)] if number in bad else [])), told, QUIET, after=HOUR, zone=UTC)
        told = telling.told
        text = "\n".join(telling.err)
        says_bad = "korsync: KORONA: 401" in text or (says_bad and "over:" not in text)
        assert says_bad or number not in bad


def test_a_stop_is_told_at_once_and_once_a_day_however_its_figures_change() -> None:
    def run(number: int, at: datetime) -> Happened:
        stop = SafetyStop(f"stock: {20 + number % 5} of 60 would fall to 0", "korsync accept stock", ())
        return ran(at, trouble(stop, "stock"))

    assert [when for when, _ in mails(run, 3 * 72)] == ["Mon 00:00", "Tue 00:00", "Wed 00:00"]


def test_a_held_item_is_told_when_it_is_new_and_once_a_day_while_it_lasts() -> None:
    sent = mails(lambda _, at: ran(at, held=[an_order("#1042")]), 3 * 72)
    assert [when for when, _ in sent] == ["Mon 00:00", "Tue 00:00", "Wed 00:00"]
    assert sent[0][1] == ("1 item held, for a person to settle (see `korsync status`):\n  ! #1042 (orders): no article")


def test_another_held_item_is_told_at_once_beside_what_was_told_before_and_one_reminder_a_day_names_both() -> None:
    def run(number: int, at: datetime) -> Happened:
        return ran(at, held=[an_order("#1042"), *([an_order("#1051", since=at)] if number >= 9 else [])])

    sent = mails(run, 2 * 72)
    assert [when for when, _ in sent] == ["Mon 00:00", "Mon 03:00", "Tue 00:00"]
    assert sent[1][1].splitlines()[1:] == [
        "  ! #1051 (orders): no article",
        "told before and not over: 1 thing (see `korsync status`)",
    ]
    assert "#1042" in sent[2][1]
    assert "#1051" in sent[2][1]


def test_a_held_item_that_came_to_be_settled_is_told_once() -> None:
    sent = mails(lambda number, at: ran(at, held=[an_order("#1042")] if number < 10 else []))
    assert [text.splitlines()[0] for _, text in sent][1:] == [
        "over: #1042 (orders) is held no more, after 3 h 20 min (since 2026-11-23 00:00)"
    ]


def test_a_bug_in_every_run_is_told_once_a_day() -> None:
    bug = BugError("a bug in korsync (ZeroDivisionError); nothing more was sent; details in korsync-bug-1.txt")
    assert [when for when, _ in mails(lambda _, at: failed(at, bug), 3 * 72)] == ["Mon 00:00", "Tue 00:00", "Wed 00:00"]


def test_a_hung_run_is_told_after_an_hour_with_its_process_and_age_and_once_a_day() -> None:
    def run(_: int, at: datetime) -> Happened:
        minutes = int((at - MONDAY).total_seconds() // 60)
        return failed(at, LockedError(f"process 4711 holds the lock for {minutes} minutes", "end it", MONDAY))

    sent = mails(run, 3 * 72)
    assert [when for when, _ in sent] == ["Mon 01:00", "Tue 01:00", "Wed 01:00"]
    assert "process 4711 holds the lock for 60 minutes (since 2026-11-23 00:00)" in sent[0][1]


def test_a_lock_that_is_taken_by_one_run_after_the_other_is_no_mail() -> None:
    assert mails(lambda _, at: failed(at, LockedError("busy", "wait", at - timedelta(minutes=1)))) != []
    short = lambda number, at: failed(at, LockedError("busy", "wait", at)) if number % 2 else ran(at)  # noqa: E731
    assert mails(short) == []


@pytest.mark.parametrize(
    "error", [ConfigurationError("line 3: unknown key", "put it right"), StateError("gone", "init")]
)
def test_a_run_that_cannot_even_begin_says_so_once_a_day_and_at_once_where_it_is_another_mistake(
    error: KorsyncError,
) -> None:
    other = type(error)("another mistake", "do that")
    sent = mails(lambda number, at: failed(at, error if number < 10 else other), 2 * 72)
    assert [when for when, _ in sent] == ["Mon 00:00", "Mon 03:20", "Tue 00:00"]


def test_everyday_things_are_no_mail_and_what_needs_a_look_is_one() -> None:
    def run(number: int, at: datetime) -> Happened:
        everyday = Skip("#1001", "a test order", Fate.LEFT, ToldOnce(1, "not booked", is_news=False))
        differs = Skip("#1002", "refunded 4.00 without goods", Fate.LEFT, ToldOnce(2, "refund"))
        return ran(at, Result(Plan("orders", skips=(everyday, differs)))) if number == 4 else ran(at)

    assert mails(run) == [("Mon 01:20", "  - refunded 4.00 without goods: #1002")]


def test_a_remark_is_told_once_a_day_and_its_end_is_not() -> None:
    sent = mails(lambda number, at: ran(at, warnings=("Shopify answered with 2027-04",) if number < 100 else ()))
    assert [when for when, _ in sent] == ["Mon 00:00", "Tue 00:00"]


def test_what_a_dry_run_shows_is_still_news_to_the_next_run() -> None:
    held = ran(MONDAY, held=[an_order("#1042")])
    telling = tell(held, Told(), How(quiet=True, dry=True), after=HOUR, zone=UTC)
    assert telling.told == Told()
    assert telling.ping is None
    assert "#1042" in "\n".join(telling.err)


def test_a_clock_that_was_wrong_once_keeps_nothing_untold() -> None:
    held = [an_order("#1042")]
    told = tell(ran(MONDAY + timedelta(days=900), held=held), Told(), QUIET, after=HOUR, zone=UTC).told
    told = tell(ran(MONDAY, held=held), told, QUIET, after=HOUR, zone=UTC).told
    next_day = tell(ran(MONDAY + timedelta(days=1), held=held), told, QUIET, after=HOUR, zone=UTC)
    assert "#1042" in "\n".join(next_day.err)


def test_an_outage_that_a_person_saw_at_a_terminal_is_mailed_all_the_same_when_it_lasts() -> None:
    told = tell(ran(MONDAY, *outage()), Told(), How(), after=HOUR, zone=UTC).told
    later = tell(ran(MONDAY + HOUR, *outage()), told, QUIET, after=HOUR, zone=UTC)
    assert "no answer" in "\n".join(later.err)


@pytest.mark.parametrize(
    ("happened", "failed_", "says"),
    [
        (ran(MONDAY), False, "exit 0"),
        (ran(MONDAY, held=[an_order("#1042")]), False, "exit 0"),
        (ran(MONDAY, trouble(SafetyStop("the price of 1002 jumps", "accept 1002", ()))), True, "stopped for safety"),
        (ran(MONDAY, a_lost_answer(), orders=[an_order_on_its_way()]), True, "a receipt was sent"),
        (failed(MONDAY, ConfigurationError("unknown key", "put it right")), True, "unknown key"),
        (failed(MONDAY, BugError("a bug in korsync")), True, "a bug"),
    ],
)
def test_the_monitor_hears_that_all_is_well_or_what_keeps_korsync_from_its_work_and_nothing_of_items(
    happened: Happened, failed_: bool, says: str
) -> None:
    ping = tell(happened, Told(), QUIET, after=HOUR, zone=UTC).ping
    assert ping is not None
    assert ping.failed is failed_
    assert says in ping.body
    assert "1042" not in ping.body
    assert "1002" not in ping.body


def test_the_monitor_hears_nothing_of_an_outage_until_it_has_lasted() -> None:
    telling = tell(ran(MONDAY, *outage()), Told(), QUIET, after=HOUR, zone=UTC)
    assert telling.ping is None
    later = tell(ran(MONDAY + HOUR, *outage()), telling.told, QUIET, after=HOUR, zone=UTC)
    assert later.ping is not None
    assert later.ping.failed


@pytest.mark.parametrize("kind", ["well", "outage", "refused", "held", "stopped", "cannot begin"])
@pytest.mark.parametrize("dry", [True, False])
@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("quiet", [True, False])
def test_who_is_told_what_and_where(kind: str, quiet: bool, as_json: bool, dry: bool) -> None:
    """JSON says all in its one object; trouble goes to stderr, with --quiet all that is told, and else to stdout."""
    how = How(quiet=quiet, as_json=as_json, dry=dry)
    happened = {
        "well": ran(MONDAY),
        "outage": ran(MONDAY, *outage()),
        "refused": ran(MONDAY, trouble(Refused("KORONA: 403", "grant it"))),
        "held": ran(MONDAY, held=[an_order("#1042")]),
        "stopped": ran(MONDAY, trouble(SafetyStop("20 of 60", "accept", ()))),
        "cannot begin": failed(MONDAY, ConfigurationError("unknown key", "put it right")),
    }[kind]
    telling = tell(happened, Told(), how, after=HOUR, zone=UTC)
    if how.as_json or kind == "well":
        totals = ("0 to write; 0 of 0 matched articles in step",) if dry and not (quiet or as_json) else ()
        assert (telling.out, telling.err) == (totals, ())
        return
    trouble_lines = [line for line in telling.err if line.startswith("korsync: ")]
    if kind == "held":
        assert trouble_lines == []
        where = telling.err if how.quiet else telling.out
        assert any("#1042" in line for line in where) is (how.quiet or not how.dry)
    else:
        assert len(trouble_lines) == (0 if kind == "outage" and how.quiet and not how.dry else 1)
    assert not how.quiet or telling.out == ()


def test_the_kinds_that_may_end_by_themselves_are_outside_trouble_and_a_busy_lock() -> None:
    assert {cause.kind for cause in ran(MONDAY, *outage()).causes} == {Kind.OUTSIDE}
    assert len(ran(MONDAY, *outage()).causes) == 1


BUG = BugError("a bug; nothing more was sent")
HUNG = LockedError("process 4711 holds the lock", "end it", MONDAY)
MISTAKES = ConfigurationError("config.yaml:3: unknown key", "put it right"), ConfigurationError("another", "do that")
FIRST, SECOND = [an_order("#1042")], [an_order("#1051", since=MONDAY + 9 * EVERY)]
REFUSAL = Refused("KORONA: 401", "check the password", everything=True)
REFUSED = trouble(REFUSAL.of("KORONA refuses", "KORONA takes korsync's requests again"), "stock")


def a_stop(emptied: int) -> Result:
    return trouble(SafetyStop(f"stock: {emptied} of 60 would fall to 0", "korsync accept stock", ()), "stock")


TABLE: dict[str, tuple[Callable[[int, datetime], Happened], list[tuple[str, list[str]]]]] = {
    "an outage of two days": (
        lambda number, at: ran(at, *(outage() if within(number, 6, 150) else ())),
        [
            ("Mon 03:00", ["korsync: KORONA: GET stock: no answer (since 2026-11-23 02:00)", "  what to do: wait"]),
            ("Tue 03:00", ["korsync: KORONA: GET stock: no answer (since 2026-11-23 02:00)", "  what to do: wait"]),
            ("Wed 02:00", ["over: KORONA answers again, after 2 days (since 2026-11-23 02:00)"]),
        ],
    ),
    "a wrong password": (
        lambda number, at: ran(at, *([REFUSED] if within(number, 3, 150) else [])),
        [
            ("Mon 01:00", ["korsync: KORONA: 401", "  what to do: check the password"]),
            ("Tue 01:00", ["korsync: KORONA: 401 (since 2026-11-23 01:00)", "  what to do: check the password"]),
            ("Wed 01:00", ["korsync: KORONA: 401 (since 2026-11-23 01:00)", "  what to do: check the password"]),
            ("Wed 02:00", ["over: KORONA takes korsync's requests again, after 2 days (since 2026-11-23 01:00)"]),
        ],
    ),
    "a login that is refused and taken in turn": (
        lambda number, at: ran(at, *([REFUSED] if number % 2 and number < 80 else [])),
        [
            ("Mon 00:20", ["korsync: KORONA: 401", "  what to do: check the password"]),
            ("Mon 00:40", ["over: KORONA takes korsync's requests again, after 20 min (since 2026-11-23 00:20)"]),
            ("Mon 01:00", ["korsync: KORONA: 401", "  what to do: check the password"]),
            ("Tue 00:40", ["over: KORONA takes korsync's requests again, after 20 min (since 2026-11-24 00:20)"]),
            ("Tue 01:00", ["korsync: KORONA: 401", "  what to do: check the password"]),
            ("Wed 00:40", ["over: KORONA takes korsync's requests again, after 20 min (since 2026-11-24 02:20)"]),
        ],
    ),
    "a stop whose figures change": (
        lambda number, at: ran(at, *([a_stop(20 + number % 5)] if number < 100 else [])),
        [
            ("Mon 00:00", ["korsync: stock: 20 of 60 would fall to 0", "  what to do: korsync accept stock"]),
            (
                "Tue 00:00",
                [
                    "korsync: stock: 22 of 60 would fall to 0 (since 2026-11-23 00:00)",
                    "  what to do: korsync accept stock",
                ],
            ),
            (
                "Tue 09:20",
                ["over: stock: 20 of 60 would fall to 0, after 33 h 20 min (since 2026-11-23 00:00)"],
            ),
        ],
    ),
    "a bug in every run": (
        lambda number, at: failed(at, BUG) if number < 100 else ran(at),
        [
            ("Mon 00:00", ["korsync: a bug; nothing more was sent"]),
            (
                "Tue 00:00",
                ["korsync: a bug; nothing more was sent (since 2026-11-23 00:00)"],
            ),
            (
                "Tue 09:20",
                ["over: a bug; nothing more was sent, after 33 h 20 min (since 2026-11-23 00:00)"],
            ),
        ],
    ),
    "a run that hangs": (
        lambda number, at: failed(at, HUNG) if number < 80 else ran(at),
        [
            ("Mon 01:00", ["korsync: process 4711 holds the lock (since 2026-11-23 00:00)", "  what to do: end it"]),
            ("Tue 01:00", ["korsync: process 4711 holds the lock (since 2026-11-23 00:00)", "  what to do: end it"]),
            ("Tue 02:40", ["over: the lock is free again, after 26 h 40 min (since 2026-11-23 00:00)"]),
        ],
    ),
    "one mistake in the configuration, then another": (
        lambda number, at: failed(at, MISTAKES[number >= 80]) if number < 90 else ran(at),
        [
            ("Mon 00:00", ["korsync: config.yaml:3: unknown key", "  what to do: put it right"]),
            (
                "Tue 00:00",
                ["korsync: config.yaml:3: unknown key (since 2026-11-23 00:00)", "  what to do: put it right"],
            ),
            (
                "Tue 02:40",
                [
                    "korsync: another",
                    "  what to do: do that",
                    "told before and not over: 1 thing (see `korsync status`)",
                ],
            ),
            (
                "Tue 06:00",
                [
                    "over: another, after 3 h 20 min (since 2026-11-24 02:40)",
                    "over: config.yaml:3: unknown key, after 30 h (since 2026-11-23 00:00)",
                ],
            ),
        ],
    ),
    "a held item, another one, both settled": (
        lambda number, at: ran(at, held=[*FIRST[: number < 100], *SECOND[: 9 <= number < 90]]),
        [
            (
                "Mon 00:00",
                ["1 item held, for a person to settle (see `korsync status`):", "  ! #1042 (orders): no article"],
            ),
            (
                "Mon 03:00",
                [
                    "1 item held, for a person to settle (see `korsync status`):",
                    "  ! #1051 (orders): no article",
                    "told before and not over: 1 thing (see `korsync status`)",
                ],
            ),
            (
                "Tue 00:00",
                [
                    "2 items held, for a person to settle (see `korsync status`):",
                    "  ! #1042 (orders): no article",
                    "  ! #1051 (orders): no article",
                ],
            ),
            (
                "Tue 06:00",
                [
                    "over: #1051 (orders) is held no more, after 27 h (since 2026-11-23 03:00)",
                    "told before and not over: 1 thing (see `korsync status`)",
                ],
            ),
            ("Tue 09:20", ["over: #1042 (orders) is held no more, after 33 h 20 min (since 2026-11-23 00:00)"]),
        ],
    ),
}
"""Each situation with all mails of its week: when, and line by line what stands below the heading."""


@pytest.mark.parametrize("situation", TABLE)
def test_these_are_all_mails_of_a_week(situation: str) -> None:
    run, expected = TABLE[situation]
    assert [(when, text.splitlines()) for when, text in mails(run)] == expected
