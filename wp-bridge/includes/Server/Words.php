<?php
/**
 * Says in plain words why the desk could not be called, and what to do about it.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

defined( 'ABSPATH' ) || exit;

/**
 * Makes each Trouble. Of a desk's address only the host is shown.
 */
final class Words {

	/**
	 * Nobody answered.
	 *
	 * @param string    $address Where to.
	 * @param \WP_Error $error   What WordPress says.
	 * @return Trouble
	 */
	public static function unreachable( string $address, \WP_Error $error ): Trouble {
		return new Trouble(
			Trouble::UNREACHABLE,
			sprintf(
				/* translators: 1: a host name, 2: a technical message. */
				__( 'The desk at %1$s does not answer: %2$s. Nothing was changed there. See that its address is right, that it is running, and that your host lets this site call it.', 'refund-desk-bridge' ),
				self::host( $address ),
				rtrim( $error->get_error_message(), '.' )
			)
		);
	}

	/**
	 * Something answered that is no desk.
	 *
	 * @param string $address Where to.
	 * @return Trouble
	 */
	public static function not_a_desk( string $address ): Trouble {
		return new Trouble(
			Trouble::NOT_A_DESK,
			sprintf(
				/* translators: %s: a host name. */
				__( 'What answers at %s is not Refund Desk. Copy the address from the page on which the code was made.', 'refund-desk-bridge' ),
				self::host( $address )
			)
		);
	}

	/**
	 * It answered, but did not sign with the key.
	 *
	 * @param string $address Where to.
	 * @return Trouble
	 */
	public static function not_proven( string $address ): Trouble {
		return new Trouble(
			Trouble::NOT_PROVEN,
			sprintf(
				/* translators: %s: a host name. */
				__( 'What answers at %s could not prove that it is your desk, so nothing was told to it. Copy address and code from the same page of the desk.', 'refund-desk-bridge' ),
				self::host( $address )
			)
		);
	}

	/**
	 * The desk, or whatever stands in front of it, said no.
	 *
	 * @param string                    $address  Where to.
	 * @param int                       $status   The status.
	 * @param array<string, mixed>|null $told     The JSON of the answer, if it was any.
	 * @param string                    $location Where a redirect points to.
	 * @return Trouble
	 */
	public static function refused( string $address, int $status, ?array $told, string $location ): Trouble {
		if ( $status >= 300 && $status < 400 ) {
			return new Trouble(
				Trouble::NOT_A_DESK,
				sprintf(
					/* translators: 1: a host name, 2: a web address. */
					__( 'The address at %1$s leads on to %2$s. Enter the desk’s final address.', 'refund-desk-bridge' ),
					self::host( $address ),
					(string) preg_replace( '/[?#].*$/', '', $location )
				),
				$status
			);
		}
		$kind = null !== $told && is_string( $told['error'] ?? null ) ? $told['error'] : '';
		if ( '' === $kind ) {
			return $status >= 500 ? self::broken( $address, $status ) : self::not_a_desk( $address );
		}
		$known = self::known( $kind );
		$words = is_string( $told['message'] ?? null ) ? $told['message'] : $kind;
		return new Trouble( $kind, '' !== $known ? $known : $words, $status );
	}

	/**
	 * Something is broken over there.
	 *
	 * @param string $address Where to.
	 * @param int    $status  The status.
	 * @return Trouble
	 */
	private static function broken( string $address, int $status ): Trouble {
		return new Trouble(
			Trouble::UNREACHABLE,
			sprintf(
				/* translators: 1: a host name, 2: an HTTP status such as 502. */
				__( 'The desk at %1$s is in trouble (status %2$d). Try again in a few minutes.', 'refund-desk-bridge' ),
				self::host( $address ),
				$status
			),
			$status
		);
	}

	/**
	 * The refusals that a store owner may meet, in their own language. The desk's words are English.
	 *
	 * @param string $kind The name that the desk gives it.
	 * @return string '' for any other.
	 */
	private static function known( string $kind ): string {
		switch ( $kind ) {
			case 'code_not_known':
				return __( 'The desk does not know this code. Copy the whole code, or make a new one at the desk.', 'refund-desk-bridge' );
			case 'code_expired':
				return __( 'This code’s time is over. Make a new one at the desk.', 'refund-desk-bridge' );
			case 'code_used':
				return __( 'This code was used before. Make a new one at the desk.', 'refund-desk-bridge' );
			case 'code_for_another_store':
				return __( 'This code was made for another store’s address. Make one for this store at the desk.', 'refund-desk-bridge' );
			case 'call_for_another_desk':
				return __( 'The desk that made this code is at another address than the one you entered, so nothing was told to it. Copy the address from the page on which the code was made; do not take it from anywhere else.', 'refund-desk-bridge' );
			case 'store_known_already':
				return __( 'The desk knows a store at this address already, and the code was made for another or for a new one. At the desk, under “Stores”, make a code beside this store.', 'refund-desk-bridge' );
			case 'bridge_call_repeated':
				return __( 'The desk has answered this call before. Try again with the same code.', 'refund-desk-bridge' );
			case 'bridge_clock_off':
				return __( 'The clocks of this server and of the desk differ by more than five minutes. Ask your host to have the clock set by itself (NTP).', 'refund-desk-bridge' );
			case 'bridge_not_proven':
				return __( 'The desk does not accept this store’s signature. If it was connected anew elsewhere, disconnect here and connect again with a new code.', 'refund-desk-bridge' );
			case 'store_moved':
				return __( 'The desk knows this store under another address. If the store has moved, disconnect and connect again with a new code.', 'refund-desk-bridge' );
			case 'no_such_endpoint':
				return __( 'The desk does not know this connection any more. Disconnect here, and connect again with a new code.', 'refund-desk-bridge' );
			case 'store_not_answering':
				return __( 'The desk could not call this store back: a firewall, a login in front of the site, or maintenance may stand in the way. Ask your host to let calls to /wp-json/ through, then try again with the same code.', 'refund-desk-bridge' );
			case 'store_not_valid':
				return __( 'The desk cannot work with what the store says of itself. Look at the store’s country (WooCommerce, Settings) and time zone (Settings, General: choose a city), and at the policy the code was made for.', 'refund-desk-bridge' );
			case 'store_login_not_allowed':
				return __( 'Nobody at the desk has said yet who you are there. Ask an owner of the desk to let you in: under “Stores” they find your name. Then press the button again.', 'refund-desk-bridge' );
			case 'too_many_attempts':
				return __( 'There were too many attempts. Wait some minutes.', 'refund-desk-bridge' );
		}
		return '';
	}

	/**
	 * The host of an address.
	 *
	 * @param string $address The address.
	 * @return string
	 */
	private static function host( string $address ): string {
		return (string) wp_parse_url( $address, PHP_URL_HOST );
	}
}
