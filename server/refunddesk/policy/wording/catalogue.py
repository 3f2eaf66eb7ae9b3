"""The sentences of one language, found by key and filled with facts.

An entry is a sentence, or a table that leads to one: `by` names the fact to choose by (a number
chooses the plural, a text itself, else `other`), and `staff` and `customer` choose the reader.
A placeholder says how its fact is shown: `{ended_at:day}`, `{total:money}`, `{reason:reason}`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from string import Formatter
from typing import Any, Literal, get_args

from babel import Locale

from refunddesk.policy.wording.showing import Showing

Language = Literal["en", "fr", "de"]
Audience = Literal["customer", "staff"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
AUDIENCES: tuple[Audience, ...] = get_args(Audience)

#: English days and amounts are written the British way, as the sentences are.
LOCALES: Mapping[Language, str] = {"en": "en_GB", "fr": "fr_FR", "de": "de_DE"}

# French sets a space before these that no line may break at.
_FRENCH_SPACES = re.compile(r" (?=[:;?!»])|(?<=«) ")


class SentenceMissing(LookupError):
    """The catalogue of a language has no such sentence, or a fact that it needs was not given."""


@dataclass(frozen=True)
class Catalogue:
    """All sentences of `language`."""

    language: Language
    locale: Locale
    entries: Mapping[str, Any]

    def has(self, *key: str) -> bool:
        return self._find(key) is not None

    def say(
        self,
        *key: str,
        showing: Showing,
        audience: Audience = "staff",
        **facts: object,
    ) -> str:
        """The sentence at `key` with its facts filled in. Raises SentenceMissing."""
        template = self._choose(key, self._find(key), facts, audience)
        try:
            said = _Filling(self, showing).vformat(template, (), facts)
        except KeyError as error:
            raise SentenceMissing(f"{self.language}: {'.'.join(key)} needs {error}") from error
        return _FRENCH_SPACES.sub("\u00a0", said) if self.language == "fr" else said

    def word(self, kind: str, code: str) -> str:
        """A code in words; a code without a word stands for itself, its underlines as spaces."""
        found = self._find(("words", kind, code))
        return found if isinstance(found, str) else code.replace("_", " ")

    def _find(self, key: tuple[str, ...]) -> Any:
        entry: Any = self.entries
        for step in key:
            entry = entry.get(step) if isinstance(entry, Mapping) else None
        return entry

    def _choose(
        self, key: tuple[str, ...], entry: Any, facts: Mapping[str, object], audience: Audience
    ) -> str:
        while isinstance(entry, Mapping):
            if "by" in entry:
                fact = facts.get(entry["by"])
                chosen = self.locale.plural_form(fact) if isinstance(fact, int) else str(fact)
                entry = entry.get(chosen, entry.get("other"))
            else:
                entry = entry.get(audience)
        if not isinstance(entry, str):
            raise SentenceMissing(f"{self.language} has no sentence {'.'.join(key)}")
        return entry


@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: Language) -> Catalogue:
    file = resources.files("refunddesk") / "policy" / "wording" / f"{language}.toml"
    entries = tomllib.loads(file.read_text(encoding="utf-8"))
    return Catalogue(language, Locale.parse(LOCALES[language]), entries)


class _Filling(Formatter):
    """Fills a sentence: a placeholder is a plain name and the way its fact is shown."""

    def __init__(self, catalogue: Catalogue, showing: Showing) -> None:
        self.catalogue, self.showing = catalogue, showing

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name

    def format_field(self, value: Any, format_spec: str) -> Any:
        return self.showing.show(value, format_spec, self.catalogue)
