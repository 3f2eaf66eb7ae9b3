<?php
/**
 * Sends the events to the desk in the background, again and again until they are taken.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Events;

use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Through Action Scheduler, which WooCommerce brings. An action may be lost or run twice: the row is the
 * truth, and the desk knows an event that comes again by its id.
 */
final class Sender {

	const SEND  = 'refund_desk_bridge_send_event';
	const SWEEP = 'refund_desk_bridge_sweep';
	const GROUP = 'refund-desk-bridge';

	/** With the pauses below, a little more than a day. */
	const MOST_TRIES = 12;

	/** Seconds between two looks at what was left behind. */
	const SWEEP_EVERY = 600;

	/**
	 * The events.
	 *
	 * @var Outbox
	 */
	private $outbox;

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
	 * @param Outbox   $outbox   The events.
	 * @param Settings $settings Knows the connection.
	 * @param Server   $server   Calls the desk.
	 */
	public function __construct( Outbox $outbox, Settings $settings, Server $server ) {
		$this->outbox   = $outbox;
		$this->settings = $settings;
		$this->server   = $server;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( self::SEND, array( $this, 'on_send' ) );
		add_action( self::SWEEP, array( $this, 'on_sweep' ) );
		add_action( 'action_scheduler_init', array( $this, 'on_scheduler_init' ) );
		add_action( 'refund_desk_bridge_disconnected', array( $this, 'on_disconnected' ) );
	}

	/**
	 * Has an event sent.
	 *
	 * @param int $id  The row's id.
	 * @param int $due When, a UNIX time; 0 for now.
	 * @return void
	 */
	public static function promise( int $id, int $due = 0 ): void {
		if ( ! function_exists( 'as_enqueue_async_action' ) || ! did_action( 'action_scheduler_init' ) ) {
			return; // The sweep finds the row.
		}
		if ( 0 === $due ) {
			as_enqueue_async_action( self::SEND, array( $id ), self::GROUP );
		} else {
			as_schedule_single_action( $due, self::SEND, array( $id ), self::GROUP );
		}
	}

	/**
	 * How long to wait after a try that came to nothing: a minute, then twice as long each time, at most
	 * six hours.
	 *
	 * @param int $tries How many tries there were.
	 * @return int Seconds.
	 */
	public static function pause_after( int $tries ): int {
		return (int) min( 6 * HOUR_IN_SECONDS, MINUTE_IN_SECONDS * ( 2 ** max( 0, $tries - 1 ) ) );
	}

	/**
	 * Sends one event.
	 *
	 * @param mixed $id The row's id.
	 * @return void
	 */
	public function on_send( $id ): void {
		$event = $this->outbox->find( (int) $id );
		if ( null === $event ) {
			return;
		}
		if ( ! $this->settings->is_live() ) {
			$this->outbox->remove( $event['id'] ); // A copy, or disconnected: not ours to tell.
			return;
		}
		try {
			$this->server->report( $event['event_id'], $event['said'] );
			$this->outbox->remove( $event['id'] );
		} catch ( Trouble $trouble ) {
			$tries    = $event['tries'] + 1;
			$given_up = $tries >= self::MOST_TRIES || ! $trouble->may_pass();
			$due      = time() + self::pause_after( $tries );
			$this->outbox->note_try( $event['id'], $due, $given_up );
			if ( ! $given_up ) {
				self::promise( $event['id'], $due );
			}
		}
	}

	/**
	 * Sends what was left behind when an action was lost, and forgets what was given up long ago.
	 *
	 * @return void
	 */
	public function on_sweep(): void {
		$this->outbox->prune( time() );
		foreach ( $this->outbox->overdue( time() - self::SWEEP_EVERY ) as $id ) {
			if ( ! as_has_scheduled_action( self::SEND, array( $id ), self::GROUP ) ) {
				self::promise( $id );
			}
		}
	}

	/**
	 * Sees to it that the sweep comes round. Not on every page: visitors need not wait for it.
	 *
	 * @return void
	 */
	public function on_scheduler_init(): void {
		if ( ( is_admin() || wp_doing_cron() ) && $this->settings->is_live() && ! as_has_scheduled_action( self::SWEEP, null, self::GROUP ) ) {
			as_schedule_recurring_action( time() + self::SWEEP_EVERY, self::SWEEP_EVERY, self::SWEEP, array(), self::GROUP );
		}
	}

	/**
	 * Nothing is to be told to anybody any more.
	 *
	 * @return void
	 */
	public function on_disconnected(): void {
		$this->outbox->clear();
		if ( function_exists( 'as_unschedule_all_actions' ) ) {
			as_unschedule_all_actions( '', array(), self::GROUP );
		}
	}
}
