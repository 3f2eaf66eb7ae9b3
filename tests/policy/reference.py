"""The computed tables of docs/policy/README.md; `python -m tests.policy.reference` renews them."""

from __future__ import annotations

import re
import tomllib
from dataclasses import fields, is_dataclass
from importlib import resources
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from refunddesk.policy.clauses import KINDS
from refunddesk.policy.document import load_policy
from refunddesk.policy.params import is_required
from refunddesk.policy.values import Amounts, AtLeastOne, Countries, Percent
from refunddesk.worktime import Span
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


_IN_WORDS: dict[Any, str] = {
    Span: 'a length such as "30 days"',
    bool: "true or false",
    int: "a number",
    AtLeastOne: "a number from 1 on",
    Percent: 'a percentage such as "12.5%"',
    Amounts: 'amounts by currency such as `{ EUR = "5.00" }`',
    Countries: "countries such as `DE`, or groups of them such as `EU`",
    str: "a text",
}


def kinds_table() -> str:
    rows = ["| kind | stage | what it does | parameters |", "|---|---|---|---|"]
    for name, kind in KINDS.items():
        summary = (kind.judge.__doc__ or "").split("\n\n")[0]
        parameters = "; ".join(_parameters(kind.params)) or "none"
        rows.append(f"| `{name}` | {kind.stage} | {' '.join(summary.split())} | {parameters} |")
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
    for name, table in (("kinds", kinds_table()), ("readings", readings_table())):
        between = re.compile(f"(<!-- {name}: computed -->\n).*?(\n<!-- end -->)", re.DOTALL)
        assert between.search(text), f"the page has no place for the table of {name}"
        text = between.sub(lambda found, table=table: found[1] + table + found[2], text)  # type: ignore[misc]
    return text


def _choices(reading: str) -> list[str | int]:
    document = tomllib.loads(_BUILT_IN.read_text(encoding="utf-8"))
    choices: list[str | int] = document["readings"][reading]["options"]
    return choices


def _parameters(params: type[Any]) -> list[str]:
    hints = get_type_hints(params)
    told = []
    for parameter in fields(params):
        words = f"`{parameter.name}`: {_values(hints[parameter.name])}"
        told.append(words if is_required(parameter) else f"{words} ({_default(parameter.default)})")
    return told


def _values(hint: Any) -> str:
    if get_origin(hint) in (UnionType, Union):
        hint = next(part for part in get_args(hint) if part is not type(None))
        return _values(hint) + (', or "none"' if hint is Span else "")
    if hint in _IN_WORDS:
        return _IN_WORDS[hint]
    if get_origin(hint) in (frozenset, tuple):
        several = get_args(hint)[0]
        if is_dataclass(several):
            return f"a list of objects of {'; '.join(_parameters(several))}"  # type: ignore[arg-type]
        return f"any of {_values(several)}"
    return ", ".join(f"`{choice}`" for choice in get_args(hint))


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f"otherwise {str(value).lower()}"
    if isinstance(value, frozenset):
        return f"otherwise {', '.join(sorted(map(str, value)))}" if value else "otherwise none"
    return f"otherwise {value}" if value or value == 0 else "otherwise none"


if __name__ == "__main__":
    README.write_text(with_tables(README.read_text(encoding="utf-8")), encoding="utf-8")
