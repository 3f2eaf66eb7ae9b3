<?php
/**
 * The attempts: which refunds were begun, whether the gateway was called, and what it answered.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Refunds;

defined( 'ABSPATH' ) || exit;

/**
 * A table of the bridge's own. WooCommerce deletes the row of a refund that failed, and a process
 * that dies leaves one that says nothing; this table remembers through both.
 *
 * Every write is committed when its method returns, and says whether it was.
 */
final class AttemptRecord {

	const TABLE = 'refund_desk_attempts';

	/** What a text column holds of a gateway's words. */
	const LONGEST_WORDS = 500;

	/**
	 * Where the table is written.
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
	 * Makes the table, or brings it up to date.
	 *
	 * @return bool Whether it is there.
	 */
	public function make_table(): bool {
		global $wpdb;
		require_once ABSPATH . 'wp-admin/includes/upgrade.php';
		$table   = $this->table();
		$charset = $wpdb->get_charset_collate();
		// The form of the statement is dbDelta's: two spaces after PRIMARY KEY, a line per column.
		dbDelta(
			"CREATE TABLE {$table} (
			id bigint(20) unsigned NOT NULL AUTO_INCREMENT,
			refund_key varchar(64) NOT NULL,
			order_id bigint(20) unsigned NOT NULL,
			amount varchar(32) NOT NULL,
			state varchar(20) NOT NULL,
			tries int(10) unsigned NOT NULL DEFAULT 1,
			announced int(10) unsigned NOT NULL DEFAULT 0,
			refund_id bigint(20) unsigned NOT NULL DEFAULT 0,
			gateway varchar(100) NOT NULL DEFAULT '',
			gateway_said varchar(500) NOT NULL DEFAULT '',
			answer_status int(10) unsigned NOT NULL DEFAULT 0,
			answer longtext NULL,
			begun_gmt datetime NOT NULL,
			called_gmt datetime NULL,
			settled_gmt datetime NULL,
			PRIMARY KEY  (id),
			UNIQUE KEY refund_key (refund_key),
			KEY order_id (order_id)
			) {$charset};"
		);
		// phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- the table's name is ours.
		return $table === $wpdb->get_var( $wpdb->prepare( 'SHOW TABLES LIKE %s', $wpdb->esc_like( $table ) ) );
	}

	/**
	 * The attempt of a key.
	 *
	 * @param string $key The desk's key.
	 * @return Attempt|null Null when there was none.
	 * @throws RecordUnavailable When the table cannot be read.
	 */
	public function find( string $key ): ?Attempt {
		$own = $this->open();
		// phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- the table's name is ours.
		$row = $own->get_row( $own->prepare( "SELECT * FROM {$this->table()} WHERE refund_key = %s", $key ), ARRAY_A );
		if ( '' !== (string) $own->last_error ) {
			throw new RecordUnavailable();
		}
		return is_array( $row ) ? Attempt::from_row( $row ) : null;
	}

	/**
	 * Notes that the desk is about to ask for a refund for the `number`-th time. A record that does not
	 * know of it any more came out of a backup, and proves nothing about that call.
	 *
	 * @param string $key      The desk's key.
	 * @param int    $order_id The order's id.
	 * @param string $amount   The amount as it will be sent.
	 * @param int    $number   The desk's number of the call, from 1.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept: the desk must not ask then.
	 */
	public function announce( string $key, int $order_id, string $amount, int $number ): void {
		$this->write(
			"INSERT INTO {$this->table()} (refund_key, order_id, amount, state, tries, announced, begun_gmt) VALUES (%s, %d, %s, %s, 0, %d, %s)
			ON DUPLICATE KEY UPDATE announced = CASE WHEN announced < %d THEN %d ELSE announced END",
			array( $key, $order_id, $amount, Attempt::ANNOUNCED, $number, $this->now(), $number, $number )
		);
	}

	/**
	 * The attempts that were begun in a span of time and whose caller got no answer from here.
	 *
	 * @param string $after Of the span, in UTC ("2026-03-02 10:00:00"); '' from the beginning.
	 * @param string $until Its end, which belongs to it.
	 * @return Attempt[]
	 * @throws RecordUnavailable When the table cannot be read.
	 */
	public function unanswered( string $after, string $until ): array {
		$own = $this->open();
		// phpcs:ignore WordPress.DB.PreparedSQL.InterpolatedNotPrepared -- the table's name is ours.
		$rows = $own->get_results( $own->prepare( "SELECT * FROM {$this->table()} WHERE answer_status = 0 AND tries > 0 AND begun_gmt > %s AND begun_gmt <= %s ORDER BY id LIMIT 100", '' === $after ? '1970-01-01 00:00:00' : $after, $until ), ARRAY_A );
		if ( '' !== (string) $own->last_error ) {
			throw new RecordUnavailable();
		}
		return array_map( array( Attempt::class, 'from_row' ), (array) $rows );
	}

	/**
	 * Notes that a refund is begun, or begun once more.
	 *
	 * @param string $key      The desk's key.
	 * @param int    $order_id The order's id.
	 * @param string $amount   The amount as it was sent.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept: nothing may be refunded then.
	 */
	public function begin( string $key, int $order_id, string $amount ): void {
		$this->write(
			"INSERT INTO {$this->table()} (refund_key, order_id, amount, state, begun_gmt) VALUES (%s, %d, %s, %s, %s)
			ON DUPLICATE KEY UPDATE state = %s, tries = tries + 1, refund_id = 0, answer_status = 0, answer = NULL",
			array( $key, $order_id, $amount, Attempt::BEGUN, $this->now(), Attempt::BEGUN )
		);
	}

	/**
	 * Forgets when the gateway was called: a person looked these calls up in the gateway's own records.
	 *
	 * @param string $key The desk's key.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept.
	 */
	public function settle_calls( string $key ): void {
		$this->write( "UPDATE {$this->table()} SET called_gmt = NULL WHERE refund_key = %s", array( $key ) );
	}

	/**
	 * Notes that the gateway is about to be called. A later call of the same key keeps the first time.
	 *
	 * Each beginning allows for one call, also if the order's lock was lost in between: a database that
	 * drops an idle connection drops its locks.
	 *
	 * @param string $key       The desk's key.
	 * @param string $gateway   The gateway's id.
	 * @param int    $refund_id The id of WooCommerce's row.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept, or another process was quicker: the gateway
	 *                           must not be called then.
	 */
	public function note_call( string $key, string $gateway, int $refund_id ): void {
		$noted = $this->write(
			"UPDATE {$this->table()} SET state = %s, gateway = %s, refund_id = %d, gateway_said = '', called_gmt = COALESCE(called_gmt, %s) WHERE refund_key = %s AND state = %s",
			array( Attempt::CALLED, $gateway, $refund_id, $this->now(), $key, Attempt::BEGUN )
		);
		if ( 1 !== $noted ) {
			throw new RecordUnavailable();
		}
	}

	/**
	 * Notes WooCommerce's row of the refund, which it may delete later.
	 *
	 * @param string $key       The desk's key.
	 * @param int    $refund_id The row's id.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept.
	 */
	public function note_row( string $key, int $refund_id ): void {
		$this->write( "UPDATE {$this->table()} SET refund_id = %d WHERE refund_key = %s", array( $refund_id, $key ) );
	}

	/**
	 * Notes what the gateway answered. A yes stays, whatever another process is told after it.
	 *
	 * @param string $key   The desk's key.
	 * @param string $state PAID, DECLINED, or CALLED when it broke off.
	 * @param string $said  Its words, or ''.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept.
	 */
	public function note_answer( string $key, string $state, string $said ): void {
		$this->write(
			"UPDATE {$this->table()} SET state = %s, gateway_said = %s, settled_gmt = %s WHERE refund_key = %s AND state <> %s",
			array( $state, self::shortened( $said ), $this->now(), $key, Attempt::PAID )
		);
	}

	/**
	 * Keeps what the desk was answered, to be answered again.
	 *
	 * @param string $key    The desk's key.
	 * @param int    $status The status.
	 * @param string $json   The body.
	 * @return void
	 * @throws RecordUnavailable When that could not be kept.
	 */
	public function keep_answer( string $key, int $status, string $json ): void {
		$this->write(
			"UPDATE {$this->table()} SET answer_status = %d, answer = %s WHERE refund_key = %s",
			array( $status, $json, $key )
		);
	}

	/**
	 * Writes one statement and has it committed.
	 *
	 * @param string            $statement With placeholders.
	 * @param array<int, mixed> $values    For the placeholders.
	 * @return int How many rows it changed.
	 * @throws RecordUnavailable When the database did not take it.
	 */
	private function write( string $statement, array $values ): int {
		$own = $this->open();
		// phpcs:ignore WordPress.DB.PreparedSQL.NotPrepared -- prepared right here.
		$changed = $own->query( $own->prepare( $statement, $values ) );
		if ( false === $changed ) {
			throw new RecordUnavailable();
		}
		return (int) $changed;
	}

	/**
	 * The connection.
	 *
	 * @return \wpdb
	 * @throws RecordUnavailable When there is none.
	 */
	private function open(): \wpdb {
		$own = $this->connection->get();
		if ( null === $own ) {
			throw new RecordUnavailable();
		}
		return $own;
	}

	/**
	 * The table's full name.
	 *
	 * @return string
	 */
	private function table(): string {
		return $this->connection->table( self::TABLE );
	}

	/**
	 * This second, in UTC, as MySQL writes it.
	 *
	 * @return string
	 */
	private function now(): string {
		return gmdate( 'Y-m-d H:i:s' );
	}

	/**
	 * A gateway's words without markup, cut to what is kept.
	 *
	 * @param string $words The words.
	 * @return string
	 */
	private static function shortened( string $words ): string {
		$plain = trim( wp_strip_all_tags( $words, true ) );
		return function_exists( 'mb_substr' ) ? mb_substr( $plain, 0, self::LONGEST_WORDS ) : substr( $plain, 0, self::LONGEST_WORDS );
	}
}
