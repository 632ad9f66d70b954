"""What doctor found: a line for each check, group by group, and how to mend it; or all as JSON."""

from datetime import datetime

from korsync.records.readiness import Check, Verdict
from korsync.report.as_json import head, in_json
from korsync.report.screens import page
from korsync.report.words import count, print_lines
from korsync.text import visible


class Sheet:
    """Prints each check as it is made, or keeps them all for one object."""

    def __init__(self, *, as_json: bool) -> None:
        """Take the form."""
        self.checks: list[tuple[str, Check]] = []
        self._as_json = as_json
        self._page = page()

    def tell(self, group: str, check: Check) -> None:
        """Show a check under its group."""
        is_new = not self.checks or self.checks[-1][0] != group
        self.checks.append((group, check))
        if self._as_json:
            return
        lines = [group] if is_new else []
        lines.append(f"  {check.verdict:<8} {check.name}: {check.what}")
        if check.remedy:
            lines.append(f"           what to do: {check.remedy}")
        print_lines(self._page, [visible(line) for line in lines])

    def close(self, shop: str, at: datetime, exit_code: int) -> None:
        """Say how it stands in one line, or give the whole as JSON."""
        if self._as_json:
            rows = [
                {
                    "group": group,
                    "name": each.name,
                    "verdict": each.verdict,
                    "what": each.what,
                    "remedy": each.remedy,
                    "exit_code": each.exit_code,
                }
                for group, each in self.checks
            ]
            self._page.print(in_json(head("doctor", shop, at, exit_code) | {"checks": rows}))
            return
        verdicts = [each.verdict for _, each in self.checks]
        warnings, failures = verdicts.count(Verdict.WARNING), verdicts.count(Verdict.FAILED)
        said = f"{verdicts.count(Verdict.OK)} ok, {count(warnings, 'warning')}, {failures} failed"
        print_lines(self._page, ["", said])
