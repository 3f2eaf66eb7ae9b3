<?php
/**
 * One process at a time connects this site.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Refunds\OwnConnection;

defined( 'ABSPATH' ) || exit;

/**
 * Each attempt to connect removes the keys of the one before. Of two at once the second would take away
 * the key that the first has handed over: a store that is connected, and cannot be called.
 *
 * The lock is the database's own and ends with the process that holds it.
 */
final class ConnectLock {

	/** Seconds that another attempt is waited for: the longest that one takes. */
	const PATIENCE = 60;

	/**
	 * Where the lock is held.
	 *
	 * @var OwnConnection
	 */
	private $connection;

	/**
	 * Keeps what it is given.
	 *
	 * @param OwnConnection $connection The connection.
	 */
	public function __construct( OwnConnection $connection ) {
		$this->connection = $connection;
	}

	/**
	 * Takes the site for this process.
	 *
	 * @return bool False while another process has it, or without a database.
	 */
	public function take(): bool {
		$own = $this->connection->get();
		if ( null === $own || ! $this->connection->has_named_locks() ) {
			return null !== $own;
		}
		return '1' === (string) $own->get_var( $own->prepare( 'SELECT GET_LOCK(%s, %d)', $this->name(), self::PATIENCE ) );
	}

	/**
	 * Gives it back.
	 *
	 * @return void
	 */
	public function give_back(): void {
		$own = $this->connection->get();
		if ( null !== $own && $this->connection->has_named_locks() ) {
			$own->get_var( $own->prepare( 'SELECT RELEASE_LOCK(%s)', $this->name() ) );
		}
	}

	/**
	 * The lock's name: locks are the whole server's, so it tells sites apart. At most 64 characters.
	 *
	 * @return string
	 */
	private function name(): string {
		return 'refund_desk_' . substr( md5( DB_NAME . '|' . $this->connection->table( '' ) ), 0, 12 ) . '_connect';
	}
}
