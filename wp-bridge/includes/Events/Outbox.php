<?php
/**
 * What is to be reported to the desk and has not been taken yet.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Events;

use RefundDesk\Bridge\Settings;
use RefundDesk\Bridge\Server\Signature;

defined( 'ABSPATH' ) || exit;

/**
 * A row per event, until the desk has taken it. It is written on WordPress's own connection: an event
 * goes with the transaction that it tells of.
 */
final class Outbox {

	const TABLE = 'refund_desk_events';

	/** More that wait are a store that cannot reach its desk at all; the desk reads everything anew then. */
	const MOST = 1000;

	/** How long what was given up is shown, and sent once more when somebody asks for it. */
	const GIVEN_UP_FOR = 7 * DAY_IN_SECONDS;

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * What was noted in this request: one deletion fires several hooks.
	 *
	 * @var array<string, bool>
	 */
	private $noted = array();

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings $settings Knows the connection.
	 */
	public function __construct( Settings $settings ) {
		$this->settings = $settings;
	}

	/**
	 * Makes the table, or brings it up to date.
	 *
	 * @return bool Whether it is there.
	 */
	public function make_table(): bool {
		global $wpdb;
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$table   = self::table();
		$charset = $wpdb->get_charset_collate();
		// The form of the statement is dbDelta's: two spaces after PRIMARY KEY, a line per column.
		dbDelta(
			"CREATE TABLE {$table} (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			event_id varchar(64) NOT NULL,
			body varchar(1000) NOT NULL,
			tries int(10) unsigned NOT NULL DEFAULT 0,
			given_up tinyint(1) unsigned NOT NULL DEFAULT 0,
			due_gmt datetime NOT NULL,
			PRIMARY KEY  (id)
			) {$charset};"
		);
		// phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- the table's name is ours.
		return $table === $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) );
	}

	/**
	 * Notes an event, and has it sent soon. Whatever happens here, what it tells of goes on.
	 *
	 * @param string             $type  Such as "order.deleted".
	 * @param array<string, int> $about The objects that it is about, by what they are.
	 * @return void
	 */
	public function note( string $type, array $about ): void {
		$name = $type . wp_json_encode( $about );
		if ( isset( $this->noted[ $name ] ) || ! $this->settings->is_live() || $this->count( false ) >= self::MOST ) {
			return;
		}
		$this->noted[ $name ] = true;
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery.DirectQuery -- our own table.
		$kept = $wpdb->insert(
			self::table(),
			array(
				'event_id' => Signature::new_id(),
				'body'     => (string) wp_json_encode( array( 'type' => $type ) + $about ),
				'due_gmt'  => gmdate( 'Y-m-d H:i:s' ),
			)
		);
		if ( 1 === $kept ) {
			Sender::promise( (int) $wpdb->insert_id );
		}
	}

	/**
	 * One event that waits.
	 *
	 * @param int $id The row's id.
	 * @return array{id: int, event_id: string, said: array<string, mixed>, tries: int}|null Null for one that does not wait.
	 */
	public function find( int $id ): ?array {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- our own table.
		$row = $wpdb->get_row( $wpdb->prepare( 'SELECT * FROM ' . self::table() . ' WHERE id = %d AND given_up = 0', $id ), ARRAY_A );
		if ( ! is_array( $row ) ) {
			return null;
		}
		$said = json_decode( (string) $row['body'], true );
		return array(
			'id'       => (int) $row['id'],
			'event_id' => (string) $row['event_id'],
			'said'     => is_array( $said ) ? $said : array(),
			'tries'    => (int) $row['tries'],
		);
	}

	/**
	 * Notes that a try came to nothing.
	 *
	 * @param int  $id       The row's id.
	 * @param int  $due      When it is to be tried again, a UNIX time.
	 * @param bool $given_up Whether it is not.
	 * @return void
	 */
	public function note_try( int $id, int $due, bool $given_up ): void {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- our own table.
		$wpdb->query( $wpdb->prepare( 'UPDATE ' . self::table() . ' SET tries = tries + 1, due_gmt = %s, given_up = %d WHERE id = %d', gmdate( 'Y-m-d H:i:s', $due ), $given_up ? 1 : 0, $id ) );
	}

	/**
	 * Removes an event that the desk has taken.
	 *
	 * @param int $id The row's id.
	 * @return void
	 */
	public function remove( int $id ): void {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- our own table.
		$wpdb->delete( self::table(), array( 'id' => $id ), array( '%d' ) );
	}

	/**
	 * The events that should have been sent by now.
	 *
	 * @param int $before A UNIX time.
	 * @return int[]
	 */
	public function overdue( int $before ): array {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- our own table.
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( 'SELECT id FROM ' . self::table() . ' WHERE given_up = 0 AND due_gmt < %s ORDER BY id LIMIT 100', gmdate( 'Y-m-d H:i:s', $before ) ) ) );
	}

	/**
	 * How many events are there.
	 *
	 * @param bool $given_up Those that were given up, or those that wait.
	 * @return int
	 */
	public function count( bool $given_up ): int {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- our own table.
		return (int) $wpdb->get_var( 'SELECT COUNT(*) FROM ' . self::table() . ' WHERE given_up = ' . ( $given_up ? 1 : 0 ) );
	}

	/**
	 * How long the oldest event has been due.
	 *
	 * @param int $now A UNIX time.
	 * @return int Seconds; 0 where none is.
	 */
	public function oldest_wait( int $now ): int {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- our own table.
		$due = $wpdb->get_var( 'SELECT MIN(due_gmt) FROM ' . self::table() . ' WHERE given_up = 0' );
		return is_string( $due ) && '' !== $due ? max( 0, $now - (int) strtotime( $due . ' UTC' ) ) : 0;
	}

	/**
	 * Has what was given up sent once more, from its first try on.
	 *
	 * @return void
	 */
	public function revive(): void {
		global $wpdb;
		$wanted = self::table() . ' WHERE given_up = 1 ORDER BY id LIMIT ' . self::MOST;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- our own table.
		foreach ( array_map( 'intval', $wpdb->get_col( 'SELECT id FROM ' . $wanted ) ) as $id ) {
			// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- our own table.
			$wpdb->query( $wpdb->prepare( 'UPDATE ' . self::table() . ' SET tries = 0, given_up = 0, due_gmt = %s WHERE id = %d', gmdate( 'Y-m-d H:i:s' ), $id ) );
			Sender::promise( $id );
		}
	}

	/**
	 * Forgets what was given up long ago: the desk's sweeps have found it by then.
	 *
	 * @param int $now A UNIX time.
	 * @return void
	 */
	public function prune( int $now ): void {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- our own table.
		$wpdb->query( $wpdb->prepare( 'DELETE FROM ' . self::table() . ' WHERE given_up = 1 AND due_gmt < %s', gmdate( 'Y-m-d H:i:s', $now - self::GIVEN_UP_FOR ) ) );
	}

	/**
	 * Forgets all events.
	 *
	 * @return void
	 */
	public function clear(): void {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery, WordPress.DB.PreparedSQL -- our own table.
		$wpdb->query( 'DELETE FROM ' . self::table() );
	}

	/**
	 * The table's full name.
	 *
	 * @return string
	 */
	private static function table(): string {
		global $wpdb;
		return $wpdb->prefix . self::TABLE;
	}
}
