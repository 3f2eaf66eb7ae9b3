"""The rules of the static check, each a generator of findings on one world.

A rule says what is wrong on a site; that it is new is found by asking the baseline's world too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from refunddesk.compat.finding import Finding
from refunddesk.compat.rules import calls, classes, declarations, surroundings
from refunddesk.compat.world import World

Rule = Callable[[World], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    calls.function_uses,
    calls.method_uses,
    classes.class_uses,
    classes.overrides,
    classes.missing_methods,
    classes.drop_ins,
    declarations.redeclared_functions,
    declarations.redeclared_classes,
    declarations.shared_namespaces,
    surroundings.hooks,
    surroundings.handles,
    surroundings.files,
    surroundings.script_apis,
    surroundings.blocks,
    surroundings.php_floor,
)
