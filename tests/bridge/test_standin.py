"""The stand-in for WooCommerce offers what the bridge uses, and nothing that the real one lacks.

The second half runs where WOOCOMMERCE_ZIP names a WooCommerce, as its makers pack it.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import pytest
from tree_sitter import Node

from tests.bridge.small_store import STANDIN
from tests.bridge.test_sentences import PHP, read_php, sources, text, walk

#: Its own and the bridge's, and none of WooCommerce's.
OWN = re.compile(r"(standin|refund_desk)_", re.IGNORECASE)
_NAMES = re.compile(rb"\b(?:function\s+&?|class\s+)(\w+)")
_CALLED = re.compile(rb"(?:do_action|apply_filters)\(\s*'(\w+)'")


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    may_be_left_out: bool


Parameters = tuple[Parameter, ...]


@dataclass(slots=True)
class Declared:
    """The functions and classes of a plugin; methods by class, with the class that each extends."""

    functions: dict[str, Parameters] = field(default_factory=dict)
    methods: dict[str, dict[str, Parameters]] = field(default_factory=dict)
    extends: dict[str, str] = field(default_factory=dict)
    hooks: set[str] = field(default_factory=set)

    def method(self, class_name: str, name: str) -> Parameters | None:
        """As the class has it, be it by inheritance."""
        while class_name in self.methods:
            if name in self.methods[class_name]:
                return self.methods[class_name][name]
            class_name = self.extends.get(class_name, "")
        return None

    def read(self, tree: Node) -> None:
        for node in walk(tree):
            if node.type == "function_definition":
                self.functions[_name(node)] = _parameters(node)
            elif node.type == "class_declaration":
                self._read_class(node)
            elif node.type == "function_call_expression":
                self._read_call(node)

    def _read_class(self, node: Node) -> None:
        name = _name(node)
        found = self.methods.setdefault(name, {})
        for one in walk(node):
            if one.type == "method_declaration":
                found[_name(one)] = _parameters(one)
            elif one.type == "base_clause" and one.parent == node:
                self.extends[name] = text(one.named_children[0]).rpartition("\\")[2]

    def _read_call(self, node: Node) -> None:
        called = text(node.child_by_field_name("function"))
        if called in ("do_action", "apply_filters"):
            arguments = node.child_by_field_name("arguments")
            first = text(arguments.named_children[0]) if arguments else ""
            if re.fullmatch(r"'[\w]+'", first):
                self.hooks.add(first.strip("'"))


def _name(node: Node) -> str:
    return text(node.child_by_field_name("name"))


def _parameters(node: Node) -> Parameters:
    listed = node.child_by_field_name("parameters")
    return tuple(
        Parameter(_name(one), one.child_by_field_name("default_value") is not None)
        for one in (listed.named_children if listed else [])
        if one.type == "simple_parameter"
    )


@lru_cache
def standin() -> Declared:
    declared = Declared()
    for place in sorted(STANDIN.glob("*.php")):
        declared.read(read_php(place))
    return declared


def test_whatever_of_woocommerce_the_bridge_uses_is_stood_in_for() -> None:
    used: set[str] = set()
    for place in sources():
        tree = read_php(place)
        used |= {
            text(node.child_by_field_name("function"))
            for node in walk(tree)
            if node.type == "function_call_expression"
        }
        used |= set(re.findall(r"\\?\b(WC_\w+)\b(?=[ \|\)]|::|\()", text(tree)))
    wanted = {name for name in used if re.match(r"(wc_|as_|WC(_|$))", name)}
    there = standin().functions.keys() | standin().methods.keys() | {"WC_VERSION"}
    assert wanted - there == set()
    assert len(wanted) > 15


@pytest.fixture(scope="module")
def woocommerce() -> Declared:
    """What the real one declares of the names that the stand-in has."""
    place = os.environ.get("WOOCOMMERCE_ZIP", "")
    if not place:
        pytest.skip("WOOCOMMERCE_ZIP names no WooCommerce to hold the stand-in to")
    wanted = standin().functions.keys() | standin().methods.keys()
    declared, found = Declared(), dict[str, bytes]()
    for source in _sources_in(Path(place)):
        found |= dict.fromkeys((name.decode() for name in _NAMES.findall(source)), source)
        declared.hooks |= {name.decode() for name in _CALLED.findall(source)}
    read: set[str] = set()
    while wanted:
        read |= wanted
        for source in {found[name] for name in wanted if name in found}:
            declared.read(PHP.parse(source).root_node)
        wanted = _ancestors(declared, standin().methods) - read
    return declared


def _ancestors(declared: Declared, names: Iterable[str]) -> set[str]:
    """The classes that these extend, as far as it is known."""
    found = {declared.extends[name] for name in names if name in declared.extends}
    return found | _ancestors(declared, found) if found else found


def _sources_in(packed: Path) -> Iterator[bytes]:
    with zipfile.ZipFile(packed) as woocommerce:
        for name in woocommerce.namelist():
            if name.endswith(".php") and not re.search(r"/(i18n|templates|lib)/", name):
                yield woocommerce.read(name)


def faults(name: str, ours: Parameters, theirs: Parameters | None) -> list[str]:
    """In what a call that suits the stand-in would not suit the real one."""
    if theirs is None:
        return [f"{name} is not there"]
    found = [
        f"{name}: {one.name}"
        for one, other in zip(ours, theirs, strict=False)
        if one.name != other.name or (one.may_be_left_out and not other.may_be_left_out)
    ]
    found += [f"{name}: {one.name} is not there" for one in ours[len(theirs) :]]
    missed = [one for one in theirs[len(ours) :] if not one.may_be_left_out]
    return found + [f"{name}: {one.name} is wanted" for one in missed]


def every_fault(ours: Declared, theirs: Declared) -> list[str]:
    found: list[str] = []
    for name, parameters in ours.functions.items():
        if not OWN.match(name):
            found += faults(name, parameters, theirs.functions.get(name))
    for class_name, methods in _of_woocommerce(ours.methods).items():
        for name, parameters in methods.items():
            if not name.startswith("__"):
                real = theirs.method(class_name, name)
                found += faults(f"{class_name}::{name}", parameters, real)
    return found + [
        f"{hook} is never called" for hook in ours.hooks - theirs.hooks if not OWN.match(hook)
    ]


def _of_woocommerce(
    methods: Mapping[str, dict[str, Parameters]],
) -> dict[str, dict[str, Parameters]]:
    return {name: found for name, found in methods.items() if not OWN.match(name)}


def test_the_real_one_has_every_name_and_takes_the_same_arguments(woocommerce: Declared) -> None:
    found = every_fault(standin(), woocommerce)
    assert not found, found
    assert len(standin().hooks) >= 8


def test_a_stand_in_that_is_not_like_the_real_one_is_found_out(woocommerce: Declared) -> None:
    wrong = Declared()
    wrong.read(
        PHP.parse(
            b"<?php function wc_get_webhook( $number ) {} function wc_never_was() {}"
            b"function wc_api_hash() {} class WC_Webhook { function get_topics() {} }"
            b"do_action( 'woocommerce_never_did' );"
        ).root_node
    )
    assert sorted(every_fault(wrong, woocommerce)) == [
        "WC_Webhook::get_topics is not there",
        "wc_api_hash: $data is wanted",
        "wc_get_webhook: $number",
        "wc_never_was is not there",
        "woocommerce_never_did is never called",
    ]
