<?php
/**
 * The settings of two stores on one WordPress that live for one test run: the web server, or the
 * environment of a script, says which one of them is asked.
 */

$store = json_decode( file_get_contents( dirname( __DIR__ ) . '/stores.json' ), true )[ $_SERVER['REFUNDDESK_STORE'] ?? getenv( 'REFUNDDESK_STORE' ) ];

define( 'DB_NAME', $store['database'] );
define( 'DB_USER', $store['user'] );
define( 'DB_PASSWORD', '' );
define( 'DB_HOST', 'localhost:' . $store['socket'] );
define( 'DB_CHARSET', 'utf8mb4' );
define( 'DB_COLLATE', '' );

foreach ( array( 'AUTH', 'SECURE_AUTH', 'LOGGED_IN', 'NONCE' ) as $name ) {
	define( "{$name}_KEY", "the {$name} key of a store that nobody else can reach" );
	define( "{$name}_SALT", "the {$name} salt of a store that nobody else can reach" );
}

define( 'WP_HOME', $store['address'] );
define( 'WP_SITEURL', WP_HOME );
define( 'WP_ENVIRONMENT_TYPE', 'local' );
define( 'WP_DEFAULT_THEME', 'plain' );
define( 'WP_DEBUG', true );
define( 'WP_DEBUG_DISPLAY', false );
define( 'WP_DEBUG_LOG', dirname( __DIR__ ) . '/debug.log' );
define( 'WP_HTTP_BLOCK_EXTERNAL', true );
define( 'WP_ACCESSIBLE_HOSTS', '127.0.0.1' );
define( 'DISABLE_WP_CRON', true );
define( 'AUTOMATIC_UPDATER_DISABLED', true );
define( 'FS_METHOD', 'direct' );
define( 'STORE_CA_FILE', $store['ca_file'] );

$table_prefix = 'wp_';

unset( $store, $name );

if ( ! defined( 'ABSPATH' ) ) {
	define( 'ABSPATH', __DIR__ . '/' );
}
require_once ABSPATH . 'wp-settings.php';
