<?php
define( 'WPINC', 'wp-includes' );
error_reporting( E_ALL );
foreach ( array( 'version', 'hooks', 'options', 'messages', 'translations', 'content', 'session', 'release' ) as $part ) {
	require ABSPATH . WPINC . "/$part.php";
}
unset( $part );
require WP_CONTENT_DIR . '/db.php';
define( 'WP_PLUGIN_DIR', WP_CONTENT_DIR . '/plugins' );
foreach ( glob( WPMU_PLUGIN_DIR . '/*.php' ) as $mu_plugin ) {
	include_once $mu_plugin;
}
do_action( 'muplugins_loaded' );
if ( ! defined( 'WP_INSTALLING' ) ) {
	foreach ( get_option( 'active_plugins', array() ) as $plugin ) {
		if ( is_file( WP_PLUGIN_DIR . '/' . $plugin ) ) {
			include_once WP_PLUGIN_DIR . '/' . $plugin;
		}
	}
}
do_action( 'plugins_loaded' );
do_action( 'after_setup_theme' );
do_action( 'init' );
do_action( 'wp_loaded' );
register_shutdown_function( static function () { do_action( 'shutdown' ); } );
