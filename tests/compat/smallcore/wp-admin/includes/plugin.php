<?php
/** Activation and its opposite. */
function activate_plugin( $plugin ) {
	$head = file_get_contents( WP_PLUGIN_DIR . '/' . $plugin, false, null, 0, 8192 );
	if ( preg_match( '/Requires at least: *([0-9.]+)/', $head, $wanted ) && version_compare( $GLOBALS['wp_version'], $wanted[1], '<' ) ) {
		return new WP_Error( 'plugin_wp_incompatible', "This plugin needs WordPress $wanted[1]." );
	}
	ob_start();
	include_once WP_PLUGIN_DIR . '/' . $plugin;
	do_action( "activate_$plugin" );
	update_option( 'active_plugins', array_merge( get_option( 'active_plugins', array() ), array( $plugin ) ) );
	return ob_get_clean() ? new WP_Error( 'unexpected_output', 'The plugin generated unexpected output.' ) : null;
}
function deactivate_plugins( $plugin ) {
	update_option( 'active_plugins', array_values( array_diff( get_option( 'active_plugins', array() ), array( $plugin ) ) ) );
	do_action( "deactivate_$plugin" );
}
function is_uninstallable_plugin( $plugin ) {
	return is_file( dirname( WP_PLUGIN_DIR . '/' . $plugin ) . '/uninstall.php' );
}
function uninstall_plugin( $plugin ) {
	define( 'WP_UNINSTALL_PLUGIN', $plugin );
	include_once dirname( WP_PLUGIN_DIR . '/' . $plugin ) . '/uninstall.php';
}
