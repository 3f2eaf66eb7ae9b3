"""Rules for functions and methods a plugin calls: gone, deprecated, or called with too little."""

from __future__ import annotations

from collections.abc import Iterator

from refunddesk.compat.facts import Use
from refunddesk.compat.finding import Finding, Level
from refunddesk.compat.rules.ancestry import core_parent
from refunddesk.compat.rules.making import broken, deprecated, removed
from refunddesk.compat.surface import Function, Signature, Surface, shown_signature, signature_of
from refunddesk.compat.world import World


def function_uses(world: World) -> Iterator[Finding]:
    """removed-function, deprecated-function, deprecated-argument, too-few-arguments,
    unknown-named-argument."""
    for key, uses in world.facts.function_uses.items():
        found = world.find_function(key)
        if found is not None:
            surface, function = found
            what = f"The function {function.name}()"
            yield from _existing(world, surface, function, uses, "function", key, what)
        elif key not in world.facts.functions:
            gone = world.gone("functions", key)
            if gone is None:
                continue
            for use in uses:
                if world.reached(use) and not world.asks_for(use, "function", key):
                    what = f"The function {gone.name}()"
                    yield removed(world, "removed-function", use, gone, what, Level.ERROR)


def method_uses(world: World) -> Iterator[Finding]:
    """The same for methods of classes that are the release's."""
    for key, uses in world.facts.method_uses.items():
        written_owner, _, method = key.partition("::")
        owner = core_parent(world, written_owner, method)
        if owner is None:
            continue
        known = world.find_class(owner)
        if known is None:
            continue
        surface, symbol = known
        found = surface.find_method(owner, method)
        if found is not None:
            name = f"{found[0].name}::{found[1].name}"
            what = f"The method {name}()"
            yield from _existing(world, surface, found[1], uses, "method", name, what)
        elif surface.knows_ancestry(owner):
            gone = world.gone("methods", f"{owner.lower()}::{method}")
            if gone is None:
                continue
            for use in uses:
                asked = world.asks_for(use, "method", f"{written_owner}::{method}")
                if world.reached(use) and not asked:
                    name = f"{symbol.name}::{gone.name.rpartition('::')[2]}"
                    what = f"The method {name}()"
                    yield removed(world, "removed-method", use, gone, what, Level.ERROR)


def _existing(
    world: World,
    surface: Surface,
    function: Function,
    uses: tuple[Use, ...],
    kind: str,
    name: str,
    what: str,
) -> Iterator[Finding]:
    signature = signature_of(function.signature)
    required = signature.required
    advised_against = bool(function.deprecated or function.deprecated_arguments)
    for use in uses:
        short = 0 <= use.arguments < required
        if not (advised_against or short or use.named):
            continue
        unknown = [given for given in use.named if not _accepts(signature, given)]
        if not world.reached(use) or world.asks_for(use, kind, name):
            continue
        symbol = name if kind == "method" else function.name
        place, since = function.place, function.since
        if function.deprecated is not None:
            said = function.deprecated
            yield deprecated(
                world, f"deprecated-{kind}", use, surface, symbol, said, what, place, since
            )
        if short and use.form in {"call", "parent"}:
            sentence = (
                f"{what} needs {signature.required} arguments and gets {use.arguments}:"
                f" it is {function.name}{shown_signature(function.signature)}."
            )
            yield broken(world, "too-few-arguments", use, surface, symbol, sentence, place, since)
        if unknown:
            sentence = f"{what} has no parameter named ${unknown[0]}."
            yield broken(
                world, "unknown-named-argument", use, surface, symbol, sentence, place, since
            )
        for position, said in function.deprecated_arguments:
            if position < use.arguments and position not in use.empty and use.form == "call":
                argument = f"Argument {position + 1} of {what[0].lower()}{what[1:]}"
                yield deprecated(
                    world, "deprecated-argument", use, surface, symbol, said, argument, place
                )


def _accepts(signature: Signature, name: str) -> bool:
    return any(p.name == name or p.variadic for p in signature.parameters)
