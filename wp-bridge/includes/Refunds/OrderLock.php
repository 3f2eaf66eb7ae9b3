<?php
/**
 * One refund of an order at a time, across all of the store's processes.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * WooCommerce reads what is left on an order, then saves the refund, and nothing keeps a second
 * request from reading in between: six refunds of 50.00 on an order of 117.81 all went through.
 *
 * The lock is the database's own (GET_LOCK) and ends with the process that holds it, however that
 * ends.
 */
final class OrderLock {

	/** How many seconds another refund of the order is waited for; gateways are slow. */
	const PATIENCE = 30;

	/**
	 * Where the lock is held.
	 *
	 * @var OwnConnection
	 */
	private $connection;

	/**
	 * How often each order's lock was taken in this process.
	 *
	 * @var array<int, int>
	 */
	private $held = array();

	/**
	 * Keeps what it is given.
	 *
	 * @param OwnConnection $connection The connection.
	 */
	public function __construct( OwnConnection $connection ) {
		$this->connection = $connection;
	}

	/**
	 * Takes the order for this process; once more is harmless, and given back as often.
	 *
	 * @param int $order_id The order's id.
	 * @param int $patience How many seconds another process is waited for.
	 * @return bool False while another process has it, or without a database.
	 */
	public function take( int $order_id, int $patience = self::PATIENCE ): bool {
		if ( empty( $this->held[ $order_id ] ) && ! $this->lock( $order_id, $patience ) ) {
			return false;
		}
		$this->held[ $order_id ] = ( $this->held[ $order_id ] ?? 0 ) + 1;
		return true;
	}

	/**
	 * Gives the order back.
	 *
	 * @param int $order_id The order's id.
	 * @return void
	 */
	public function give_back( int $order_id ): void {
		if ( empty( $this->held[ $order_id ] ) ) {
			return;
		}
		--$this->held[ $order_id ];
		if ( 0 === $this->held[ $order_id ] && $this->connection->has_named_locks() ) {
			$own = $this->connection->get();
			if ( null !== $own ) {
				$own->get_var( $own->prepare( 'SELECT RELEASE_LOCK(%s)', $this->name( $order_id ) ) );
			}
		}
	}

	/**
	 * Asks the database for the lock.
	 *
	 * @param int $order_id The order's id.
	 * @param int $patience Seconds.
	 * @return bool
	 */
	private function lock( int $order_id, int $patience ): bool {
		$own = $this->connection->get();
		if ( null === $own ) {
			return false;
		}
		if ( ! $this->connection->has_named_locks() ) {
			return true;
		}
		return '1' === (string) $own->get_var( $own->prepare( 'SELECT GET_LOCK(%s, %d)', $this->name( $order_id ), $patience ) );
	}

	/**
	 * The lock's name: locks are the whole server's, so it tells sites apart. At most 64 characters.
	 *
	 * @param int $order_id The order's id.
	 * @return string
	 */
	private function name( int $order_id ): string {
		return 'refund_desk_' . substr( md5( DB_NAME . '|' . $this->connection->table( '' ) ), 0, 12 ) . '_' . $order_id;
	}
}
