<?php
/**
 * Where the desk's public pages are, and whether its policy lets anybody withdraw.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Checkout;

use RefundDesk\Bridge\Account\Customer;
use RefundDesk\Bridge\Server\Part;
use RefundDesk\Bridge\Events\Sender;
use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Asked in the background, after connecting and then a few times a day: pages only read what is kept.
 */
final class About {

	const OPTION = 'refund_desk_bridge_about';

	const REFRESH = 'refund_desk_bridge_about';

	/** Seconds after which it is asked anew. */
	const FRESH = 21600;

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
	 * Keeps what it is given.
	 *
	 * @param Settings $settings Knows the connection.
	 * @param Server   $server   Calls the desk.
	 */
	public function __construct( Settings $settings, Server $server ) {
		$this->settings = $settings;
		$this->server   = $server;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'add_option_' . Settings::CONNECTION, array( $this, 'on_connected' ) );
		add_action( 'delete_option_' . Settings::CONNECTION, array( $this, 'on_disconnected' ) );
		add_action( self::REFRESH, array( $this, 'on_refresh' ) );
		add_action( Sender::SWEEP, array( $this, 'on_sweep' ) );
	}

	/**
	 * The address of the policy's page in the language of the page that is shown.
	 *
	 * @return string '' where it is not known.
	 */
	public function policy_page(): string {
		$page = $this->kept()->text( 'policy_page' );
		return '' === $page ? '' : trailingslashit( $page ) . Customer::language() . '/';
	}

	/**
	 * The address at which somebody without an account gets a link to their order.
	 *
	 * @return string '' where it is not known.
	 */
	public function link_page(): string {
		return $this->kept()->text( 'link_page' );
	}

	/**
	 * Whether the policy lets anybody withdraw.
	 *
	 * @return bool
	 */
	public function has_withdrawal(): bool {
		return $this->kept()->is( 'withdrawal' );
	}

	/**
	 * The store was connected: asks soon.
	 *
	 * @return void
	 */
	public function on_connected(): void {
		if ( function_exists( 'as_enqueue_async_action' ) && did_action( 'action_scheduler_init' ) ) {
			as_enqueue_async_action( self::REFRESH, array(), Sender::GROUP );
		}
	}

	/**
	 * The store was disconnected: nothing of it is shown any more.
	 *
	 * @return void
	 */
	public function on_disconnected(): void {
		delete_option( self::OPTION );
	}

	/**
	 * Asks, where what is kept is old.
	 *
	 * @return void
	 */
	public function on_sweep(): void {
		if ( $this->settings->is_live() && time() - $this->kept()->number( 'at' ) >= self::FRESH ) {
			$this->on_refresh();
		}
	}

	/**
	 * Asks. What is kept stays where the desk does not answer.
	 *
	 * @return void
	 */
	public function on_refresh(): void {
		if ( ! $this->settings->is_live() ) {
			return;
		}
		try {
			$told = new Part( $this->server->call( 'account/about' ) );
		} catch ( Trouble $trouble ) {
			return;
		}
		$kept = array(
			'policy_page' => $told->text( 'policy_page' ),
			'link_page'   => $told->text( 'link_page' ),
			'withdrawal'  => $told->is( 'withdrawal' ),
			'at'          => time(),
		);
		update_option( self::OPTION, $kept, true );
	}

	/**
	 * What is kept, of a store that is connected.
	 *
	 * @return Part
	 */
	private function kept(): Part {
		return new Part( $this->settings->is_live() ? get_option( self::OPTION, array() ) : array() );
	}
}
