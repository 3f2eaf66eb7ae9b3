"""Computed tables of docs/policy/crmjetty.md; `python -m tests.policy.reference` renews them."""

from __future__ import annotations

import re
import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

from refunddesk.policy.document import load_policy
from tests.policy.claims import ONE_TIME, YEARLY, YEARLY_RENEWAL, changed, decide, verdict

_BUILT_IN = resources.files("refunddesk") / "policies" / "crmjetty.toml"
PAGE = Path(__file__).parents[2] / "docs" / "policy" / "crmjetty.md"

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
_SILENT = (
    "one-time, 199.00, silent since 10 March, judged on 20 March",
    changed(
        ONE_TIME,
        {
            "case.missing": ["site_url"],
            "case.complete_at": None,
            "judged_at": "2026-03-20T10:00:00Z",
        },
    ),
)
_TUESDAY = (
    "one-time, 199.00, complete on Tue 10, judged on Tue 17 March",
    changed(ONE_TIME, {"judged_at": "2026-03-17T09:00:00Z", "request.at": "2026-03-16T09:00:00Z",
                       "license.destruction_confirmed_at": "2026-03-16T09:00:00Z"}),
)  # fmt: skip
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
    "patience": (_SILENT, {}),
    "fix_time": (_TUESDAY, {}),
}


def clauses_table() -> str:
    rows = ["| clause | kinds | says |", "|---|---|---|"]
    kinds: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    document = tomllib.loads(_BUILT_IN.read_text(encoding="utf-8"))
    for entry in document["clause"]:
        kinds.setdefault(entry["id"], []).append(entry["kind"])
        texts.setdefault(entry["id"], entry.get("text", {}).get("en", ""))
    for clause, used in kinds.items():
        linked = ", ".join(f"[`{kind}`](kinds/{kind}.md)" for kind in dict.fromkeys(used))
        rows.append(f"| {clause} | {linked} | {texts[clause]} |")
    return "\n".join(rows)


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
    for name, table in (("clauses", clauses_table()), ("readings", readings_table())):
        between = re.compile(f"(<!-- {name}: computed -->\n).*?(<!-- end -->)", re.DOTALL)
        assert between.search(text), f"the page has no place for the table of {name}"
        text = between.sub(lambda found, table=table: found[1] + table + "\n" + found[2], text)  # type: ignore[misc]
    return text


def _choices(reading: str) -> list[str | int]:
    document = tomllib.loads(_BUILT_IN.read_text(encoding="utf-8"))
    choices: list[str | int] = document["readings"][reading]["options"]
    return choices


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
