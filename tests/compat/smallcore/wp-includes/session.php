<?php
/** Who is signed in: whoever brings the cookie that the installation gave out. */
define( 'AUTH_COOKIE', 'wordpress_' . COOKIEHASH );
define( 'SECURE_AUTH_COOKIE', 'wordpress_sec_' . COOKIEHASH );
define( 'LOGGED_IN_COOKIE', 'wordpress_logged_in_' . COOKIEHASH );

final class WP_Session_Tokens {
	public static function get_instance( $user ) {
		return new self();
	}
	public function create( $until ) {
		return 'token';
	}
}
function wp_generate_auth_cookie( $user, $until, $scheme, $token ) {
	return "admin|$until|$token|$scheme";
}
function is_user_logged_in() {
	return 0 === strpos( $_COOKIE[ LOGGED_IN_COOKIE ] ?? '', 'admin|' );
}
function auth_redirect() {
	if ( ! is_user_logged_in() ) {
		wp_die( 'Sign in first.', '', array( 'response' => 403 ) );
	}
}
