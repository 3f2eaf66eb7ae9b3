"""Which files of a plugin are loaded on every request, and which never are on a release."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from refunddesk.compat.conditions import Condition, Exists, Truth, VersionIs, truth_of
from refunddesk.compat.facts import Include, PluginFacts


class Loading:
    """Follows a plugin's includes from its main file. Asks nothing until it is asked."""

    def __init__(self, facts: PluginFacts, answer: Callable[[Exists | VersionIs], Truth]) -> None:
        self._main = facts.main_file
        self._answer = answer
        self._includes_of: dict[str, list[Include]] = defaultdict(list)
        self._includes_by: dict[str, list[Include]] = defaultdict(list)
        for include in facts.includes:
            self._includes_of[include.file].append(include)
            self._includes_by[include.by].append(include)
        self._dead: dict[str, bool] = {}
        self._always: frozenset[str] | None = None

    def is_included_outright(self, file: str) -> bool:
        """Whether some file of the plugin includes this one whenever it is loaded itself."""
        return file == self._main or any(i.unconditional for i in self._includes_of[file])

    def is_dead(self, file: str) -> bool:
        """Whether every include of the file stands under a condition that does not hold."""
        if file == self._main or not self._includes_of[file]:
            return False
        if file not in self._dead:
            self._dead[file] = False  # a file that only includes itself in a circle is not dead
            self._dead[file] = all(
                any(truth_of(guard, self._answer) is False for guard in include.guards)
                or self.is_dead(include.by)
                for include in self._includes_of[file]
            )
        return self._dead[file]

    def guards_of(self, file: str) -> tuple[Condition, ...]:
        """The conditions under which the file's only include stands."""
        includes = self._includes_of[file]
        return includes[0].guards if len(includes) == 1 else ()

    def is_always_loaded(self, file: str) -> bool:
        """Whether the main file includes it, directly or through others, under no condition."""
        if self._always is None:
            reached, waiting = {self._main}, [self._main]
            while waiting:
                for include in self._includes_by[waiting.pop()]:
                    if include.unconditional and not include.guards and include.file not in reached:
                        reached.add(include.file)
                        waiting.append(include.file)
            self._always = frozenset(reached)
        return file in self._always
