<?php
/**
 * The settings of a store that lives for one test run. It is asked over loopback, and asks nobody else.
 */

$where = dirname( __DIR__ );

define( 'DB_NAME', 'store' );
define( 'DB_USER', '' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', '' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'DB_DIR', "{$where}/db" );
define( 'DB_FILE', 'store.sqlite' );

foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $name ) {
	define( "{$name}_KEY", "the {$name} key of a store that nobody else can reach" );
	define( "{$name}_SALT", "the {$name} salt of a store that nobody else can reach" );
}

define( 'WP_ENVIRONMENT_TYPE', 'local' );
define( 'WP_DEFAULT_THEME', 'plain' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', "{$where}/debug.log" );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'FS_METHOD', 'direct' );
// Counting the revisions of everything costs a query per page.
define( 'WP_POST_REVISIONS', false );

if ( is_file( "{$where}/network" ) ) {
	define( 'WP_ALLOW_MULTISITE', true );
	define( 'MULTISITE', true );
	define( 'SUBDOMAIN_INSTALL', false );
	define( 'DOMAIN_CURRENT_SITE', substr( file_get_contents( "{$where}/address" ), 7 ) );
	define( 'PATH_CURRENT_SITE', '/' );
	define( 'SITE_ID_CURRENT_SITE', 1 );
	define( 'BLOG_ID_CURRENT_SITE', 1 );
}

$table_prefix = 'wp_';

unset( $where, $name );

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
