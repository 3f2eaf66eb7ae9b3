<?php
/**
 * Asks the desk while a page of the account is shown, and remembers what it said.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Account;

use RefundDesk\Bridge\Server\Impatient;
use RefundDesk\Bridge\Server\Part;
use RefundDesk\Bridge\Server\Trouble;

defined( 'ABSPATH' ) || exit;

/**
 * Where the desk does not answer in time the page shows what was said last, with the time of it.
 */
final class Told {

	/** What was said is kept for a day, by customer and question. */
	const KEPT = 'refund_desk_bridge_told_you_';

	/**
	 * Asks the desk.
	 *
	 * @var Impatient
	 */
	private $desk;

	/**
	 * Keeps what it is given.
	 *
	 * @param Impatient $desk Asks the desk.
	 */
	public function __construct( Impatient $desk ) {
		$this->desk = $desk;
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
			$told = $this->desk->ask( 'account/' . $what, $said );
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
	 * Forgets what was said to a customer. Where a cache holds the transients it ends by itself in a day.
	 *
	 * @param int $user_id The customer.
	 * @return void
	 */
	public static function forget( int $user_id ): void {
		global $wpdb;
		$like = $wpdb->esc_like( '_transient_' . self::KEPT . $user_id . '_' ) . '%';
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WordPress lists no transients.
		$names = $wpdb->get_col( $wpdb->prepare( "SELECT option_name FROM {$wpdb->options} WHERE option_name LIKE %s", $like ) );
		foreach ( $names as $name ) {
			delete_transient( substr( $name, strlen( '_transient_' ) ) );
		}
	}
}
