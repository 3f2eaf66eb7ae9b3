"""Keeps what the libraries would compile anew for every test, though it is the same each time.

A test makes its own database, applications and pages. Each of them begins with compiling: SQL
statements per engine, routes per application, templates per application. That was half of the time
of a test that opens a page, and the same work a thousand times over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import Engine
from werkzeug.routing import Rule
from werkzeug.routing.rules import RulePart

_FIRST_ENGINES: dict[str, Engine] = {}


def share_statements(engine: Engine) -> None:
    """Let it use the statements that earlier databases of its kind had compiled.

    A fresh engine compiles each of them anew, which is a quarter of a test's time; SQLAlchemy finds
    them again by their dialect.
    """
    first = _FIRST_ENGINES.setdefault(engine.dialect.name, engine)
    engine.dialect = engine.pool._dialect = first.dialect
    engine._compiled_cache = first._compiled_cache


def share_templates() -> None:
    """Let every application of this process use the templates that an earlier one had compiled."""
    Flask.jinja_options = {**Flask.jinja_options, "bytecode_cache": _Templates()}


class _Templates(BytecodeCache):
    """Jinja2 asks for a template by its name, its file and its text."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Any] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key, bucket.checksum] = bucket.code


def share_routes() -> None:
    """Let every application of this process use what an earlier one had made of its routes.

    Werkzeug reads each route's text into parts, and makes two functions of Python from those; what
    differs between two applications is handed to them.
    """
    _share_parts()
    _share_builders()


def _share_parts() -> None:
    parse = Rule._parse_rule
    kept: dict[tuple[object, ...], tuple[list[RulePart], list[tuple[bool, str]], dict[str, Any]]]
    kept = {}

    def parse_once(rule: Rule, text: str) -> list[RulePart]:
        whole = text, *rule.map.converters.values()
        if whole not in kept:
            known = len(rule._trace)
            parts = list(parse(rule, text))
            trace = rule._trace[known:]
            names = [name for is_variable, name in trace if is_variable]
            kept[whole] = parts, trace, {name: rule._converters[name] for name in names}
            return parts
        parts, trace, converters = kept[whole]
        rule._trace += trace
        rule._converters |= converters
        rule.arguments |= converters.keys()
        return parts

    Rule._parse_rule = parse_once  # type: ignore[method-assign]


def _share_builders() -> None:
    compile_builder = Rule._compile_builder
    kept: dict[tuple[object, ...], Callable[..., tuple[str, str]]] = {}

    def compile_once(rule: Rule, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        if rule.defaults:  # they are built in
            return compile_builder(rule, append_unknown)
        pieces = rule.rule, append_unknown, *rule._trace
        if pieces not in kept:
            kept[pieces] = compile_builder(rule, append_unknown)
        return kept[pieces]

    Rule._compile_builder = compile_once  # type: ignore[method-assign]
