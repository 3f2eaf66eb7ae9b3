"""`refunddesk policy diff`: what another version of a policy changes, in sentences and examples."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import cast

import click

from refunddesk.cli.policy import NotJudged
from refunddesk.policy.decision import Decision
from refunddesk.policy.difference import Change, Effect, changes, effects
from refunddesk.policy.document import PolicyNotValid, load_policy
from refunddesk.policy.interchange import dump_claim
from refunddesk.policy.version import NoSuchVersion, PolicyVersion
from refunddesk.policy.wording import LANGUAGES, Language
from refunddesk.policy.wording.difference import change_sentence, effect_sentence, label


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--lang", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def diff(old: str, new: str, lang: str, as_json: bool) -> None:
    """Say what NEW changes against OLD: clause by clause, and on examples.

    Each is a file, a folder of versions or a built-in policy's name; the newest version is taken,
    or the one named after an @, as in my-policy@2.
    """
    before, after = _version(old), _version(new)
    language = cast(Language, lang)
    told, done = changes(before, after), effects(before, after)
    if as_json:
        answer = _json(before, after, told, done, language)
        click.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(_text(before, after, told, done, language)))


def _version(named: str) -> PolicyVersion:
    source, at, name = named.rpartition("@")
    try:
        if at and source:
            return load_policy(source).get_version(name)
        return load_policy(named).versions[-1]
    except (PolicyNotValid, NoSuchVersion) as error:
        raise NotJudged(str(error)) from error


def _text(
    before: PolicyVersion,
    after: PolicyVersion,
    told: Sequence[Change],
    done: Sequence[Effect],
    language: Language,
) -> Iterator[str]:
    old, new = (f"{each.policy} {each.version}" for each in (before, after))
    yield label("heading", language, old=old, new=new)
    yield ""
    yield from [f"- {change_sentence(each, language)}" for each in told] or [
        label("same", language)
    ]
    yield from ("", label("on_examples", language), "")
    yield from [f"- {effect_sentence(each, language)}" for each in done] or [
        label("no_effect", language)
    ]


def _json(
    before: PolicyVersion,
    after: PolicyVersion,
    told: Sequence[Change],
    done: Sequence[Effect],
    language: Language,
) -> dict[str, object]:
    return {
        "old": {"policy": before.policy, "version": before.version},
        "new": {"policy": after.policy, "version": after.version},
        "changes": [
            {
                "code": each.code,
                "clause": each.clause,
                "key": each.key or None,
                "says": change_sentence(each, language),
            }
            for each in told
        ],
        "examples": [
            {
                "order_kind": each.example.kind,
                "billing": each.example.billing,
                "count": each.count,
                "old": _answer(each.old),
                "new": _answer(each.new),
                "says": effect_sentence(each, language),
                "claim": dump_claim(each.example.claim),
            }
            for each in done
        ],
    }


def _answer(decision: Decision) -> dict[str, object]:
    return {
        "outcome": decision.outcome,
        "amount": str(decision.amount),
        "tax": str(decision.tax.refund),
        "held": str(decision.held) if decision.held else None,
        "settled_by": decision.settled_by,
    }
