"""Reads both sides and plans as a run does, and writes nothing: what `check`, `explain` and `retry` go by."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from korsync.commands.sync import Clocks, opened
from korsync.errors import KorsyncError, distinct
from korsync.pipelines import PIPELINES
from korsync.pipelines.base import Reading, Sides
from korsync.records.memory import State
from korsync.records.plan import Plan
from korsync.run import Watcher


@dataclass(frozen=True, slots=True)
class Looked:
    """What the pipelines read and plan, by their names; those that cannot read have no plan, and `errors` say why.

    `state` is as the last run left it, `reading` as the next one would begin to write.
    """

    sides: Sides
    state: State
    reading: Reading
    pulled: Mapping[str, Any]
    plans: Mapping[str, Plan[Any]]
    errors: tuple[KorsyncError, ...]


def look(sides: Sides, watcher: Watcher, clocks: Clocks) -> Looked:
    """Have all pipelines read and plan; nothing is saved."""
    run = opened(sides, watcher, [], clocks, dry=True)
    before = run.memory.state
    run.through([each.name for each in PIPELINES])
    plans = {each.plan.pipeline: each.plan for each in run.results if each.plan.pipeline in run.pulled}
    errors = (error for each in run.results for error in each.errors if error is not each.plan.stop)
    return Looked(sides, before, run.reading, run.pulled, plans, distinct(errors))
