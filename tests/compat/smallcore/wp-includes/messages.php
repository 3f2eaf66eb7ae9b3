<?php
/** How core says that something is old, wrong or over. */
class WP_Error {
	private $code;
	private $message;
	public function __construct( $code = '', $message = '' ) {
		$this->code    = $code;
		$this->message = $message;
	}
	public function get_error_code() {
		return $this->code;
	}
	public function get_error_message() {
		return $this->message;
	}
}
function is_wp_error( $thing ) {
	return $thing instanceof WP_Error;
}
function wp_strip_all_tags( $text ) {
	return trim( strip_tags( $text ) );
}
function _deprecated_function( $function, $version, $replacement = '' ) {
	do_action( 'deprecated_function_run', $function, $replacement, $version );
}
function _deprecated_file( $file, $version, $replacement = '', $message = '' ) {
	do_action( 'deprecated_file_included', $file, $replacement, $version, $message );
}
function _doing_it_wrong( $function, $message, $version ) {
	do_action( 'doing_it_wrong_run', $function, $message, $version );
}
function apply_filters_deprecated( $hook, $arguments, $version, $replacement = '', $message = '' ) {
	if ( ! isset( $GLOBALS['wp_filter'][ $hook ] ) ) {
		return $arguments[0];
	}
	do_action( 'deprecated_hook_run', $hook, $replacement, $version, $message );
	return apply_filters( $hook, ...$arguments );
}
function wp_die( $message = '', $title = '', $arguments = array() ) {
	$kind = defined( 'DOING_AJAX' ) ? 'wp_die_ajax_handler' : 'wp_die_handler';
	call_user_func( apply_filters( $kind, 'exit' ), $message, $title, $arguments );
}
function wp_remote_get( $url ) {
	$answer = apply_filters( 'pre_http_request', false, array(), $url );
	return false === $answer ? new WP_Error( 'http', 'let out' ) : $answer;
}
