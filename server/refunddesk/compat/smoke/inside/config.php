<?php
/**
 * The wp-config.php of a site that lives for one check: read-only core, everything else in its own
 * folder, nothing let out.
 */

$refunddesk_site = REFUNDDESK_ORDER['site'];

define( 'DB_NAME', 'smoke' );
define( 'DB_USER', '' );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', '' );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );
define( 'DB_DIR', $refunddesk_site . '/db' );
define( 'DB_FILE', 'smoke.sqlite' );

// Fixed, so that the cookies made at installation hold for every copy of the site.
foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $refunddesk_name ) {
	define( $refunddesk_name . '_KEY', 'smoke ' . $refunddesk_name . ' key of a site that nobody can reach' );
	define( $refunddesk_name . '_SALT', 'smoke ' . $refunddesk_name . ' salt of a site that nobody can reach' );
}

// The same in every process, also in the one that installs and has no address in its options yet.
define( 'COOKIEHASH', 'smoke' );

define( 'WP_HOME', 'http://smoke.test' );
define( 'WP_SITEURL', 'http://smoke.test' );
define( 'WP_CONTENT_DIR', $refunddesk_site . '/content' );
define( 'WP_CONTENT_URL', 'http://smoke.test/wp-content' );
define( 'WPMU_PLUGIN_DIR', __DIR__ . '/mu' );
define( 'WP_TEMP_DIR', $refunddesk_site . '/tmp' );
define( 'WP_DEFAULT_THEME', 'smoke' );

// As developers run it: some notices are only given with WP_DEBUG.
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', false );
// A fatal error must end the request here as it ends it without the handler's page.
define( 'WP_DISABLE_FATAL_ERROR_HANDLER', true );

define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'DISALLOW_FILE_MODS', true );
define( 'FS_METHOD', 'direct' );

$table_prefix = 'wp_';

unset( $refunddesk_site, $refunddesk_name );

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', REFUNDDESK_ORDER['core'] . '/' );
}
require_once ABSPATH . 'wp-settings.php';
