"""What a plugin can touch in one release: its functions, classes, hooks, handles and files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

WORDPRESS = "wordpress"
WOOCOMMERCE = "woocommerce"
#: "load-*" is the shortest filled-in name of a hook that means something.
_FIXED_CHARACTERS = 5
#: How people write the products' names.
PRODUCT_NAMES = {WORDPRESS: "WordPress", WOOCOMMERCE: "WooCommerce"}


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1; 0 where only the file is known."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Deprecation:
    """`since` is the version that deprecated it ("" unknown), `instead` what to use, if named."""

    since: str
    instead: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; `type` as written, classes by full name, "" where none is declared."""

    name: str
    optional: bool = False
    variadic: bool = False
    by_reference: bool = False
    type: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    parameters: tuple[Parameter, ...]
    returns: str = ""
    returns_reference: bool = False

    @property
    def required(self) -> int:
        """How many arguments a call must pass: up to the last parameter without a default."""
        wanted = [
            position
            for position, parameter in enumerate(self.parameters, 1)
            if not parameter.optional and not parameter.variadic
        ]
        return wanted[-1] if wanted else 0


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method. `signature` is packed text: see `signature_of`.

    `conditional`: declared only when nobody else has (a pluggable function or polyfill).
    `deprecated_arguments`: position from 0 -> its deprecation.
    """

    name: str
    signature: str
    place: Place
    since: str = ""
    deprecated: Deprecation | None = None
    conditional: bool = False
    deprecated_arguments: tuple[tuple[int, Deprecation], ...] = ()
    modifiers: tuple[str, ...] = ()

    @property
    def static(self) -> bool:
        return "static" in self.modifiers

    @property
    def abstract(self) -> bool:
        return "abstract" in self.modifiers

    @property
    def visibility(self) -> str:
        return next((word for word in ("private", "protected") if word in self.modifiers), "public")


@dataclass(frozen=True, slots=True)
class ClassSymbol:
    """A class, interface, trait, enum or alias; full names without a leading backslash.

    `parents` are what it extends and implements, and for an alias the class it stands for.
    `methods` by lower-case name.
    """

    name: str
    kind: str
    place: Place
    parents: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    since: str = ""
    deprecated: Deprecation | None = None
    conditional: bool = False
    methods: dict[str, Function] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hook:
    """An action or filter the release fires; `*` in the name stands for what is filled in."""

    name: str
    place: Place
    deprecated: Deprecation | None = None


@dataclass(frozen=True, slots=True)
class Handle:
    """A registered script or style with the version and dependencies where they are literal."""

    name: str
    place: Place
    version: str = ""
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """One release. Functions and classes are keyed by lower-case name, as PHP finds them.

    `handles`, `files` and `database_calls` are None where the source did not say (a symbol table
    made without them), so that no rule concludes anything from their absence.
    `database_calls` are the methods core calls on $wpdb, with the place of one call each. `typed`:
    the signatures carry their types. `unread`: files the parser could not follow throughout.
    """

    product: str
    version: str
    php_floor: str = ""
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ClassSymbol] = field(default_factory=dict)
    hooks: dict[str, Hook] = field(default_factory=dict)
    handles: dict[str, Handle] | None = None
    files: dict[str, Deprecation | None] | None = None
    database_calls: dict[str, Place] | None = None
    typed: bool = True
    sha256: str = ""
    unread: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        return f"{PRODUCT_NAMES.get(self.product, self.product)} {self.version}"

    def find_class(self, name: str) -> ClassSymbol | None:
        """The class of that name; an alias leads to the class it stands for."""
        found = self.classes.get(name.lower())
        for _ in range(3):
            if found is None or found.kind != "alias":
                return found
            found = self.classes.get(found.parents[0].lower()) if found.parents else None
        return found

    def find_method(self, class_name: str, method: str) -> tuple[ClassSymbol, Function] | None:
        """The method as that class has it, inherited ones included, with the class declaring it."""
        waiting, seen = [class_name], set[str]()
        while waiting:
            symbol = self.find_class(waiting.pop(0))
            if symbol is None or symbol.name.lower() in seen:
                continue
            seen.add(symbol.name.lower())
            found = symbol.methods.get(method.lower())
            if found is not None:
                return symbol, found
            waiting.extend(symbol.parents)
        return None

    def knows_ancestry(self, class_name: str) -> bool:
        """Whether every ancestor of the class is in this release, so that no method is hidden."""
        waiting, seen = [class_name], set[str]()
        while waiting:
            name = waiting.pop()
            if name.lower() in seen:
                continue
            seen.add(name.lower())
            symbol = self.find_class(name)
            if symbol is None or any(
                magic in symbol.methods for magic in ("__call", "__callstatic")
            ):
                return False
            waiting.extend(symbol.parents)
        return True


def any_of(names: Iterable[str]) -> re.Pattern[str]:
    """A pattern for any of these names, in which `*` stands for one character or more."""
    return re.compile("|".join(map(_form, names)) or r"(?!)")


def _form(name: str) -> str:
    # Atomic groups: a plugin may fire a hook with fifty filled-in parts, and plain wildcards would
    # try every way to share a name out among them.
    first, *rest = (re.escape(piece) for piece in name.split("*"))
    if not rest:
        return first
    *middle, last = rest
    return first + "".join(f"(?>.+?{piece})" for piece in middle) + f".+{last}"


def specific(pattern: str) -> bool:
    """Whether a filled-in hook name says enough to be told from any other."""
    return "*" in pattern and len(pattern.replace("*", "")) >= _FIXED_CHARACTERS


@lru_cache(maxsize=32)
def filled_in_hooks(surface: Surface) -> re.Pattern[str]:
    """All filled-in hook names of a release in one pattern; kept, as releases are few."""
    return any_of(filter(specific, surface.hooks))


def pack_signature(signature: Signature) -> str:
    """The shortest text `signature_of` reads back: "(int $a;&$b=;...$c):string"."""
    parts = [
        f"{p.type} ".lstrip()
        + ("&" if p.by_reference else "")
        + ("..." if p.variadic else "")
        + f"${p.name}"
        + ("=" if p.optional else "")
        for p in signature.parameters
    ]
    head = "&" if signature.returns_reference else ""
    return f"{head}({';'.join(parts)})" + (f":{signature.returns}" if signature.returns else "")


@lru_cache(maxsize=8192)
def signature_of(packed: str) -> Signature:
    """Reads what `pack_signature` wrote."""
    head, _, rest = packed.partition("(")
    inside, _, returns = rest.rpartition(")")
    parameters = []
    for part in filter(None, inside.split(";")):
        kind, _, name = part.rpartition("$")
        marks = kind.rsplit(" ", 1)[-1] if " " in kind else kind
        type_name = kind.rsplit(" ", 1)[0] if " " in kind else ""
        parameters.append(
            Parameter(
                name=name.rstrip("="),
                optional=name.endswith("="),
                variadic="..." in marks,
                by_reference="&" in marks,
                type=type_name,
            )
        )
    return Signature(tuple(parameters), returns.removeprefix(":"), head == "&")


def shown_signature(packed: str) -> str:
    """The signature for a reader: "(int $a, &$b = …, ...$c): string"."""
    head, _, rest = packed.partition("(")
    inside, _, returns = rest.rpartition(")")
    text = ", ".join(
        part.removesuffix("=") + (" = …" if part.endswith("=") else "")
        for part in filter(None, inside.split(";"))
    )
    return f"{head}({text})" + (f": {returns.removeprefix(':')}" if returns else "")
