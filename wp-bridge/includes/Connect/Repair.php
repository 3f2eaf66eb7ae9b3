<?php
/**
 * Mends what the bridge can mend of a connection, and looks how it stands then.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Server\Trouble;

defined( 'ABSPATH' ) || exit;

/**
 * What stands behind "Check and repair", wherever the button is. Safe to repeat.
 */
final class Repair {

	/**
	 * Brings back webhooks.
	 *
	 * @var Connection
	 */
	private $connection;

	/**
	 * The events.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * Looks.
	 *
	 * @var Checks
	 */
	private $checks;

	/**
	 * Keeps what it is given.
	 *
	 * @param Connection $connection Brings back webhooks.
	 * @param Outbox     $outbox     The events.
	 * @param Checks     $checks     Looks.
	 */
	public function __construct( Connection $connection, Outbox $outbox, Checks $checks ) {
		$this->connection = $connection;
		$this->outbox     = $outbox;
		$this->checks     = $checks;
	}

	/**
	 * Mends, and looks.
	 *
	 * @return void
	 */
	public function run(): void {
		try {
			$this->connection->repair();
			$this->outbox->revive();
		} catch ( Trouble $trouble ) {
			// The look that follows says the same, in its place.
			unset( $trouble );
		}
		$this->checks->run();
	}
}
