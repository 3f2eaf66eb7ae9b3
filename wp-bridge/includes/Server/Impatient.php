<?php
/**
 * Asks the desk while a page is shown.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Server;

defined( 'ABSPATH' ) || exit;

/**
 * Waits three seconds at most. A desk that did not answer is not asked again for half a minute, so that
 * it holds up one page and not every one.
 */
final class Impatient {

	/** Seconds that a page waits. */
	const PATIENCE = 3;

	/** Seconds in which a desk that did not answer is left alone. */
	const PAUSE = 30;

	/** That it did not answer a moment ago. */
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
	 * Asks, unless the desk was silent a moment ago.
	 *
	 * @param string               $what Such as "owner/order".
	 * @param array<string, mixed> $said The body.
	 * @return array<string, mixed> The answer.
	 * @throws Trouble When there is none, or the desk refuses.
	 */
	public function ask( string $what, array $said ): array {
		if ( false !== get_transient( self::SILENT ) ) {
			throw new Trouble( Trouble::UNREACHABLE, __( 'The desk did not answer a moment ago; it is asked again in half a minute.', 'refund-desk-bridge' ) );
		}
		try {
			return $this->server->call( $what, $said, self::PATIENCE );
		} catch ( Trouble $trouble ) {
			if ( 0 === $trouble->status || $trouble->status >= 500 ) {
				set_transient( self::SILENT, 1, self::PAUSE );
			}
			throw $trouble;
		}
	}
}
