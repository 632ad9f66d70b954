"""How korsync stands, on one page and as JSON."""

from collections.abc import Iterator
from datetime import datetime

from rich.console import Console

from korsync.records.runs import RunRecord, Standing
from korsync.records.standing import Status
from korsync.report.as_json import head, held_as_json, in_json
from korsync.report.screens import by_item
from korsync.report.words import age, count, list_of, moment, print_lines
from korsync.rules.guards import key_of
from korsync.rules.standing import ignored_items, on_their_way, reserved_orders, waiting_refunds
from korsync.text import visible

RUNS_SHOWN = 3
"""So many of the last runs of each command are shown."""

KEYS_SHOWN = 20


def print_status(console: Console, status: Status, *, ignored: bool = False) -> None:
    """Print the page; with `ignored` every item that was settled by hand is named."""
    print_lines(console, list(status_lines(status, ignored=ignored)))


def status_lines(status: Status, *, ignored: bool = False) -> Iterator[str]:
    state = status.state
    yield visible(f"{status.shop}, {moment(status.now, status.zone)}")
    if status.running is not None:
        yield visible(f"running now: {status.running.what}")
    for name in status.pipelines:
        yield from _pipeline(status, name, state.standings.get(name, Standing()))
    yield from _held(status)
    yield from _open(status, ignored)
    yield from _runs(status)


def _pipeline(status: Status, name: str, standing: Standing) -> Iterator[str]:
    done = "never yet"
    if standing.succeeded_at is not None:
        done = f"{age(status.now - standing.succeeded_at)} ago ({moment(standing.succeeded_at, status.zone)})"
    if standing.failing_since is None:
        yield f"{name:<9} last done {done}"
    else:
        since = f"{moment(standing.failing_since, status.zone)}, for {age(status.now - standing.failing_since)}"
        yield f"{name:<9} FAILING since {since} (exit {standing.exit_code}); last done {done}"
        yield from (visible(f"          {line}") for line in standing.what.splitlines())
        if standing.remedy:
            yield visible(f"          what to do: {standing.remedy}")
    if stopped := status.state.stopped.get(name):
        keys = sorted({key_of(mark) for mark in stopped})
        yield visible(f"          stopped for safety: {list_of(keys, KEYS_SHOWN)}")
        yield f"          look at it with `korsync {name} --dry-run`, let it through with `korsync accept {name}`"


def _held(status: Status) -> Iterator[str]:
    held = by_item(status.state)
    yield f"{count(len(held), 'item')} held" + (", for a person to settle:" if held else "")
    for each in held:
        yield visible(f"  ! {each.item} ({each.pipeline}, for {age(status.now - each.since)}): {each.reason}")


def _open(status: Status, ignored: bool) -> Iterator[str]:
    """Say what waits for something else than a person, and what a person has settled."""
    sent = on_their_way(status.state)
    for each in sent:
        at = f" at {moment(each.sent_at, status.zone)}" if each.sent_at else ""
        what = "KORONA has queued it" if each.is_queued else "what became of it is not known yet; the next run looks"
        yield visible(f"  … {each.order}: a receipt was sent{at}; {what}")
    waiting = waiting_refunds(status.state)
    if waiting:
        yield f"refunds that wait for their sale to be settled: {list_of(waiting, KEYS_SHOWN)}"
    reserved = reserved_orders(status.state)
    if reserved:
        yield f"orders from before orders.start_from whose pieces are kept: {list_of(reserved, KEYS_SHOWN)}"
    settled = ignored_items(status.state)
    if settled and ignored:
        yield visible(f"settled by hand: {', '.join(settled)}")
    elif settled:
        yield f"{count(len(settled), 'item')} settled by hand (--ignored names them)"


def _runs(status: Status) -> Iterator[str]:
    runs = status.state.runs
    if not runs:
        yield "korsync has not run yet"
        return
    yield "last runs:"
    shown = [run for command in {each.command for each in runs} for run in _last(runs, command)]
    for run in sorted(shown, key=lambda each: each.at):
        why = f": {run.reason}" if run.reason else ""
        done = f"exit {run.exit_code}, {count(run.written, 'change')} written"
        yield visible(f"  {moment(run.at, status.zone)}  {run.command}: {done}{why}")


def _last(runs: tuple[RunRecord, ...], command: str) -> list[RunRecord]:
    return [each for each in runs if each.command == command][-RUNS_SHOWN:]


def status_as_json(status: Status) -> str:
    """Return the page as JSON: the head, and what the text says; times are in UTC."""
    state = status.state
    return in_json(
        head("status", status.shop, status.now, status.exit_code)
        | {
            "running": status.running.what if status.running else None,
            "pipelines": [_standing_as_json(status, name) for name in status.pipelines],
            "held": [held_as_json(each) for each in by_item(state)],
            "on_their_way": [
                {"order": each.order, "sent_at": _time(each.sent_at), "queued": each.is_queued}
                for each in on_their_way(state)
            ],
            "waiting_refunds": waiting_refunds(state),
            "reserved": reserved_orders(state),
            "ignored": ignored_items(state),
            "runs": [
                {
                    "time": _time(run.at),
                    "command": run.command,
                    "exit_code": run.exit_code,
                    "written": run.written,
                    "held": run.held,
                    "reason": run.reason,
                }
                for run in state.runs
            ],
        }
    )


def _standing_as_json(status: Status, name: str) -> dict[str, object]:
    standing = status.state.standings.get(name, Standing())
    return {
        "pipeline": name,
        "succeeded_at": _time(standing.succeeded_at),
        "failing_since": _time(standing.failing_since),
        "exit_code": standing.exit_code,
        "what": standing.what,
        "remedy": standing.remedy,
        "stopped": sorted({key_of(mark) for mark in status.state.stopped.get(name, ())}),
    }


def _time(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
