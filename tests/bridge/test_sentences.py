"""Every sentence of the plugin is said in every language, with the same places to fill in."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from pathlib import Path

import pytest
import tree_sitter_php
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from tree_sitter import Language, Node, Parser

from tests.conftest import REPOSITORY

SOURCES = REPOSITORY / "wp-bridge"
LANGUAGES = SOURCES / "languages"
LOCALES = ("fr_FR", "de_DE")
#: Each with how many of its first arguments are sentences.
SAYS = {"__": 1, "_e": 1, "esc_html__": 1, "esc_html_e": 1, "esc_attr__": 1, "_n": 2}
_TO_FILL = re.compile(r"%(?:\d\$)?[sd]")
PHP = Parser(Language(tree_sitter_php.language_php()))


def sources() -> list[Path]:
    """The files that run in a store."""
    places = list(SOURCES.rglob("*.php"))
    return sorted(
        place for place in places if place.relative_to(SOURCES).parts[0] not in ("tests", "client")
    )


def read_php(place: Path) -> Node:
    return PHP.parse(place.read_bytes()).root_node


def walk(node: Node) -> list[Node]:
    """The node and all below it."""
    found, waiting = [], [node]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += one.children
    return found


def text(node: Node | None) -> str:
    return node.text.decode() if node and node.text else ""


def name_of(call: Node) -> str:
    return text(call.child_by_field_name("function"))


def arguments_of(call: Node) -> list[Node]:
    listed = call.child_by_field_name("arguments")
    return [one for one in listed.named_children if one.type == "argument"] if listed else []


@lru_cache
def said_in_the_sources() -> dict[str | tuple[str, ...], str]:
    """Every sentence, or a pair of one and many, with the file that says it."""
    found: dict[str | tuple[str, ...], str] = {}
    for place in sources():
        for call in walk(read_php(place)):
            count = SAYS.get(name_of(call)) if call.type == "function_call_expression" else None
            if count:
                given = arguments_of(call)
                sentences = tuple(literal(one) for one in given[:count])
                assert literal(given[-1]) == "refund-desk-bridge", f"{place.name}: {sentences}"
                found[sentences[0] if count == 1 else sentences] = place.name
    return found


def literal(argument: Node) -> str:
    quoted = text(argument)
    assert quoted[:1] == "'", f"not a plain text: {quoted}"
    return quoted[1:-1].replace("\\'", "'")


def catalogue(name: str) -> Catalog:
    return read_po(io.BytesIO((LANGUAGES / f"refund-desk-bridge{name}").read_bytes()))


def test_the_list_of_sentences_is_that_of_the_sources() -> None:
    listed = {message.id for message in catalogue(".pot") if message.id}
    assert listed == set(said_in_the_sources())
    assert len(listed) > 70


@pytest.mark.parametrize("locale", LOCALES)
def test_every_sentence_is_said_with_all_its_places_to_fill(locale: str) -> None:
    spoken = {message.id: message for message in catalogue(f"-{locale}.po") if message.id}
    assert set(spoken) == set(said_in_the_sources())
    for sentence, message in spoken.items():
        assert not message.fuzzy
        forms = [message.string] if isinstance(sentence, str) else list(message.string)
        one = sentence if isinstance(sentence, str) else sentence[0]
        for form in forms:
            assert form, one
            assert sorted(_TO_FILL.findall(form)) == sorted(_TO_FILL.findall(one)), form
