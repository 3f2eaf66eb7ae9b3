"""Reads from one PHP file of a plugin what it declares and which names of others it uses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

from tree_sitter import Node, Query

from refunddesk.compat.callbacks import CALLBACK_KEYS, callable_at, callbacks_of
from refunddesk.compat.conditions import Condition
from refunddesk.compat.facts import Declaration, DropIn, PluginClass, Use
from refunddesk.compat.handles import strings_of
from refunddesk.compat.index import class_symbol, conditional
from refunddesk.compat.phpsource import (
    LANGUAGE,
    PhpFile,
    arguments_of,
    believable,
    class_name,
    declared_name,
    function_names,
    line_of,
    literal,
    name_pattern,
    parse_php,
    text,
    value_of,
)
from refunddesk.compat.regions import Region, conditions_at, core_path, regions_of
from refunddesk.compat.surface import Place

_QUERY = Query(
    LANGUAGE,
    f"""
    (function_definition) @function
    [(class_declaration) (interface_declaration) (trait_declaration) (enum_declaration)] @class
    (base_clause [(name) (qualified_name)] @extends)
    (class_interface_clause [(name) (qualified_name)] @implements)
    (use_declaration [(name) (qualified_name)] @trait)
    (function_call_expression function: [(name) (qualified_name)]) @call
    (object_creation_expression [(name) (qualified_name)] @new)
    (scoped_call_expression) @static
    (class_constant_access_expression . [(name) (qualified_name)] @constant)
    (scoped_property_access_expression scope: [(name) (qualified_name)] @constant)
    (member_call_expression object: (variable_name) name: (name)) @send
    (named_type [(name) (qualified_name)] @type)
    (binary_expression operator: "instanceof" right: [(name) (qualified_name)] @instanceof)
    [(include_expression) (include_once_expression)
     (require_expression) (require_once_expression)] @include
    ((array_element_initializer (string (string_content) @key) (_)) @entry
     (#any-of? @key {" ".join(f'"{key}"' for key in CALLBACK_KEYS)}))
    """,
)
_RELATIVE = {"self", "static", "parent"}
_HANDLE_CALLS = {
    f"wp_{verb}_{kind}": kind for verb in ("enqueue", "register") for kind in ("script", "style")
} | {
    "wp_add_inline_script": "script",
    "wp_localize_script": "script",
    "wp_set_script_translations": "script",
    "wp_add_inline_style": "style",
}
_FIRES = {"do_action", "apply_filters", "do_action_ref_array", "apply_filters_ref_array"}
_LISTENS = {"add_action", "add_filter"}
_EMPTY = {"''", '""', "null", "false", "array()", "[]"}


@cache
def php_functions() -> frozenset[str]:
    """Functions PHP itself has: a release that drops its own copy of one breaks nobody."""
    return _names("php-functions.txt")


@cache
def php_classes() -> frozenset[str]:
    """The same for classes and interfaces; both lists are of PHP 8.2 with its usual extensions
    and the functions of 8.3 to 8.5."""
    return _names("php-classes.txt")


def _names(file: str) -> frozenset[str]:
    data = resources.files("refunddesk.compat") / "data" / file
    return frozenset(data.read_text("utf-8").split())


@dataclass(slots=True)
class Found:
    """What has been read of a plugin so far, file by file."""

    functions: dict[str, list[Declaration]] = field(default_factory=dict)
    classes: dict[str, PluginClass] = field(default_factory=dict)
    uses: dict[str, dict[str, list[Use]]] = field(
        default_factory=lambda: {
            kind: {} for kind in ("function", "class", "method", "hook", "handle", "file")
        }
    )
    #: (key, namespaced key): calls of a name that is the plugin's own if it declares the second.
    either: list[tuple[str, str, Use]] = field(default_factory=list)
    fired: set[str] = field(default_factory=set)
    registered: set[str] = field(default_factory=set)
    includes: list[tuple[str, int, str, tuple[Condition, ...], bool]] = field(default_factory=list)
    drop_ins: list[DropIn] = field(default_factory=list)
    autoloads: bool = False

    def add(self, kind: str, key: str, use: Use) -> None:
        self.uses[kind].setdefault(key, []).append(use)


@dataclass(frozen=True, slots=True)
class _Reading:
    file: PhpFile
    regions: tuple[Region, ...]
    found: Found

    def use(self, node: Node, form: str) -> Use:
        return Use(self.file.path, line_of(node), form, conditions_at(self.regions, node))


def read_php(path: str, source: bytes, found: Found) -> PhpFile:
    """Adds the file's declarations and uses to `found`; the parsed file is handed back."""
    file = parse_php(path, source, _QUERY)
    calls = file.nodes.get("call", [])
    tests = [*calls, *file.nodes.get("static", ()), *file.nodes.get("send", ())]
    reading = _Reading(file, regions_of(file, tests), found)
    _read_declarations(reading)
    _read_class_uses(reading)
    _read_static(reading)
    _read_sends(reading)
    for call in calls:
        _read_call(reading, call)
    for entry in file.nodes.get("entry", ()):
        _read_callables(reading, callable_at(entry.named_children[-1], file))
    for include in file.nodes.get("include", ()):
        _read_include(reading, include)
    return file


def _read_declarations(reading: _Reading) -> None:
    file, found = reading.file, reading.found
    for node in file.nodes.get("function", ()):
        if not believable(file, node):
            continue
        name = declared_name(file, node)
        guards = conditions_at(reading.regions, node)
        declaration = Declaration(
            name, Place(file.path, line_of(node)), guards, hoisted=not conditional(node)
        )
        found.functions.setdefault(name.lower(), []).append(declaration)
    for node in file.nodes.get("class", ()):
        symbol = class_symbol(file, node)
        key = symbol.name.lower()
        if key not in found.classes or found.classes[key].symbol.conditional:
            found.classes[key] = PluginClass(symbol, conditions_at(reading.regions, node))


def _read_class_uses(reading: _Reading) -> None:
    for form in ("extends", "implements", "trait", "new", "constant", "type", "instanceof"):
        for node in reading.file.nodes.get(form, ()):
            name = class_name(reading.file, node)
            if name in _RELATIVE or name.lower() in php_classes():
                continue
            shown = form
            if form == "type" and _inside(node, "catch_clause"):
                shown = "catch"
            above = text(node.parent).lower() if form == "constant" and node.parent else ""
            # X::class is a plain text; it asks for no class.
            if above.endswith("::class"):
                continue
            reading.found.add("class", name.lower(), reading.use(node, shown))
            if form == "new":
                _read_drop_in(reading, node, name)


def _inside(node: Node, kind: str) -> bool:
    above = node.parent
    while above is not None and above.type in {"named_type", "type_list", "union_type", kind}:
        if above.type == kind:
            return True
        above = above.parent
    return False


def _read_drop_in(reading: _Reading, node: Node, name: str) -> None:
    creation = node.parent
    assignment = creation.parent if creation is not None else None
    if assignment is None or assignment.type != "assignment_expression":
        return
    left = assignment.child_by_field_name("left")
    written = text(left).replace('"', "'").replace(" ", "") if left is not None else ""
    if written in {"$wpdb", "$GLOBALS['wpdb']"}:
        reading.found.drop_ins.append(DropIn(name, Place(reading.file.path, line_of(node))))


def _read_static(reading: _Reading) -> None:
    for node in reading.file.nodes.get("static", ()):
        scope = node.child_by_field_name("scope")
        name = node.child_by_field_name("name")
        if scope is None or scope.type not in {"name", "qualified_name", "relative_scope"}:
            continue
        owner = class_name(reading.file, scope)
        if owner.lower() in php_classes():
            continue
        if owner not in _RELATIVE:
            reading.found.add("class", owner.lower(), reading.use(node, "static"))
        if name is not None and name.type == "name":
            _add_method(reading, node, owner, text(name), "parent" if owner == "parent" else "call")


def _add_method(reading: _Reading, node: Node, owner: str, method: str, form: str) -> None:
    if owner in _RELATIVE:
        around = _enclosing_class(reading.file, node)
        # Only an inherited method can be somebody else's.
        if around is None or not any(child.type == "base_clause" for child in around.children):
            return
        owner = declared_name(reading.file, around)
    key = f"{owner.lower()}::{method.lower()}"
    reading.found.add("method", key, _with_arguments(reading.use(node, form), node))


def _enclosing_class(file: PhpFile, node: Node) -> Node | None:
    at = node.start_byte
    around = [n for n in file.nodes.get("class", ()) if n.start_byte <= at < n.end_byte]
    return max(around, key=lambda n: n.start_byte) if around else None


def _read_sends(reading: _Reading) -> None:
    made = _made_variables(reading.file)
    for node in reading.file.nodes.get("send", ()):
        receiver, name = node.child_by_field_name("object"), node.child_by_field_name("name")
        if receiver is None or name is None:
            continue
        variable = text(receiver)
        if variable == "$this":
            _add_method(reading, node, "self", text(name), "call")
        elif variable == "$wpdb":
            _add_method(reading, node, "wpdb", text(name), "call")
        elif variable in made:
            owner = made[variable].get(_scope_of(node))
            if owner:
                _add_method(reading, node, owner, text(name), "call")


def _made_variables(file: PhpFile) -> dict[str, dict[int, str]]:
    """Variables whose class is plain to see: variable -> start of its function -> class.

    One that is given two classes, or anything else besides, in the same function is left out.
    """
    made: dict[str, dict[int, str]] = {}
    for node in [*file.nodes.get("new", ()), *file.nodes.get("type", ())]:
        owner = class_name(file, node)
        holder = node.parent.parent if node.parent is not None else None
        if owner in _RELATIVE or holder is None:
            continue
        if holder.type == "assignment_expression":
            variable = holder.child_by_field_name("left")
        elif holder.type == "simple_parameter":
            variable = holder.child_by_field_name("name")
        else:
            continue
        if variable is not None and variable.type == "variable_name":
            scopes = made.setdefault(text(variable), {})
            scope = _scope_of(holder)
            scopes[scope] = owner if scopes.get(scope, owner) == owner else ""
    return made


def _scope_of(node: Node) -> int:
    above: Node | None = node
    while above is not None and above.type not in {
        "function_definition",
        "method_declaration",
        "anonymous_function",
        "arrow_function",
    }:
        above = above.parent
    return above.start_byte if above is not None else -1


def _read_call(reading: _Reading, call: Node) -> None:
    named = call.child_by_field_name("function")
    if named is None:
        return
    file, found = reading.file, reading.found
    names = function_names(file, named)
    called = names[-1].lower()
    arguments = arguments_of(call)
    if called not in php_functions():
        use = _with_arguments(reading.use(call, "call"), call)
        if len(names) > 1:
            found.either.append((called, names[0].lower(), use))
        else:
            found.add("function", called, use)
    _read_callables(reading, callbacks_of(called, arguments, file))
    if called == "spl_autoload_register":
        found.autoloads = True
    if not arguments:
        return
    if called in _LISTENS:
        hook = literal(arguments[0])
        if hook:
            found.add("hook", hook, reading.use(call, "hook"))
    elif called in _FIRES:
        pattern = name_pattern(arguments[0])
        if pattern:
            found.fired.add(pattern)
    elif called in _HANDLE_CALLS:
        _read_handle(reading, call, called, arguments)


def _with_arguments(use: Use, call: Node) -> Use:
    arguments = arguments_of(call)
    names, empty, unpacked = list[str](), list[int](), False
    for position, argument in enumerate(arguments):
        if argument.named_child_count > 1:
            name = argument.child_by_field_name("name")
            names += [text(name)] if name is not None else []
        inner = value_of(argument)
        if "variadic" in inner.type or "variadic" in argument.type:
            unpacked = True
        # The longest of them is "array()"; a closure need not be read for this.
        elif inner.end_byte - inner.start_byte <= 9:
            written = text(inner).replace(" ", "").lower()
            empty += [position] if written in _EMPTY else []
    count = -1 if unpacked else len(arguments)
    return Use(use.file, use.line, use.form, use.guards, count, tuple(names), tuple(empty))


def _read_callables(reading: _Reading, callables: Iterable[tuple[Node, str, str]]) -> None:
    for node, owner, name in callables:
        if owner:
            if owner not in _RELATIVE:
                reading.found.add("class", owner.lower(), reading.use(node, "callback"))
            _add_method(reading, node, owner, name, "callback")
        elif name.lower() not in php_functions():
            reading.found.add("function", name.lower(), reading.use(node, "callback"))


def _read_handle(reading: _Reading, call: Node, called: str, arguments: list[Node]) -> None:
    kind = _HANDLE_CALLS[called]
    name = literal(arguments[0])
    registers = len(arguments) > 1 and called.startswith(("wp_register", "wp_enqueue"))
    if name and registers:
        reading.found.registered.add(f"{kind}:{name}")
    elif name:
        reading.found.add("handle", f"{kind}:{name}", reading.use(call, "handle"))
    if registers and len(arguments) > 2:
        for needed in strings_of(arguments[2]):
            reading.found.add("handle", f"{kind}:{needed}", reading.use(arguments[2], "handle"))


def _read_include(reading: _Reading, node: Node) -> None:
    if not node.named_children:
        return
    target = node.named_children[-1]
    inside = core_path(target)
    if inside:
        reading.found.add("file", inside, reading.use(node, "include"))
        return
    pattern = name_pattern(
        target if target.type != "parenthesized_expression" else target.named_children[0]
    )
    ending = (pattern or "").rpartition("*")[2]
    if not ending.endswith((".php", ".inc", ".phtml")):
        return
    statement = node.parent
    top = (
        statement is not None
        and statement.parent is not None
        and (
            statement.parent.type in {"program", "namespace_definition"}
            or (
                statement.parent.type == "compound_statement"
                and statement.parent.parent is not None
                and statement.parent.parent.type == "namespace_definition"
            )
        )
    )
    guards = conditions_at(reading.regions, node)
    reading.found.includes.append((reading.file.path, line_of(node), ending, guards, top))
    if ending.endswith("autoload.php"):
        reading.found.autoloads = True
