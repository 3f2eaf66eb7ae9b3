"""The reference pages of the kinds of clause, made from the code and from judged examples."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from importlib import resources
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from refunddesk.policy.claim import Claim
from refunddesk.policy.clause import Kind
from refunddesk.policy.clauses import KINDS
from refunddesk.policy.decision import Decision
from refunddesk.policy.document import policy_of
from refunddesk.policy.interchange import load_claim
from refunddesk.policy.judge import judge
from refunddesk.policy.params import is_required
from refunddesk.policy.values import Amounts, AtLeastOne, Countries, Percent
from refunddesk.policy.version import Policy
from refunddesk.worktime import Span

_WORDS: dict[Any, str] = {
    Span: 'a length such as "30 days"',
    bool: "true or false",
    int: "a number",
    AtLeastOne: "a number from 1 on",
    Percent: 'a percentage such as "12.5%"',
    Amounts: 'amounts by currency such as `{ EUR = "5.00" }`',
    Countries: "countries such as `DE`, or groups of them such as `EU`",
    str: "a text",
}
_STAGES = {
    "decide": "tried in the document's order until one settles the claim",
    "limit": "shapes an amount once it is granted, and never raises it",
    "gate": "has its say last, when money would flow",
}
_GRANT = """
[[clause]]
id = "all"
kind = "full_refund"
params = { within = "none", event = "requested", pays = "all", own_address = false }
text.en = "All that was paid, whenever it is asked for."
"""


def index_page() -> str:
    """A table of all kinds, each with a link to its page."""
    rows = [
        "# Kinds of clause",
        "",
        "What a clause of a [policy document](../README.md) does is its kind. Each page says what",
        "can be set, and shows an example with what the judge makes of it.",
        "",
        "| kind | stage | what it does |",
        "|---|---|---|",
    ]
    rows += [f"| [`{n}`]({n}.md) | {k.stage} | {summary_of(k)} |" for n, k in KINDS.items()]
    return "\n".join(rows) + "\n"


def page_of(name: str) -> str:
    """The page of one kind. Raises KeyError for a name that is none."""
    kind = KINDS[name]
    parts = [
        f"# `{name}`",
        _whole_summary(kind),
        f"Stage **{kind.stage}**: {_STAGES[kind.stage]}.",
        _about_parameters(kind),
        "## Example",
        f"```toml\n{clause_text(name)}```",
        "\n".join(_example_rows(name)),
    ]
    return "\n\n".join(parts) + "\n"


def summary_of(kind: Kind) -> str:
    return " ".join((kind.judge.__doc__ or "").split("\n\n")[0].split())


def parameters_of(shape: type[Any]) -> Iterator[tuple[str, str, str]]:
    """Name, values and default of each parameter; a default of "" must be given."""
    hints = get_type_hints(shape)
    for parameter in fields(shape):
        default = "" if is_required(parameter) else _default(parameter.default)
        yield parameter.name, _values(hints[parameter.name]), default


def examples_of(name: str) -> Iterator[tuple[str, str, str]]:
    """Of each example claim: what it is about, what its author expects, what the judge says."""
    policy = example_policy(name)
    for case in _examples()["kind"][name]["case"]:
        claim = example_claim(case.get("with", {}))
        yield case["says"], case["gets"], in_short(judge(claim, policy))


def clause_text(name: str) -> str:
    """The example's clause, as a document would have it."""
    clause: str = _examples()["kind"][name]["clause"]
    return f'[[clause]]\nid = "{name}"\nkind = "{name}"\n{clause.lstrip()}'


def example_policy(name: str) -> Policy:
    head = 'id = "example"\nversion = "1"\nin_force_from = 2020-01-01T00:00:00Z\n'
    head += 'title.en = "An example"\n'
    text = head + clause_text(name)
    document = tomllib.loads(text)
    if "pays" not in document["clause"][0].get("params", {}):
        document = tomllib.loads(text + _GRANT)
    return policy_of(document, "kinds.toml")


def example_claim(changes: Mapping[str, Any]) -> Claim:
    """The examples' claim with values set at key paths; the text "null" stands for no value."""
    form = copy.deepcopy(_examples()["claim"])
    form["customer"].setdefault("infringement", None)
    form["case"].setdefault("gave_up_at", None)
    for path, value in changes.items():
        place: Any = form
        *way, last = path.split(".")
        for step in way:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[last] = None if value == "null" else value
    return load_claim(form)


def in_short(decision: Decision) -> str:
    """A decision in a line: "refund 100.00 by R-1", "await by R-2: customer open_case"."""
    amount = f" {decision.amount}" if decision.outcome == "refund" else ""
    told = f"{decision.outcome}{amount} by {decision.settled_by or 'nothing'}"
    settling = [f for f in decision.findings if f.clause == decision.settled_by and f.why]
    why = settling[-1].why if settling else None
    if why and why.code == "fact_missing":
        told += f": {why.facts['fact']} is not known"
    if why and why.code == "amount_missing":
        told += f": no amount is named in {why.facts['currency']}"
    awaited = [each.to_json() for each in decision.awaits]
    if awaited:
        told += ": " + ", ".join(f"{each['who']} {each['what']}" for each in awaited)
    if decision.held is not None:
        told += f", {decision.held} held"
    return ", ".join([told, *decision.effects])


@cache
def _examples() -> dict[str, Any]:
    file = resources.files("refunddesk.policy") / "kinds.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _whole_summary(kind: Kind) -> str:
    paragraphs = (kind.judge.__doc__ or "").strip().split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _about_parameters(kind: Kind) -> str:
    rows = [f"| `{n}` | {v} | {d or 'must be given'} |" for n, v, d in parameters_of(kind.params)]
    if not rows:
        return "It has no parameters."
    table = "\n".join(["| parameter | values | otherwise |", "|---|---|---|", *rows])
    about = (kind.params.__doc__ or "").strip()
    # A dataclass without words of its own gets its signature for a docstring.
    if about.startswith(f"{kind.params.__name__}("):
        return table
    return table + "\n\n" + "\n\n".join(" ".join(p.split()) for p in about.split("\n\n"))


def _example_rows(name: str) -> Iterator[str]:
    yield "| claim | decision |"
    yield "|---|---|"
    for says, _, answer in examples_of(name):
        yield f"| {says} | {answer} |"


def _values(hint: Any) -> str:
    if get_origin(hint) in (UnionType, Union):
        hint = next(part for part in get_args(hint) if part is not type(None))
        return _values(hint) + (', or "none"' if hint is Span else "")
    if hint in _WORDS:
        return _WORDS[hint]
    if get_origin(hint) is Literal:
        return ", ".join(f"`{choice}`" for choice in get_args(hint))
    several = get_args(hint)[0]
    if isinstance(several, type) and is_dataclass(several):
        keys = "; ".join(f"`{key}`: {values}" for key, values, _ in parameters_of(several))
        return f"a list of objects of {keys}"
    if several is str:
        return "a list of texts"
    return f"any of {_values(several)}"


def _default(value: object) -> str:
    if value is None or value in ((), frozenset()):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, frozenset):
        return ", ".join(f"`{each}`" for each in sorted(map(str, value)))
    return f"`{value}`" if isinstance(value, str) else json.dumps(value)
