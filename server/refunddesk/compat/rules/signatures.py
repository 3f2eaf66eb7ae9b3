"""Whether PHP accepts a method beside the one it overrides (PHP 8: a refusal stops the site)."""

from __future__ import annotations

from refunddesk.compat.surface import Function, Parameter, Signature, signature_of

_RANK = {"public": 0, "protected": 1, "private": 2}
_SIMPLE = {"array", "bool", "int", "float", "string", "null", "false", "true"}
_ALIKE = {"boolean": "bool", "integer": "int", "double": "float"}


def why_refused(child: Function, parent: Function, *, typed: bool) -> str:
    """The reason in words, "" if PHP accepts it. `typed`: the parent's types are known."""
    if parent.visibility == "private":
        return ""
    if "final" in parent.modifiers:
        return "overrides the final method"
    if child.static != parent.static:
        return "is static, unlike" if child.static else "is not static, unlike"
    if _RANK[child.visibility] > _RANK[parent.visibility]:
        return f"is {child.visibility}, narrower than"
    # A constructor is free in its parameters unless it fills in an abstract one.
    if child.name.lower() == "__construct" and not parent.abstract:
        return ""
    return _why_parameters(
        signature_of(child.signature), signature_of(parent.signature), typed=typed
    )


def _why_parameters(child: Signature, parent: Signature, *, typed: bool) -> str:
    if child.required > parent.required:
        return "needs more arguments than"
    rest = next((p for p in child.parameters if p.variadic), None)
    for position, theirs in enumerate(parent.parameters):
        mine = child.parameters[position] if position < len(child.parameters) else rest
        if mine is None:
            return "takes fewer parameters than"
        if theirs.variadic and not mine.variadic:
            return "does not take any number of arguments, unlike"
        if mine.by_reference != theirs.by_reference:
            return f"differs in ${theirs.name} being passed by reference from"
        if typed and not _accepts(mine, theirs):
            return f"accepts fewer types for ${theirs.name} than"
    if any(p.variadic for p in parent.parameters) and rest is None:
        return "does not take any number of arguments, unlike"
    if parent.returns_reference and not child.returns_reference:
        return "does not return a reference, unlike"
    if typed and parent.returns and not child.returns:
        return f"does not declare that it returns {parent.returns}, unlike"
    return ""


def _accepts(mine: Parameter, theirs: Parameter) -> bool:
    """False only where it is certain: a parameter without a type accepts everything, and of two
    class names nobody here knows which is the wider."""
    if not mine.type or mine.type == "mixed":
        return True
    if not theirs.type:
        return False
    wide, narrow = _parts(mine.type), _parts(theirs.type)
    if wide & {"iterable", "object", "callable", "self", "static", "parent"}:
        return True
    return {part for part in narrow if part in _SIMPLE} <= wide


def _parts(written: str) -> set[str]:
    text = written.replace("(", "").replace(")", "")
    parts = {part for part in text.lstrip("?").split("|") if part}
    if written.startswith("?"):
        parts.add("null")
    names = {_ALIKE.get(part.lower(), part.lower()) for part in parts}
    if "bool" in names:
        names |= {"false", "true"}
    return names
