<?php
/** Hooks, kept in the shape in which WordPress keeps them: others look into it. */
final class WP_Hook {
	public $callbacks = array();
}
$GLOBALS['wp_filter']  = array();
$GLOBALS['wp_actions'] = array();

function add_filter( $hook, $callback, $priority = 10, $arguments = 1 ) {
	if ( ! isset( $GLOBALS['wp_filter'][ $hook ] ) ) {
		$GLOBALS['wp_filter'][ $hook ] = new WP_Hook();
	}
	$GLOBALS['wp_filter'][ $hook ]->callbacks[ $priority ][] = array( 'function' => $callback, 'accepted_args' => $arguments );
	ksort( $GLOBALS['wp_filter'][ $hook ]->callbacks );
	return true;
}
function add_action( $hook, $callback, $priority = 10, $arguments = 1 ) {
	return add_filter( $hook, $callback, $priority, $arguments );
}
function apply_filters( $hook, $value, ...$more ) {
	foreach ( isset( $GLOBALS['wp_filter'][ $hook ] ) ? $GLOBALS['wp_filter'][ $hook ]->callbacks : array() as $callbacks ) {
		foreach ( $callbacks as $callback ) {
			$value = call_user_func_array( $callback['function'], array_slice( array( $value, ...$more ), 0, $callback['accepted_args'] ) );
		}
	}
	return $value;
}
function do_action_ref_array( $hook, $arguments ) {
	$GLOBALS['wp_actions'][ $hook ] = ( $GLOBALS['wp_actions'][ $hook ] ?? 0 ) + 1;
	foreach ( isset( $GLOBALS['wp_filter'][ $hook ] ) ? $GLOBALS['wp_filter'][ $hook ]->callbacks : array() as $callbacks ) {
		foreach ( $callbacks as $callback ) {
			call_user_func_array( $callback['function'], array_slice( $arguments ?: array( '' ), 0, $callback['accepted_args'] ) );
		}
	}
}
function do_action( $hook, ...$arguments ) {
	do_action_ref_array( $hook, $arguments );
}
function did_action( $hook ) {
	return $GLOBALS['wp_actions'][ $hook ] ?? 0;
}
function __return_false() {
	return false;
}
function plugin_basename( $file ) {
	return basename( dirname( $file ) ) . '/' . basename( $file );
}
function register_activation_hook( $file, $callback ) {
	add_action( 'activate_' . plugin_basename( $file ), $callback );
}
function register_deactivation_hook( $file, $callback ) {
	add_action( 'deactivate_' . plugin_basename( $file ), $callback );
}
