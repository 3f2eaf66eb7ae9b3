"""Reads the report that WordPress copies under Tools, Site Health, Info, as far as it is one."""

from __future__ import annotations

import re
from typing import Any

_SECTION = re.compile(r"#{2,3} *([a-z][\w-]{0,60})(?: *\(\d+\))? *#{2,3}")
_PLUGIN = re.compile(r"(?P<name>.{1,200}?): version: (?P<version>[^,]{1,60})")
_THEME = re.compile(r"(?P<name>.{1,200}?)(?: \([^()]*\))?")
_MOST_PLUGINS = 300
_LONGEST = 200

#: Where each fact stands: section and key of the report -> our name for it.
_FACTS = {
    ("wp-core", "version"): "wordpress",
    ("wp-core", "site_language"): "language",
    ("wp-core", "multisite"): "multisite",
    ("wp-core", "environment_type"): "environment_type",
    ("wp-active-theme", "name"): "theme",
    ("wp-active-theme", "version"): "theme_version",
    ("wp-parent-theme", "name"): "parent_theme",
    ("wp-server", "php_version"): "php",
    ("wp-server", "memory_limit"): "memory_limit",
    ("wp-server", "httpd_software"): "web_server",
    ("wp-database", "server_version"): "database",
    ("wp-constants", "WP_DEBUG"): "debug",
}
_PLUGIN_SECTIONS = {"wp-plugins-active": "plugins", "wp-mu-plugins": "must_use_plugins"}


def read_site_health(text: str) -> dict[str, Any]:
    """The facts found: versions, theme, server, and active plugins as [name, version] pairs.

    Lines nobody knows are passed over, since plugins add sections of their own; empty when the
    text is no such report. The keys stay English in every language of WordPress.
    """
    facts: dict[str, Any] = {}
    section = ""
    for line in text.splitlines():
        line = " ".join(line.split())
        if heading := _SECTION.fullmatch(line):
            section = heading[1]
        elif section in _PLUGIN_SECTIONS:
            _read_plugin(facts.setdefault(_PLUGIN_SECTIONS[section], []), line)
        else:
            key, colon, value = line.partition(":")
            name = _FACTS.get((section, key.strip()))
            if colon and name and value.strip() and name not in facts:
                facts[name] = value.strip()[:_LONGEST]
    for name in ("theme", "parent_theme"):
        if name in facts and (match := _THEME.fullmatch(facts[name])):
            facts[name] = match["name"]
    return facts


def _read_plugin(plugins: list[list[str]], line: str) -> None:
    match = _PLUGIN.match(line)
    if match and len(plugins) < _MOST_PLUGINS:
        plugins.append([match["name"], match["version"].strip()])
