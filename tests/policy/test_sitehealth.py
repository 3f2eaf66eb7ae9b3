"""Whatever is pasted as a Site Health report, its facts are read and nothing breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refunddesk.sitehealth import read_site_health

REPORT = """`
### wp-core ###

version: 6.5.2
site_language: de_DE
multisite: false

### wp-active-theme ###

name: Astra (astra)
version: 4.6.11

### wp-plugins-active (2) ###

WooCommerce: version: 8.7.0, author: Automattic, Auto-updates disabled
Forms: the good ones: version: 1.2, author: Somebody

### wp-plugins-inactive (1) ###

Hello Dolly: version: 1.7.2, author: Matt Mullenweg

### wp-server ###

php_version: 8.2.17 64bit
httpd_software: nginx/1.22

### some-plugin ###

secret: do not keep
`"""


def test_the_facts_that_support_needs_are_read() -> None:
    assert read_site_health(REPORT) == {
        "wordpress": "6.5.2",
        "language": "de_DE",
        "multisite": "false",
        "theme": "Astra",
        "theme_version": "4.6.11",
        "plugins": [["WooCommerce", "8.7.0"], ["Forms: the good ones", "1.2"]],
        "php": "8.2.17 64bit",
        "web_server": "nginx/1.22",
    }


def test_line_ends_of_any_system_and_missing_blanks_do_not_matter() -> None:
    pasted = REPORT.replace("\n", "\r\n").replace("### wp-core ###", "###wp-core###")
    assert read_site_health(pasted) == read_site_health(REPORT)


@given(st.text() | st.text(alphabet="#: -,\nvwpcore").map(lambda text: REPORT + text))
def test_no_text_breaks_it_and_no_fact_is_longer_than_it_should(text: str) -> None:
    facts = read_site_health(text)
    assert all(len(value) <= 200 for value in facts.values() if isinstance(value, str))
    assert len(facts.get("plugins", [])) <= 300
