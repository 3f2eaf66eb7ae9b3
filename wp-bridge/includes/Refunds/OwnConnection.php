<?php
/**
 * A database connection of the bridge's own, so that what it notes stays noted.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * WordPress has one connection, on which any plugin may have a transaction open: what is written
 * there is gone when the request dies. A lock taken there would end with it too. So attempts and
 * locks go over a second connection, which is opened on first use and commits each statement.
 */
final class OwnConnection {

	/**
	 * The connection, once it was needed.
	 *
	 * @var \wpdb|null
	 */
	private $opened = null;

	/**
	 * The connection.
	 *
	 * @return \wpdb|null Null when the database gives no second connection.
	 */
	public function get(): ?\wpdb {
		if ( null === $this->opened ) {
			$this->opened = $this->open();
		}
		return $this->opened;
	}

	/**
	 * The table's name on this site.
	 *
	 * @param string $name Without prefix.
	 * @return string
	 */
	public function table( string $name ): string {
		global $wpdb;
		return $wpdb->prefix . $name;
	}

	/**
	 * Whether locks by name work here.
	 *
	 * @return bool False on SQLite, which lets one request write at a time.
	 */
	public function has_named_locks(): bool {
		return ! $this->is_sqlite();
	}

	/**
	 * Opens the second connection.
	 *
	 * @return \wpdb|null
	 */
	private function open(): ?\wpdb {
		global $wpdb;
		if ( $this->is_sqlite() ) {
			return $wpdb;
		}
		$own = new class( DB_USER, DB_PASSWORD, DB_NAME, DB_HOST ) extends \wpdb {

			/**
			 * Connects without ending the whole request when that fails.
			 *
			 * @param bool $allow_bail Not heeded.
			 * @return bool
			 */
			public function db_connect( $allow_bail = true ) {
				return parent::db_connect( false );
			}
		};
		if ( ! $own->ready ) {
			return null;
		}
		$own->suppress_errors( true );
		return $own;
	}

	/**
	 * Whether the site runs on the SQLite drop-in.
	 *
	 * @return bool
	 */
	private function is_sqlite(): bool {
		global $wpdb;
		return false !== stripos( get_class( $wpdb ), 'sqlite' ) || ( defined( 'DB_ENGINE' ) && 'sqlite' === DB_ENGINE );
	}
}
