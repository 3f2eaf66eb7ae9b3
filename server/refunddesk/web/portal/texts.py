"""The words of the customer's pages: one TOML file per language, with the same keys in each."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from refunddesk.policy.wording.catalogue import Language

_FOLDER = Path(__file__).parent / "texts"


@dataclass(frozen=True)
class Texts:
    """Sentences by key, such as "ask.heading"; facts are filled in as text, never as markup."""

    sentences: Mapping[str, str]

    def has(self, key: str) -> bool:
        return key in self.sentences

    def say(self, key: str, **facts: object) -> str:
        """Raises KeyError for a sentence or a fact that is not there."""
        return self.sentences[key].format_map(facts)


@cache
def texts(language: Language) -> Texts:
    entries = tomllib.loads((_FOLDER / f"{language}.toml").read_text("utf-8"))
    return Texts(dict(_flat(entries, "")))


def _flat(entries: Mapping[str, Any], under: str) -> Iterator[tuple[str, str]]:
    for name, entry in entries.items():
        if isinstance(entry, Mapping):
            yield from _flat(entry, f"{under}{name}.")
        else:
            yield f"{under}{name}", entry
