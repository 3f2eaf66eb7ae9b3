<?php
/**
 * What the bridge knows of its connection with the desk.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge;

defined( 'ABSPATH' ) || exit;

/**
 * The only reader and writer of the connection's options. None of them is loaded with every page.
 */
final class Settings {

	/** The connection: an array, or nothing while there is none. */
	const CONNECTION = 'refund_desk_bridge_connection';

	/** Names this installation to the desk, so that a connection that broke off can go on. */
	const SITE = 'refund_desk_bridge_site';

	/** When the desk answered last: a UNIX time. */
	const CONTACT = 'refund_desk_bridge_contact';

	/**
	 * Whether the store is connected, be it this one or the one that this is a copy of.
	 *
	 * @return bool
	 */
	public function is_connected(): bool {
		return '' !== $this->connection_id();
	}

	/**
	 * Whether the bridge may speak for the store: it is connected, and not a copy of the store.
	 *
	 * @return bool
	 */
	public function is_live(): bool {
		return $this->is_connected() && ! $this->is_copy();
	}

	/**
	 * Whether this is a copy of the connected store, such as a staging site: its address is another
	 * than the one that was connected. A copy must neither report nor disconnect in the store's name.
	 *
	 * @return bool
	 */
	public function is_copy(): bool {
		return $this->is_connected() && $this->store_address() !== self::own_address();
	}

	/**
	 * The desk's address, such as "https://desk.example".
	 *
	 * @return string '' without a connection.
	 */
	public function server(): string {
		return $this->text( 'server' );
	}

	/**
	 * The connection's id in the desk's addresses.
	 *
	 * @return string '' without a connection.
	 */
	public function connection_id(): string {
		return $this->text( 'id' );
	}

	/**
	 * What calls between the two are signed with. Never shown, never logged.
	 *
	 * @return string '' without a connection.
	 */
	public function secret(): string {
		return $this->text( 'secret' );
	}

	/**
	 * The store's address as it was connected.
	 *
	 * @return string '' without a connection.
	 */
	public function store_address(): string {
		return $this->text( 'store' );
	}

	/**
	 * When the store was connected, in UTC ("2026-03-02 10:00:00").
	 *
	 * @return string '' without a connection.
	 */
	public function connected_gmt(): string {
		return $this->text( 'connected_gmt' );
	}

	/**
	 * The webhooks that the desk wants: the delivery address of each topic.
	 *
	 * @return array<string, string>
	 */
	public function webhooks(): array {
		$webhooks = $this->connection()['webhooks'] ?? array();
		return is_array( $webhooks ) ? $webhooks : array();
	}

	/**
	 * Keeps a connection.
	 *
	 * @param string                $server   The desk's address.
	 * @param string                $id       The connection's id.
	 * @param string                $secret   What calls are signed with.
	 * @param array<string, string> $webhooks The delivery address of each topic.
	 * @return void
	 */
	public function keep( string $server, string $id, string $secret, array $webhooks ): void {
		$connection = array(
			'server'        => $server,
			'id'            => $id,
			'secret'        => $secret,
			'store'         => self::own_address(),
			'webhooks'      => $webhooks,
			'connected_gmt' => gmdate( 'Y-m-d H:i:s' ),
		);
		update_option( self::CONNECTION, $connection, false );
	}

	/**
	 * Keeps which webhooks there are.
	 *
	 * @param array<string, string> $webhooks The delivery address of each topic.
	 * @return void
	 */
	public function keep_webhooks( array $webhooks ): void {
		update_option( self::CONNECTION, array( 'webhooks' => $webhooks ) + $this->connection(), false );
	}

	/**
	 * When the desk last gave an answer that proved itself.
	 *
	 * @return int A UNIX time, 0 for never.
	 */
	public function last_contact(): int {
		return (int) get_option( self::CONTACT, 0 );
	}

	/**
	 * Notes that it did just now. To the minute: a busy store reports often.
	 *
	 * @param int $now A UNIX time.
	 * @return void
	 */
	public function note_contact( int $now ): void {
		if ( $now - $this->last_contact() >= MINUTE_IN_SECONDS ) {
			update_option( self::CONTACT, $now, false );
		}
	}

	/**
	 * Forgets the connection. The installation keeps its name.
	 *
	 * @return void
	 */
	public function forget(): void {
		delete_option( self::CONTACT );
		delete_option( self::CONNECTION );
	}

	/**
	 * Reads the connection anew: another process may have changed it since this one read it.
	 *
	 * @return void
	 */
	public function read_anew(): void {
		wp_cache_delete( self::CONNECTION, 'options' );
		wp_cache_delete( 'notoptions', 'options' );
	}

	/**
	 * The name of this installation, made on first use.
	 *
	 * @return string
	 */
	public function site(): string {
		$site = (string) get_option( self::SITE, '' );
		if ( '' === $site ) {
			add_option( self::SITE, wp_generate_uuid4(), '', false );
			$site = (string) get_option( self::SITE, '' );
		}
		return $site;
	}

	/**
	 * Where the store is now, in one spelling: no slash at the end, the host in small letters.
	 *
	 * As it is set, and not by home_url(): that takes the scheme of the request and what plugins make of
	 * it, such as a language, so that the store would be a copy of itself in its own background work.
	 *
	 * @return string Such as "https://shop.example/path".
	 */
	public static function own_address(): string {
		$home = untrailingslashit( (string) get_option( 'home' ) );
		$host = (string) wp_parse_url( $home, PHP_URL_HOST );
		return '' === $host ? $home : str_replace( $host, strtolower( $host ), $home );
	}

	/**
	 * One part of the connection.
	 *
	 * @param string $name The part.
	 * @return string
	 */
	private function text( string $name ): string {
		$value = $this->connection()[ $name ] ?? '';
		return is_string( $value ) ? $value : '';
	}

	/**
	 * The connection as it is kept.
	 *
	 * @return array<string, mixed>
	 */
	private function connection(): array {
		$kept = get_option( self::CONNECTION, array() );
		return is_array( $kept ) ? $kept : array();
	}
}
