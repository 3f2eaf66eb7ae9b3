<?php
/**
 * What of the site stands in the way of a connection.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Looked at before anything is made. PHP and WooCommerce were looked at when the plugin was loaded.
 */
final class Surroundings {

	/**
	 * What keeps the store from being connected.
	 *
	 * @return string[] One translated sentence or two for each thing.
	 */
	public static function obstacles(): array {
		$obstacles = array();
		if ( '' === (string) get_option( 'permalink_structure', '' ) ) {
			$obstacles[] = __( 'This site uses plain permalinks, and WooCommerce’s REST API does not answer then. Choose any other structure under Settings, Permalinks.', 'refund-desk-bridge' );
		}
		if ( ! self::is_https( Settings::own_address() ) && ! self::is_local() ) {
			$obstacles[] = __( 'This site has no https. The desk’s key would travel readable for all. Ask your host for a certificate and put https:// before the site’s address under Settings, General.', 'refund-desk-bridge' );
		}
		if ( ! in_array( 'sha256', hash_hmac_algos(), true ) ) {
			$obstacles[] = __( 'PHP on this server cannot sign (sha256 is missing). Ask your host to switch on PHP’s hash extension.', 'refund-desk-bridge' );
		}
		return $obstacles;
	}

	/**
	 * What is allowed here, but would not be in a real store.
	 *
	 * @return string[]
	 */
	public static function warnings(): array {
		if ( self::is_https( Settings::own_address() ) || ! self::is_local() ) {
			return array();
		}
		return array( __( 'This site has no https. That is allowed because it calls itself a local one; never run a real store so.', 'refund-desk-bridge' ) );
	}

	/**
	 * The desk's address in one spelling, from what a person pasted.
	 *
	 * @param string $pasted The text; the address of any page of the desk will do.
	 * @return string
	 * @throws CannotConnect When it cannot be one.
	 */
	public static function server( string $pasted ): string {
		$pasted = trim( $pasted );
		if ( '' !== $pasted && 1 !== preg_match( '#^[a-z][a-z0-9+.\-]*://#i', $pasted ) ) {
			$pasted = 'https://' . $pasted;
		}
		$parts  = wp_parse_url( $pasted );
		$scheme = is_array( $parts ) ? strtolower( $parts['scheme'] ?? '' ) : '';
		$host   = is_array( $parts ) ? strtolower( $parts['host'] ?? '' ) : '';
		if ( '' === $host || ! in_array( $scheme, array( 'http', 'https' ), true ) || isset( $parts['user'] ) || 1 !== preg_match( '/^[a-z0-9.\-\[\]:]+$/', $host ) ) {
			throw new CannotConnect( __( 'This is not the address of a desk. It looks like https://desk.example.', 'refund-desk-bridge' ) );
		}
		if ( 'https' !== $scheme && ! self::is_local() ) {
			throw new CannotConnect( __( 'The desk’s address must begin with https://. Nothing was sent.', 'refund-desk-bridge' ) );
		}
		$path = (string) preg_replace( '#(/desk(/.*)?)?/*$#', '', $parts['path'] ?? '' );
		return $scheme . '://' . $host . ( isset( $parts['port'] ) ? ':' . $parts['port'] : '' ) . $path;
	}

	/**
	 * Whether an address is reached over https.
	 *
	 * @param string $address The address.
	 * @return bool
	 */
	private static function is_https( string $address ): bool {
		return 0 === strpos( $address, 'https://' );
	}

	/**
	 * Whether the site says that it is for trying things out on one's own machine.
	 *
	 * @return bool
	 */
	private static function is_local(): bool {
		return 'local' === wp_get_environment_type();
	}
}
