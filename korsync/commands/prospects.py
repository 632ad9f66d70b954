"""What becomes of items that a person has tried again, as far as a look at both sides can tell."""

from collections.abc import Sequence

from korsync.commands.decide import DECIDED_ABOUT
from korsync.commands.look import look
from korsync.commands.sync import Clocks, connect
from korsync.config.settings import Settings
from korsync.rules.decisions import prospect
from korsync.run import Watcher


def prospects(settings: Settings, watcher: Watcher, items: Sequence[str]) -> dict[str, str]:
    """Return in words what the next run makes of each item; those of which nothing can be told are left out.

    Whether the other side takes what it refused before shows only when it is sent.
    """
    looked = look(connect(settings, read_only=True, full=False, clocks=Clocks()), watcher, Clocks())
    if looked.errors:
        return {}
    found = {item: prospect(item, looked.plans.values(), looked.state, DECIDED_ABOUT) for item in items}
    return {item: words for item, words in found.items() if words}
