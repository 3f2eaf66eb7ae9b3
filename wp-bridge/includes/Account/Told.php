<?php
/**
 * Asks the desk while a page of the account is shown, and remembers what it said.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;

defined( 'ABSPATH' ) || exit;

/**
 * A page waits three seconds at most. Where the desk does not answer it is left alone for half a minute,
 * and the page shows what was said last, with the time of it.
 */
final class Told {

	/** Seconds that a page waits. */
	const PATIENCE = 3;

	/** Seconds in which a desk that did not answer is not asked again. */
	const PAUSE = 30;

	/** What was said is kept for a day, by customer and question. */
	const KEPT = 'refund_desk_bridge_told_you_';

	/** That the desk did not answer a moment ago. */
	const SILENT = 'refund_desk_bridge_silent';

	/**
	 * Calls the desk.
	 *
	 * @var Server
	 */
	private $server;

	/**
	 * Keeps what it is given.
	 *
	 * @param Server $server Calls the desk.
	 */
	public function __construct( Server $server ) {
		$this->server = $server;
	}

	/**
	 * Asks for the current customer.
	 *
	 * @param string               $what Such as "order".
	 * @param array<string, mixed> $said What about.
	 * @return array{told: Part, as_of: int} What was said; `as_of` is 0 for just now, else a UNIX time.
	 * @throws Trouble When the desk refuses, or does not answer and nothing is remembered.
	 */
	public function ask( string $what, array $said ): array {
		$said = Customer::introduction() + $said;
		$name = self::KEPT . get_current_user_id() . '_' . md5( $what . wp_json_encode( $said ) );
		try {
			$told = $this->call( $what, $said );
			$kept = array(
				'at'   => time(),
				'told' => $told,
			);
			set_transient( $name, $kept, DAY_IN_SECONDS );
			return array(
				'told'  => new Part( $told ),
				'as_of' => 0,
			);
		} catch ( Trouble $trouble ) {
			$kept = $trouble->status >= 400 && $trouble->status < 500 ? false : get_transient( $name );
			if ( ! is_array( $kept ) || ! is_array( $kept['told'] ?? null ) ) {
				throw $trouble;
			}
			return array(
				'told'  => new Part( $kept['told'] ),
				'as_of' => (int) $kept['at'],
			);
		}
	}

	/**
	 * Calls, unless the desk was silent a moment ago.
	 *
	 * @param string               $what Such as "order".
	 * @param array<string, mixed> $said The body.
	 * @return array<string, mixed>
	 * @throws Trouble When there is no answer, or the desk refuses.
	 */
	private function call( string $what, array $said ): array {
		if ( false !== get_transient( self::SILENT ) ) {
			throw new Trouble( Trouble::UNREACHABLE, '' );
		}
		try {
			return $this->server->call( 'account/' . $what, $said, self::PATIENCE );
		} catch ( Trouble $trouble ) {
			if ( 0 === $trouble->status || $trouble->status >= 500 ) {
				set_transient( self::SILENT, 1, self::PAUSE );
			}
			throw $trouble;
		}
	}

	/**
	 * Forgets what was said to everybody, or to one customer.
	 *
	 * @param int $user_id The customer; 0 for all.
	 * @return void
	 */
	public static function forget( int $user_id = 0 ): void {
		global $wpdb;
		$like = $wpdb->esc_like( '_transient_' . self::KEPT . ( $user_id > 0 ? $user_id . '_' : '' ) ) . '%';
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WordPress lists no transients.
		$names = $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $like ) );
		foreach ( $names as $name ) {
			delete_transient( substr( $name, strlen( '_transient_' ) ) );
		}
	}
}
