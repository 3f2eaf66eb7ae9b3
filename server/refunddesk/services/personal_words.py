"""What people read of their data: headings, names of columns, and why something is kept."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import resources

from refunddesk.db.open_matters import Matter
from refunddesk.policy.wording.catalogue import LANGUAGES, Language

_Words = Mapping[str, Mapping[str, Sequence[str]]]


def heading(table: str, language: Language) -> str:
    return _say("headings", table, language)


def column(name: str, language: Language) -> str:
    return _say("columns", name.removesuffix("_minor"), language)


def list_open(matters: Sequence[Matter], language: Language) -> str:
    """ "refund request 4, support case 2"."""
    return ", ".join(f"{_say('open', one.kind.value, language)} {one.id}" for one in matters)


def answer(code: str, language: Language, **facts: object) -> str:
    return _say("answers", code, language).format(**facts)


def _say(kind: str, name: str, language: Language) -> str:
    return words()[kind][name][LANGUAGES.index(language)]


@lru_cache(maxsize=1)
def words() -> _Words:
    file = resources.files("refunddesk") / "services" / "personal_words.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))
