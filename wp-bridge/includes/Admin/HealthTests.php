<?php
/**
 * Tells under Tools, Site Health how the connection with the desk stands.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Admin;

use RefundDesk\Bridge\Connect\Webhooks;
use RefundDesk\Bridge\Events\Outbox;
use RefundDesk\Bridge\Refunds\RefundRoute;
use RefundDesk\Bridge\Server\Impatient;
use RefundDesk\Bridge\Server\Part;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * What the store knows by itself is looked at while the page is made; the desk is asked for its part in
 * the background, by WordPress's own page.
 */
final class HealthTests {

	/** The route by which WordPress's page has the desk asked, in the background. */
	const ROUTE = '/health';

	/** Seconds by which the two clocks may differ; the desk refuses calls from five minutes on. */
	const CLOCKS_AGREE = 60;

	/** Seconds after which a store that sells would have delivered something. */
	const LONG_SILENCE = 3 * DAY_IN_SECONDS;

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Asks the desk.
	 *
	 * @var Impatient
	 */
	private $desk;

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
	 * @param Settings  $settings Knows the connection.
	 * @param Impatient $desk     Asks the desk.
	 * @param Webhooks  $webhooks The webhooks.
	 * @param Outbox    $outbox   The events.
	 */
	public function __construct( Settings $settings, Impatient $desk, Webhooks $webhooks, Outbox $outbox ) {
		$this->settings = $settings;
		$this->desk     = $desk;
		$this->webhooks = $webhooks;
		$this->outbox   = $outbox;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_filter( 'site_status_tests', array( $this, 'on_site_status_tests' ) );
		add_action( 'rest_api_init', array( $this, 'on_rest_api_init' ) );
	}

	/**
	 * Adds the tests of a store that is connected.
	 *
	 * @param array<string, array<string, array<string, mixed>>> $tests WordPress's.
	 * @return array<string, array<string, array<string, mixed>>>
	 */
	public function on_site_status_tests( $tests ) {
		if ( ! $this->settings->is_live() ) {
			return $tests;
		}
		$tests['direct']['refund_desk_bridge_webhooks'] = array(
			'label' => __( 'Refund Desk webhooks', 'refund-desk-bridge' ),
			'test'  => array( $this, 'look_at_webhooks' ),
		);
		$tests['direct']['refund_desk_bridge_reports']  = array(
			'label' => __( 'Refund Desk reports', 'refund-desk-bridge' ),
			'test'  => array( $this, 'look_at_reports' ),
		);
		$tests['direct']['refund_desk_bridge_loopback'] = array(
			'label' => __( 'Refund Desk background work', 'refund-desk-bridge' ),
			'test'  => array( $this, 'look_at_queue' ),
		);
		$tests['async']['refund_desk_bridge_desk']      = array(
			'label'             => __( 'Refund Desk', 'refund-desk-bridge' ),
			'test'              => rest_url( RefundRoute::NAMESPACE . self::ROUTE ),
			'has_rest'          => true,
			'async_direct_test' => array( $this, 'look_at_desk' ),
		);
		return $tests;
	}

	/**
	 * Whether each webhook is there, on, and delivers.
	 *
	 * @return array<string, mixed>
	 */
	public function look_at_webhooks(): array {
		$silent = $this->webhooks->silent();
		if ( array() !== $silent ) {
			/* translators: %s: names of webhook topics. */
			return self::found( 'webhooks', 'critical', __( 'The desk is not told of changes in the store', 'refund-desk-bridge' ), sprintf( __( 'These webhooks are missing or switched off: %s. Until they are back the desk finds changes by asking, minutes later.', 'refund-desk-bridge' ), implode( ', ', $silent ) ), true );
		}
		$failing = $this->webhooks->failing();
		if ( array() !== $failing ) {
			/* translators: %s: names of webhook topics, each with a count. */
			return self::found( 'webhooks', 'recommended', __( 'Deliveries to the desk fail', 'refund-desk-bridge' ), sprintf( __( 'Failed in a row: %s. WooCommerce switches a webhook off at the seventh. Repairing sets the counts back and has one delivery made.', 'refund-desk-bridge' ), implode( ', ', $failing ) ), true );
		}
		return self::found( 'webhooks', 'good', __( 'The store tells the desk of its changes', 'refund-desk-bridge' ), __( 'Every webhook of the desk is there, switched on, and without a failed delivery.', 'refund-desk-bridge' ) );
	}

	/**
	 * Whether all reports were taken.
	 *
	 * @return array<string, mixed>
	 */
	public function look_at_reports(): array {
		$given_up = $this->outbox->count( true );
		if ( $given_up > 0 ) {
			/* translators: %d: how many. */
			return self::found( 'reports', 'recommended', __( 'Reports to the desk were given up', 'refund-desk-bridge' ), sprintf( _n( '%d report could not be delivered for a day. Repairing sends it once more.', '%d reports could not be delivered for a day. Repairing sends them once more.', $given_up, 'refund-desk-bridge' ), $given_up ), true );
		}
		return self::found( 'reports', 'good', __( 'Reports reach the desk', 'refund-desk-bridge' ), __( 'What WooCommerce has no webhook for is reported by the bridge; nothing was given up.', 'refund-desk-bridge' ) );
	}

	/**
	 * Whether WooCommerce's queue moves: webhooks and reports leave by it.
	 *
	 * @return array<string, mixed>
	 */
	public function look_at_queue(): array {
		$waits = $this->outbox->oldest_wait( time() );
		if ( $waits > HOUR_IN_SECONDS ) {
			return self::found( 'loopback', 'recommended', __( 'Background work of the store stands still', 'refund-desk-bridge' ), __( 'A report has been due for more than an hour, so webhooks wait too. The site may not be able to call itself: ask your host to allow loopback requests, or to call wp-cron.php every minute.', 'refund-desk-bridge' ), true );
		}
		return self::found( 'loopback', 'good', __( 'Background work of the store moves', 'refund-desk-bridge' ), __( 'No report of the bridge has been due for long.', 'refund-desk-bridge' ) );
	}

	/**
	 * Whether the desk answers, by which clock, and when it was delivered to last.
	 *
	 * @return array<string, mixed>
	 */
	public function look_at_desk(): array {
		try {
			$told = new Part( $this->desk->ask( 'owner/health', array() ) );
		} catch ( Trouble $trouble ) {
			$before = $this->settings->last_contact();
			/* translators: %s: a date and time. */
			$last = $before > 0 ? ' ' . sprintf( __( 'It answered last on %s.', 'refund-desk-bridge' ), self::moment( $before ) ) : '';
			return self::found( 'desk', 'critical', __( 'The desk cannot be reached', 'refund-desk-bridge' ), $trouble->getMessage() . $last, true );
		}
		$off = $told->instant( 'now' ) - time();
		if ( abs( $off ) > self::CLOCKS_AGREE ) {
			/* translators: %d: how many seconds. */
			return self::found( 'desk', 'recommended', __( 'The clocks of store and desk differ', 'refund-desk-bridge' ), sprintf( __( 'They are %d seconds apart; from five minutes on no call is believed. Ask your host to have the clock set by itself (NTP).', 'refund-desk-bridge' ), abs( $off ) ) );
		}
		$delivered = $told->instant( 'delivered_at' );
		if ( 0 === $delivered || time() - $delivered > self::LONG_SILENCE ) {
			/* translators: %s: a date and time. */
			$words = 0 === $delivered ? __( 'No delivery has arrived there yet.', 'refund-desk-bridge' ) : sprintf( __( 'The last delivery arrived there on %s.', 'refund-desk-bridge' ), self::moment( $delivered ) );
			return self::found( 'desk', 'recommended', __( 'The desk has not been delivered to lately', 'refund-desk-bridge' ), $words . ' ' . __( 'In a quiet store that is nothing. Repairing has one delivery made; look again some minutes later.', 'refund-desk-bridge' ), true );
		}
		/* translators: %s: a date and time. */
		return self::found( 'desk', 'good', __( 'The desk answers, and deliveries arrive', 'refund-desk-bridge' ), sprintf( __( 'Its clock agrees with this one, and the last delivery arrived there on %s.', 'refund-desk-bridge' ), self::moment( $delivered ) ) );
	}

	/**
	 * Registers the route.
	 *
	 * @return void
	 */
	public function on_rest_api_init(): void {
		register_rest_route(
			RefundRoute::NAMESPACE,
			self::ROUTE,
			array(
				'methods'             => 'GET',
				'callback'            => array( $this, 'look_at_desk' ),
				'permission_callback' => array( $this, 'may_look' ),
			)
		);
	}

	/**
	 * Whether the caller may see Site Health.
	 *
	 * @return bool
	 */
	public function may_look(): bool {
		return current_user_can( 'view_site_health_checks' );
	}

	/**
	 * One finding, in WordPress's form.
	 *
	 * @param string $name   What was looked at.
	 * @param string $status "good", "recommended" or "critical".
	 * @param string $label  A translated line.
	 * @param string $words  One or two translated sentences.
	 * @param bool   $mends  Whether repairing may help.
	 * @return array<string, mixed>
	 */
	private static function found( string $name, string $status, string $label, string $words, bool $mends = false ): array {
		$may    = current_user_can( ConnectPage::CAPABILITY );
		$button = sprintf( '<a class="button" href="%s">%s</a> ', esc_url( wp_nonce_url( admin_url( 'admin-post.php?action=' . ConnectPage::CHECK ), ConnectPage::CHECK ) ), esc_html__( 'Check and repair', 'refund-desk-bridge' ) );
		$page   = sprintf( '<a href="%s">%s</a>', esc_url( ConnectPage::address() ), esc_html__( 'Open the connection’s page', 'refund-desk-bridge' ) );
		return array(
			'test'        => 'refund_desk_bridge_' . $name,
			'status'      => $status,
			'label'       => $label,
			'badge'       => array(
				'label' => 'Refund Desk',
				'color' => 'good' === $status ? 'blue' : 'orange',
			),
			'description' => '<p>' . esc_html( $words ) . '</p>',
			'actions'     => $may && 'good' !== $status ? '<p>' . ( $mends ? $button : '' ) . $page . '</p>' : '',
		);
	}

	/**
	 * A moment as the site writes it.
	 *
	 * @param int $at A UNIX time.
	 * @return string
	 */
	private static function moment( int $at ): string {
		return (string) wp_date( get_option( 'date_format' ) . ' ' . get_option( 'time_format' ), $at );
	}
}
