"""Real breakages, rebuilt small: the right line before the repair, silence after it.

Each row is a plugin of our own that fails the way a published one did on the release named. Three
more incidents (translations loaded before `init` since 6.7) only show when the plugin runs.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from refunddesk.compat.verdict import Verdict, judge
from tests.compat.synthetic import Bench, rows

MAIL_54 = {
    "wp-includes/class-phpmailer.php": "class PHPMailer { public function send() {} }",
    "wp-includes/class-smtp.php": "class SMTP {}",
    "wp-includes/pluggable.php": "do_action_ref_array( 'phpmailer_init', array( &$phpmailer ) );",
}
MAIL_55 = {
    "wp-includes/class-phpmailer.php": (
        "_deprecated_file( basename( __FILE__ ), '5.5.0',"
        " WPINC . '/PHPMailer/PHPMailer.php', 'Moved.' );"
    ),
    "wp-includes/PHPMailer/PHPMailer.php": (
        "namespace PHPMailer\\PHPMailer;\nclass PHPMailer { public function send() {} }"
    ),
    "wp-includes/pluggable.php": "do_action_ref_array( 'phpmailer_init', array( &$phpmailer ) );",
}
JQUERY = (
    "function wp_default_scripts( $scripts ) {{\n"
    "$scripts->add( 'jquery', false, array( {needs} ), '{version}' );\n"
    "$scripts->add( 'jquery-core', '/jquery.js', array(), '{version}' );\n"
    "$scripts->add( 'jquery-migrate', '/migrate.js', array(), '1.4.1' );\n}}"
)
JQUERY_54 = {
    "wp-includes/script-loader.php": JQUERY.format(
        needs="'jquery-core', 'jquery-migrate'", version="1.12.4-wp"
    )
}
JQUERY_55 = {
    "wp-includes/script-loader.php": JQUERY.format(needs="'jquery-core'", version="1.12.4-wp")
}
WPDB = "class wpdb { function query( $q ) {} function prepare( $q ) {} %s }\n"
WPDB_60 = {
    "wp-includes/wp-db.php": WPDB % "",
    "wp-includes/query.php": "function q() { global $wpdb; $wpdb->query( 'x' ); }",
}
WPDB_61 = {
    "wp-includes/wp-db.php": WPDB % "function placeholder_escape() {} function db_server_info() {}",
    "wp-includes/query.php": (
        "function q() { global $wpdb; $wpdb->query( 'x' ); $wpdb->placeholder_escape();\n"
        "$wpdb->db_server_info(); }"
    ),
}


@dataclass(frozen=True)
class Incident:
    """`plugin`, a tree whose main file is my-plugin.php, broke between the two releases at the
    places in `breaks`; `repaired` is the form that did not."""

    before: tuple[str, dict[str, str]]
    target: tuple[str, dict[str, str]]
    plugin: dict[str, str]
    breaks: list[tuple[str, str, str, int]]
    verdict: Verdict
    repaired: dict[str, str] = field(default_factory=dict)


INCIDENTS = {
    "a function of the plugin's name arrived in core 4.3": Incident(
        before=("4.2", {"wp-includes/general-template.php": "function language_attributes() {}"}),
        target=(
            "4.3",
            {"wp-includes/general-template.php": "function get_language_attributes() {}"},
        ),
        plugin={"main": "// bans\nfunction get_language_attributes() { return 'lang'; }"},
        breaks=[("redeclare-function", "get_language_attributes", "my-plugin.php", 7)],
        verdict=Verdict.BROKEN,
        repaired={
            "main": "if ( ! function_exists( 'get_language_attributes' ) ) {\n"
            "function get_language_attributes() { return 'lang'; }\n}"
        },
    ),
    "the mailer class moved in 5.5": Incident(
        before=("5.4", MAIL_54),
        target=("5.5", MAIL_55),
        plugin={
            "main": "require_once ABSPATH . WPINC . '/class-phpmailer.php';\n"
            "$mailer = new PHPMailer( true );"
        },
        breaks=[
            ("removed-class", "PHPMailer", "my-plugin.php", 7),
            ("deprecated-file", "wp-includes/class-phpmailer.php", "my-plugin.php", 6),
        ],
        verdict=Verdict.BROKEN,
        repaired={
            "main": "if ( version_compare( get_bloginfo( 'version' ), '5.5', '<' ) ) {\n"
            "require_once ABSPATH . WPINC . '/class-phpmailer.php';\n"
            "$mailer = new PHPMailer( true );\n} else {\n"
            "require_once ABSPATH . WPINC . '/PHPMailer/PHPMailer.php';\n"
            "$mailer = new PHPMailer\\PHPMailer\\PHPMailer( true );\n}"
        },
    ),
    "the mailer class was a type hint in a namespace": Incident(
        before=("5.4", MAIL_54),
        target=("5.5", MAIL_55),
        plugin={
            "main": "require __DIR__ . '/src/mail.php';",
            "src/mail.php": "<?php\nnamespace Vendor\\Mail;\n"
            "function configure( \\PHPMailer $mailer ) {}\n"
            "add_action( 'phpmailer_init', 'Vendor\\Mail\\configure' );\n",
        },
        breaks=[("removed-class", "PHPMailer", "src/mail.php", 3)],
        verdict=Verdict.BROKEN,
        repaired={
            "main": "require __DIR__ . '/src/mail.php';",
            "src/mail.php": "<?php\nnamespace Vendor\\Mail;\nuse PHPMailer\\PHPMailer\\PHPMailer;\n"
            "function configure( PHPMailer $mailer ) {}\n",
        },
    ),
    "the mailer class was extended in a file loaded on demand": Incident(
        before=("5.4", MAIL_54),
        target=("5.5", MAIL_55),
        plugin={
            "main": "add_action( 'phpmailer_init', 'fake_mail' );\n"
            "function fake_mail() { require_once __DIR__ . '/fake.php'; }",
            "fake.php": "<?php\n\nclass Fake_Mailer extends PHPMailer {}\n",
        },
        breaks=[("removed-class", "PHPMailer", "fake.php", 3)],
        verdict=Verdict.LIKELY_BROKEN,
        repaired={
            "main": "class Stop_Emails {\n"
            "function is_old() { return version_compare( $GLOBALS['wp_version'], '5.5', '<' ); }\n"
            "function fake_mail() {\nif ( $this->is_old() ) {\n"
            "require_once __DIR__ . '/fake-old.php';\n} else {\n"
            "require_once __DIR__ . '/fake.php';\n}\n}\n}",
            "fake-old.php": "<?php\nclass Fake_Mailer extends PHPMailer {}\n",
            "fake.php": "<?php\nclass New_Fake_Mailer extends PHPMailer\\PHPMailer\\PHPMailer {}\n",
        },
    ),
    "the mailer's file, asked for by a backup plugin, became an empty shell": Incident(
        before=("5.4", MAIL_54),
        target=("5.5", MAIL_55),
        plugin={
            "main": "function send_backup() {\n"
            "if ( file_exists( ABSPATH . WPINC . '/class-phpmailer.php' ) )\n"
            "require_once ABSPATH . WPINC . '/class-phpmailer.php';\n"
            "if ( class_exists( 'PHPMailer' ) )\n"
            "$mailer = new PHPMailer();\n}",
        },
        breaks=[("deprecated-file", "wp-includes/class-phpmailer.php", "my-plugin.php", 8)],
        verdict=Verdict.WARN,
        repaired={
            "main": "function send_backup() {\n"
            "if ( file_exists( ABSPATH . WPINC . '/PHPMailer/PHPMailer.php' ) ) {\n"
            "include_once ABSPATH . WPINC . '/PHPMailer/PHPMailer.php';\n"
            "return new PHPMailer\\PHPMailer\\PHPMailer();\n} else {\n"
            "include_once ABSPATH . WPINC . '/class-phpmailer.php';\nreturn new PHPMailer();\n}\n}"
        },
    ),
    "a script used .live(), which went with jQuery Migrate in 5.5": Incident(
        before=("5.4", JQUERY_54),
        target=("5.5", JQUERY_55),
        plugin={
            "main": "",
            "js/limit.js": "(function ($) {\n  // .live( is old\n"
            "  $('.limit').live('keyup', function () {});\n})(jQuery);\n",
        },
        breaks=[("removed-script-api", ".live", "js/limit.js", 3)],
        verdict=Verdict.WARN,
        repaired={
            "main": "",
            "js/limit.js": "jQuery(document).on('keyup', '.limit', function () {});\n",
        },
    ),
    "a script inside a settings page used .live()": Incident(
        before=("5.4", JQUERY_54),
        target=("5.5", JQUERY_55),
        plugin={
            "main": 'function settings_scripts() {\n?>\n<script type="text/javascript">\n'
            "jQuery(document).ready(function () {\n"
            "jQuery('.<?php echo $id; ?>').live('click', function () {});\n});\n</script>\n<?php\n}"
        },
        breaks=[("removed-script-api", ".live", "my-plugin.php", 10)],
        verdict=Verdict.WARN,
        repaired={
            "main": "function settings_scripts() {\n?>\n<script>\n"
            "jQuery(document).on('click', '.x', function () {});\n</script>\n<?php\n}"
        },
    ),
    "a navigation script used .live() on a kept selection": Incident(
        before=("5.4", JQUERY_54),
        target=("5.5", JQUERY_55),
        plugin={
            "main": "",
            "interface/manage.js": "var $links = jQuery('#nav a');\n$links.filter('.x')\n"
            "  .live('click', go);\n",
        },
        breaks=[("removed-script-api", ".live", "interface/manage.js", 3)],
        verdict=Verdict.WARN,
        repaired={
            "main": "",
            "interface/manage.js": "stream.live('click', go);\n",
        },
    ),
    "a database drop-in lacks methods that core 6.1 calls": Incident(
        before=("6.0", WPDB_60),
        target=("6.1", WPDB_61),
        plugin={
            "main": "",
            "db.php": "<?php\nclass Pg_Driver {\nfunction query( $q ) {}\n"
            "function prepare( $q ) {}\n}\n$wpdb = new Pg_Driver();\n",
        },
        breaks=[
            ("drop-in-method", "wpdb::db_server_info", "db.php", 2),
            ("drop-in-method", "wpdb::placeholder_escape", "db.php", 2),
        ],
        verdict=Verdict.LIKELY_BROKEN,
        repaired={
            "main": "",
            "db.php": "<?php\nclass Pg_Driver extends wpdb {\nfunction query( $q ) {}\n}\n"
            "$GLOBALS['wpdb'] = new Pg_Driver();\n",
        },
    ),
}
names = pytest.mark.parametrize("name", INCIDENTS, ids=str)


@names
def test_the_line_that_broke_is_named(bench: Bench, name: str) -> None:
    incident = INCIDENTS[name]
    before = bench.wordpress_tree(*incident.before)
    target = bench.wordpress_tree(*incident.target)
    main, files = _split(incident.plugin)
    found = bench.check(bench.plugin_tree(main, files), target, before)
    assert sorted(rows(found.new)) == sorted(incident.breaks)
    assert judge(found).verdict is incident.verdict


@names
def test_the_release_before_shows_nothing(bench: Bench, name: str) -> None:
    incident = INCIDENTS[name]
    before = bench.wordpress_tree(*incident.before)
    main, files = _split(incident.plugin)
    assert rows(bench.check(bench.plugin_tree(main, files), before, None).new) == []


@names
def test_the_repaired_plugin_is_silent(bench: Bench, name: str) -> None:
    incident = INCIDENTS[name]
    before = bench.wordpress_tree(*incident.before)
    target = bench.wordpress_tree(*incident.target)
    main, files = _split(incident.repaired)
    found = bench.check(bench.plugin_tree(main, files), target, before)
    assert rows(found.findings) == []
    assert judge(found).verdict is Verdict.UNVERIFIED


def _split(plugin: dict[str, str]) -> tuple[str, dict[str, str | bytes]]:
    return plugin["main"], {path: text for path, text in plugin.items() if path != "main"}
