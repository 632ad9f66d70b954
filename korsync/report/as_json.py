"""A run as a program reads it."""

import json
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from korsync.errors import KorsyncError
from korsync.records.plan import Change, Ran, Result
from korsync.report.screens import by_item
from korsync.text import plain


def as_json(ran: Ran) -> str:
    """Return a run as JSON: one object with a list of pipelines, the held items, remarks and the exit code."""
    return json.dumps(
        {
            "exit_code": ran.exit_code,
            "pipelines": [_result(result) for result in ran.results],
            "held": [
                {
                    "item": held.item,
                    "pipeline": held.pipeline,
                    "reason": held.reason,
                    "since": held.since.isoformat(),
                }
                for held in by_item(ran.state)
            ],
            "remarks": [*ran.warnings, *ran.remarks],
        },
        indent=2,
    )


def _result(result: Result) -> dict[str, Any]:
    return {
        "pipeline": result.plan.pipeline,
        "dry_run": result.dry,
        "changes": [_change(change) for change in result.plan.changes],
        "written": [
            {"key": each.change.key, "outcome": str(each.outcome), "message": each.message} for each in result.written
        ],
        "left_over": [change.key for change in result.left_over],
        "skips": [{"key": each.key, "reason": each.reason, "fate": str(each.fate)} for each in result.plan.skips],
        "notes": list(result.plan.notes),
        "errors": [
            {"what": error.what, "remedy": error.remedy, "exit_code": error.exit_code} for error in result.errors
        ],
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
        return {"what": value.what, "remedy": value.remedy, "exit_code": value.exit_code}
    return value if value is None or isinstance(value, bool | int | str) else plain(value)
