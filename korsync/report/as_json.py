"""What a program reads: one object for each command, with the same head."""

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from korsync import __version__
from korsync.errors import KorsyncError, distinct
from korsync.records.memory import Held
from korsync.records.plan import Change, Ran, Result
from korsync.report.screens import by_item
from korsync.text import plain


def run_as_json(ran: Ran, command: str, shop: str) -> str:
    """Return a run or a dry run as JSON: the head, and what each pipeline planned and did."""
    return in_json(
        head(command, shop, ran.at, ran.exit_code)
        | {
            "requests": ran.requests,
            "writes": ran.writes,
            "pipelines": [_result(result) for result in ran.results],
            "held": [held_as_json(held) for held in by_item(ran.state)],
            "remarks": [*ran.warnings, *ran.remarks],
            "errors": [_error(error) for error in distinct(error for result in ran.results for error in result.errors)],
        }
    )


def error_as_json(error: KorsyncError, command: str, shop: str, at: datetime) -> str:
    """Return what kept a command from its work as JSON: the head, and the error."""
    return in_json(head(command, shop, at, error.exit_code) | {"errors": [_error(error)]})


def head(command: str, shop: str, at: datetime, exit_code: int) -> dict[str, Any]:
    """Return what every object of korsync's begins with; `shop` is empty where the configuration could not be read."""
    return {
        "korsync": __version__,
        "command": command,
        "shop": shop,
        "time": at.isoformat(timespec="seconds"),
        "exit_code": exit_code,
    }


def held_as_json(held: Held) -> dict[str, Any]:
    return {
        "item": held.item,
        "pipeline": held.pipeline,
        "reason": held.reason,
        "since": held.since.isoformat(timespec="seconds"),
    }


def in_json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2)


def _error(error: KorsyncError) -> dict[str, Any]:
    return {"what": error.what, "remedy": error.remedy, "exit_code": error.exit_code}


def _result(result: Result) -> dict[str, Any]:
    return {
        "pipeline": result.plan.pipeline,
        "dry_run": result.dry,
        "matched": result.plan.matched,
        "changes": [_change(change) for change in result.plan.changes],
        "written": [
            {"key": each.change.key, "outcome": str(each.outcome), "message": each.message} for each in result.written
        ],
        "left_over": [change.key for change in result.left_over],
        "skips": [{"key": each.key, "reason": each.reason, "fate": str(each.fate)} for each in result.plan.skips],
        "notes": list(result.plan.notes),
        "errors": [_error(error) for error in result.errors],
    }


def _change(change: Change[Any]) -> dict[str, Any]:
    edits = [
        {"field": edit.field, "before": as_value(edit.before), "after": as_value(edit.after)} for edit in change.edits()
    ]
    return {"key": change.key, "new": change.before is None, "edits": edits}


def as_value(value: Any) -> Any:
    """Return a value or a record as JSON: amounts as text, so that no digit is lost, and times with their offset."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: as_value(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple):
        return [as_value(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, KorsyncError):
        return _error(value) | {"remedy": value.remedy_by_hand}
    return value if value is None or isinstance(value, bool | int | str) else plain(value)
