"""The computed tables of docs/policy/README.md; `python -m tests.policy.reference` renews them."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from refunddesk.policy.document import load_policy
from tests.policy.claims import ONE_TIME, YEARLY, YEARLY_RENEWAL, changed, decide, verdict

_BUILT_IN = resources.files("refunddesk") / "policies" / "crmjetty.toml"
README = Path(__file__).parents[2] / "docs" / "policy" / "README.md"

_JULY_15 = {"request.at": "2026-07-15T09:00:00Z", "judged_at": "2026-07-15T09:00:00Z"}
_LATE_CASE = {
    "case.opened_at": "2026-04-10T09:00:00Z",
    "case.complete_at": "2026-04-10T09:00:00Z",
}
_YEARLY_LATE = ("yearly, 120.00, issue raised on day 39", changed(YEARLY, _JULY_15 | _LATE_CASE))
_RENEWAL_LATE = ("yearly renewal, 120.00", changed(YEARLY_RENEWAL, _JULY_15))
_RECEIVED = (
    "one-time, 199.00, received Mon 9, complete Thu 12, judged Tue 17 March",
    changed(
        ONE_TIME,
        {
            "case.opened_at": "2026-03-09T09:00:00Z",
            "case.complete_at": "2026-03-12T09:00:00Z",
            "request.at": "2026-03-12T10:00:00Z",
            "license.destruction_confirmed_at": "2026-03-12T10:00:00Z",
            "judged_at": "2026-03-17T09:00:00Z",
        },
    ),
)
_FIRST_USE = (
    "one-time, 199.00, first used 25 March, issue raised on day 39",
    changed(
        ONE_TIME,
        _JULY_15
        | _LATE_CASE
        | {"order": ONE_TIME["order"] | {"first_used_at": "2026-03-25T09:00:00Z"}},
    ),
)
_BY_DAYS: dict[str, str | int] = {"pro_rata_unit": "day"}
#: Reading -> what was bought, its claim, and the other readings of the example.
_EXAMPLES: dict[str, tuple[tuple[str, dict[str, Any]], dict[str, str | int]]] = {
    "window_counts_from": (_FIRST_USE, {}),
    "fix_clock_from": (_RECEIVED, {}),
    "late_yearly_issue": (_YEARLY_LATE, {}),
    "late_yearly_renewal": (_RENEWAL_LATE, {}),
    "pro_rata_unit": (_YEARLY_LATE, {}),
    "pro_rata_month": (
        (
            "yearly, 120.00, asked for on 1 August",
            changed(
                _YEARLY_LATE[1],
                {"request.at": "2026-08-01T09:00:00Z", "judged_at": "2026-08-01T09:00:00Z"},
            ),
        ),
        {},
    ),
    "current_month": (_YEARLY_LATE, {}),
    "paid_months": (_YEARLY_LATE, {}),
    "rounding": (("yearly, 120.00, reckoned by days", _YEARLY_LATE[1]), _BY_DAYS),
    "tax": (("one-time, 199.00 and 37.81 tax", ONE_TIME), {}),
}


def readings_table() -> str:
    rows = ["| reading | choice | example | decision |", "|---|---|---|---|"]
    version = load_policy("crmjetty").versions[0]
    for name, chosen in version.readings.items():
        (bought, form), others = _EXAMPLES[name]
        for choice in _choices(name):
            decision = decide(form, None, **(others | {name: choice}))
            answer = verdict(decision)
            if name == "tax":
                answer += f", and {decision.tax.refund} tax"
            shown = f"**`{choice}`**" if choice == chosen else f"`{choice}`"
            rows.append(f"| `{name}` | {shown} | {bought} | {answer} |")
    return "\n".join(rows)


def with_tables(text: str) -> str:
    """The page with what stands between its markers computed anew."""
    for name, table in (("readings", readings_table()),):
        between = re.compile(f"(<!-- {name}: computed -->\n).*?(\n<!-- end -->)", re.DOTALL)
        assert between.search(text), f"the page has no place for the table of {name}"
        text = between.sub(lambda found, table=table: found[1] + table + found[2], text)  # type: ignore[misc]
    return text


def _choices(reading: str) -> list[str | int]:
    document = tomllib.loads(_BUILT_IN.read_text(encoding="utf-8"))
    choices: list[str | int] = document["readings"][reading]["options"]
    return choices


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
