<?php
/**
 * Looks whether desk and store reach each other, line by line.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Signature;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Run when a person asks or has just connected, never while a page is shown; what it found is kept.
 */
final class Checks {

	/** What was found last. */
	const OPTION = 'refund_desk_bridge_checks';

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Calls the desk.
	 *
	 * @var Server
	 */
	private $server;

	/**
	 * The webhooks.
	 *
	 * @var Webhooks
	 */
	private $webhooks;

	/**
	 * The events.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings $settings Knows the connection.
	 * @param Server   $server   Calls the desk.
	 * @param Webhooks $webhooks The webhooks.
	 * @param Outbox   $outbox   The events.
	 */
	public function __construct( Settings $settings, Server $server, Webhooks $webhooks, Outbox $outbox ) {
		$this->settings = $settings;
		$this->server   = $server;
		$this->webhooks = $webhooks;
		$this->outbox   = $outbox;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'refund_desk_bridge_disconnected', array( $this, 'on_disconnected' ) );
	}

	/**
	 * Nothing found before holds any more.
	 *
	 * @return void
	 */
	public function on_disconnected(): void {
		delete_option( self::OPTION );
	}

	/**
	 * Looks, and keeps what it found.
	 *
	 * @return void
	 */
	public function run(): void {
		$lines = array_merge( $this->with_desk(), array( $this->webhook_line(), $this->report_line(), $this->loopback_line() ) );
		update_option(
			self::OPTION,
			array(
				'at'    => time(),
				'lines' => $lines,
			),
			false
		);
	}

	/**
	 * What was found last.
	 *
	 * @return array{at: int, lines: array<int, array{good: bool, words: string}>} Time 0 when never.
	 */
	public static function found(): array {
		$found = get_option( self::OPTION, array() );
		$lines = is_array( $found ) && is_array( $found['lines'] ?? null ) ? $found['lines'] : array();
		return array(
			'at'    => array() === $lines ? 0 : (int) $found['at'],
			'lines' => $lines,
		);
	}

	/**
	 * Delivers one signed event, and asks the desk what it sees of this store.
	 *
	 * @return array<int, array{good: bool, words: string}>
	 */
	private function with_desk(): array {
		$id = Signature::new_id();
		try {
			$this->server->report( $id, array( 'type' => 'bridge.hello' ) );
			$told = $this->server->call( 'check', array( 'event' => $id ), Server::LONG_PATIENCE );
		} catch ( Trouble $trouble ) {
			return array( self::line( false, $trouble->getMessage() ) );
		}
		return array(
			self::line( true, __( 'The desk answers, and proves that it is yours.', 'refund-desk-bridge' ) ),
			true === ( $told['event_arrived'] ?? false )
				? self::line( true, __( 'A signed report from here arrived there.', 'refund-desk-bridge' ) )
				: self::line( false, __( 'A signed report was sent, but the desk does not find it. Look at the desk’s first page: it may not be able to store anything.', 'refund-desk-bridge' ) ),
			self::reads_line( is_string( $told['reads'] ?? null ) ? $told['reads'] : '' ),
			self::writes_line( is_string( $told['writes'] ?? null ) ? $told['writes'] : '' ),
		);
	}

	/**
	 * Whether the desk may change orders, and how far that was tried.
	 *
	 * @param string $how "saved", "key_only" or "refused".
	 * @return array{good: bool, words: string}
	 */
	private static function writes_line( string $how ): array {
		switch ( $how ) {
			case 'saved':
				return self::line( true, __( 'It may write: the newest order was just saved there as it is.', 'refund-desk-bridge' ) );
			case 'key_only':
				return self::line( true, __( 'Its key may write. There is no order yet to try it on; check again after the first one.', 'refund-desk-bridge' ) );
		}
		return self::line( false, __( 'It may not write orders, so no refund can be paid. Disconnect and connect again; if that does not help, a security plugin changes the rights of the role “Refund Desk”.', 'refund-desk-bridge' ) );
	}

	/**
	 * Whether the desk's own call into the store works.
	 *
	 * @param string $how "ok", or what went wrong.
	 * @return array{good: bool, words: string}
	 */
	private static function reads_line( string $how ): array {
		switch ( $how ) {
			case 'ok':
				return self::line( true, __( 'The desk reads this store’s orders with its key.', 'refund-desk-bridge' ) );
			case 'not_allowed':
				return self::line( false, __( 'This store refuses the desk’s key. A security plugin may block the REST API, or the web server drops the Authorization header; ask your host to pass it on to PHP.', 'refund-desk-bridge' ) );
			case 'redirected':
				return self::line( false, __( 'This store answers the desk with a redirect. Under Settings, General, enter the address that visitors end up at, then connect again.', 'refund-desk-bridge' ) );
			case 'no_bridge':
				return self::line( false, __( 'The desk reaches the store, but not the bridge’s own routes. A security plugin or a cache may block /wp-json/wc-refund-desk/.', 'refund-desk-bridge' ) );
			case 'garbled':
				return self::line( false, __( 'The desk gets something else than data from the REST API. Messages of PHP may be shown on the site: switch WP_DEBUG_DISPLAY off. Or a page stands in front of it, for a login or against robots.', 'refund-desk-bridge' ) );
		}
		return self::line( false, __( 'The desk cannot reach this store. A firewall, a login in front of the site, or maintenance may stand in the way; ask your host to let calls to /wp-json/ through.', 'refund-desk-bridge' ) );
	}

	/**
	 * Whether every webhook is there and active.
	 *
	 * @return array{good: bool, words: string}
	 */
	private function webhook_line(): array {
		$silent = $this->webhooks->silent();
		if ( array() === $silent ) {
			$count = count( $this->settings->webhooks() );
			return self::line(
				true,
				sprintf(
					/* translators: %d: how many. */
					_n( '%d webhook delivers to the desk.', '%d webhooks deliver to the desk.', $count, 'refund-desk-bridge' ),
					$count
				)
			);
		}
		return self::line(
			false,
			sprintf(
				/* translators: %s: names of webhook topics. */
				__( 'These webhooks are missing or switched off: %s. Press “Check and repair”.', 'refund-desk-bridge' ),
				implode( ', ', $silent )
			)
		);
	}

	/**
	 * Whether all reports were taken.
	 *
	 * @return array{good: bool, words: string}
	 */
	private function report_line(): array {
		$given_up = $this->outbox->count( true );
		$waiting  = $this->outbox->count( false );
		if ( 0 === $given_up ) {
			return self::line(
				true,
				0 === $waiting
					? __( 'No report waits to be sent.', 'refund-desk-bridge' )
					/* translators: %d: how many. */
					: sprintf( _n( '%d report is on its way.', '%d reports are on their way.', $waiting, 'refund-desk-bridge' ), $waiting )
			);
		}
		return self::line(
			false,
			sprintf(
				/* translators: %d: how many. */
				_n( '%d report was given up after a day of trying. The desk finds such changes by itself within a day. “Check and repair” sends it once more.', '%d reports were given up after a day of trying. The desk finds such changes by itself within a day. “Check and repair” sends them once more.', $given_up, 'refund-desk-bridge' ),
				$given_up
			)
		);
	}

	/**
	 * Whether the site can call itself: WooCommerce delivers webhooks from a queue that is set going so.
	 *
	 * @return array{good: bool, words: string}
	 */
	private function loopback_line(): array {
		$answer = wp_remote_post(
			site_url( 'wp-cron.php' ),
			array(
				'timeout'   => 5,
				/** WordPress's own filter: sites that know their certificate to be of their own making. */
				'sslverify' => apply_filters( 'https_local_ssl_verify', false ), // phpcs:ignore WordPress.NamingConventions.PrefixAllGlobals.NonPrefixedHooknameFound -- WordPress's own.
			)
		);
		$status = is_wp_error( $answer ) ? 0 : (int) wp_remote_retrieve_response_code( $answer );
		if ( $status >= 200 && $status < 400 ) {
			return self::line( true, __( 'The site can call itself, so deliveries go out by themselves.', 'refund-desk-bridge' ) );
		}
		return self::line( false, __( 'The site cannot call itself, so deliveries wait until somebody visits it. Ask your host to allow loopback requests, or to call wp-cron.php every minute.', 'refund-desk-bridge' ) );
	}

	/**
	 * One line.
	 *
	 * @param bool   $good  Whether all is well.
	 * @param string $words A translated sentence.
	 * @return array{good: bool, words: string}
	 */
	private static function line( bool $good, string $words ): array {
		return array(
			'good'  => $good,
			'words' => $words,
		);
	}
}
