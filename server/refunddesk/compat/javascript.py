"""Finds calls of JavaScript interfaces that a newer bundled library no longer has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser, Query, QueryCursor

from refunddesk.compat.surface import Surface
from refunddesk.compat.versions import compare

LANGUAGE = Language(tree_sitter_javascript.language())
_QUERY = Query(LANGUAGE, "(member_expression) @member")
_LARGEST = 1_500_000
_LIBRARY = re.compile(rb"jQuery (?:JavaScript Library|v?\d+\.\d+)")
_LOOKS = {"binary_expression", "unary_expression", "parenthesized_expression", "ternary_expression"}
_SCRIPT = re.compile(rb"<script\b[^>]{0,500}>(.*?)(?:</script|\Z)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class ScriptApi:
    """An interface and the version of `library` (a script handle) that no longer has it.

    `restored_by`: a script that brings it back, while the release loads it with jQuery.
    `called_with`: "function" where only the call with a callback is gone. `instead` is advice.
    """

    name: str
    library: str
    gone_in: str
    instead: str
    static: bool = False
    called_with: str = ""
    restored_by: str = ""


def _jquery(name: str, gone_in: str, instead: str, **more: str | bool) -> ScriptApi:
    static = name.startswith("$.")
    # jQuery Migrate 1.x brings back what 1.9 took, 3.x what 3.0 took.
    migrate = "1" if compare(gone_in, "3") < 0 else "3"
    return ScriptApi(
        name=name,
        library="jquery-core",
        gone_in=gone_in,
        instead=instead,
        static=static,
        called_with=str(more.get("called_with", "")),
        restored_by=migrate,
    )


#: From jQuery's upgrade guides for 1.9 and 3.0 and React's for 19.
APIS = (
    _jquery(".live", "1.9", ".on() on an ancestor"),
    _jquery(".die", "1.9", ".off()"),
    _jquery("$.browser", "1.9", "feature detection"),
    _jquery("$.sub", "1.9", "a plugin of one's own"),
    _jquery(".toggle", "1.9", ".on( 'click' ) with a flag", called_with="two functions"),
    _jquery(".andSelf", "3.0", ".addBack()"),
    _jquery(".size", "3.0", ".length"),
    _jquery(".error", "3.0", ".on( 'error' )", called_with="function"),
    _jquery(".unload", "3.0", ".on( 'unload' )", called_with="function"),
    _jquery(".load", "3.0", ".on( 'load' )", called_with="function"),
    ScriptApi("ReactDOM.render", "react-dom", "19", "createRoot().render()", static=True),
    ScriptApi("ReactDOM.hydrate", "react-dom", "19", "hydrateRoot()", static=True),
    ScriptApi("ReactDOM.findDOMNode", "react-dom", "19", "a ref", static=True),
    ScriptApi("ReactDOM.unmountComponentAtNode", "react-dom", "19", "root.unmount()", static=True),
)
_BY_NAME = {api.name: api for api in APIS}
# Words like "load" are in every script; only their removed forms are worth a parse.
_HINT = re.compile(
    rb"\.(?:live|die|andSelf)\s*\(|\b(?:\$|jQuery)\.(?:browser|sub)\b|\bReactDOM\.\w|"
    rb"\.size\s*\(\s*\)|\.(?:load|unload|error|toggle)\s*\(\s*(?:function|\(|\w+\s*=>)"
)


@cache
def _parser() -> Parser:
    return Parser(LANGUAGE)


def find_api(name: str) -> ScriptApi:
    """The interface of that name."""
    return _BY_NAME[name]


def missing_in(api: ScriptApi, surface: Surface) -> bool | None:
    """Whether a release lacks the interface; None where its scripts are not known."""
    handles = surface.handles or {}
    library = handles.get(f"script:{api.library}") or (
        handles.get("script:jquery") if api.library == "jquery-core" else None
    )
    if library is None or not library.version:
        return None
    if compare(library.version.removesuffix("-wp"), api.gone_in) < 0:
        return False
    return not _restored(api, surface)


def _restored(api: ScriptApi, surface: Surface) -> bool:
    handles = surface.handles or {}
    jquery, migrate = handles.get("script:jquery"), handles.get("script:jquery-migrate")
    return (
        bool(api.restored_by)
        and jquery is not None
        and migrate is not None
        and "jquery-migrate" in jquery.dependencies
        and migrate.version.startswith(f"{api.restored_by}.")
    )


def too_large(source: bytes) -> bool:
    """Whether a script is a bundle made by a tool, which is not read."""
    return len(source) > _LARGEST


def script_uses(source: bytes) -> Iterator[tuple[str, int]]:
    """(interface, line from 1) of each use in a script.

    A script that asks for an interface before it uses it, or brings it itself, uses nothing; nor
    does a copy of jQuery.
    """
    if too_large(source) or not _HINT.search(source) or _LIBRARY.search(source[:600]):
        return
    root = _parser().parse(source).root_node
    seen: set[tuple[str, int]] = set()
    cared_for: set[str] = set()
    for member in QueryCursor(_QUERY).captures(root).get("member", ()):
        name = _api_of(member)
        if name:
            seen.add((name, member.end_point[0] + 1))
        cared_for.add(_cared_for(member))
    yield from sorted(spot for spot in seen if spot[0] not in cared_for)


def _cared_for(member: Node) -> str:
    """The interface that is assigned here, or looked at without being used."""
    name, parent = member.child_by_field_name("property"), member.parent
    if name is None or parent is None:
        return ""
    api = next((a for a in APIS if a.name.rpartition(".")[2] == _said(name)), None)
    if api is None:
        return ""
    if parent.type == "assignment_expression" and parent.child_by_field_name("left") == member:
        return api.name
    looks = api.static and _api_of(member) and parent.type in _LOOKS
    return api.name if looks else ""


def inline_uses(source: bytes, is_code: Callable[[int], bool]) -> Iterator[tuple[str, int]]:
    """The same for the <script> elements inside a PHP file, with that file's lines.

    `is_code` tells whether a byte of the file is more than a comment.
    """
    if b"<script" not in source.lower() or not _HINT.search(source):
        return
    for match in _SCRIPT.finditer(source):
        if not is_code(match.start()):
            continue
        # What PHP prints inside the script is a value there; a quote escaped for PHP is a quote.
        code = re.sub(rb"<\?(?:php|=).*?\?>", _blank, match[1], flags=re.DOTALL)
        code = re.sub(rb"\\(['\"])", rb" \1", code)
        before = source.count(b"\n", 0, match.start(1))
        for name, line in script_uses(code):
            yield name, line + before


def _blank(match: re.Match[bytes]) -> bytes:
    return b"0" + b"\n" * match[0].count(b"\n")


def _api_of(member: Node) -> str:
    receiver = member.child_by_field_name("object")
    name = member.child_by_field_name("property")
    if receiver is None or name is None:
        return ""
    word = _said(name)
    parent = member.parent
    called = (
        parent is not None
        and parent.type == "call_expression"
        and parent.child_by_field_name("function") == member
    )
    if receiver.type == "identifier":
        root = _said(receiver)
        fixed = f"{'$' if root == 'jQuery' else root}.{word}"
        if fixed in _BY_NAME:
            return fixed
    api = _BY_NAME.get(f".{word}")
    if api is None or not called or parent is None or not _is_jquery(receiver):
        return ""
    return api.name if _fits(api, parent) else ""


def _said(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _is_jquery(node: Node) -> bool:
    """Whether an expression starts from $( ... ), jQuery( ... ) or a variable named like $list."""
    while node.type in {"call_expression", "member_expression", "subscript_expression"}:
        inner = node.child_by_field_name("function") or node.child_by_field_name("object")
        if inner is None:
            return False
        if inner.type == "identifier" and node.type == "call_expression":
            return _said(inner) in {"$", "jQuery"}
        node = inner
    return node.type == "identifier" and _said(node).startswith("$") and len(_said(node)) > 1


def _fits(api: ScriptApi, call: Node) -> bool:
    given = call.child_by_field_name("arguments")
    values = list(given.named_children) if given is not None else []
    functions = [v for v in values if v.type in {"function_expression", "arrow_function"}]
    if api.called_with == "function":
        return bool(values) and values[0] in functions
    if api.called_with == "two functions":
        return len(functions) > 1
    return api.name != ".size" or not values
