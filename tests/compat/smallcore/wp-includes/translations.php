<?php
/** Translations, loaded when the first text of a domain is asked for. */
function get_locale() {
	return apply_filters( 'locale', 'en_US' );
}
function __( $text, $domain = 'default' ) {
	static $loaded = array();
	if ( 'default' !== $domain && ! isset( $loaded[ $domain ] ) ) {
		$loaded[ $domain ] = true;
		_load_textdomain_just_in_time( $domain );
	}
	return $text;
}
function _load_textdomain_just_in_time( $domain ) {
	$locale = get_locale();
	if ( ! is_file( WP_CONTENT_DIR . "/languages/plugins/$domain-$locale.mo" ) ) {
		return false;
	}
	if ( version_compare( $GLOBALS['wp_version'], '6.7', '>=' ) && ! did_action( 'after_setup_theme' ) ) {
		_doing_it_wrong( __FUNCTION__, "Translation loading for the <code>$domain</code> domain was triggered too early.", '6.7.0' );
	}
	return true;
}
