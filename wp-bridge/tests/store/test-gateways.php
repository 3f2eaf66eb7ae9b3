<?php
/**
 * Two payment gateways that can be told to fail, for tests against a real WooCommerce.
 *
 * Copy this file into wp-content/mu-plugins of a store that takes no real money; it does nothing
 * unless WP_ENVIRONMENT_TYPE is "local" or "development". `rigpay` pays once per call, `rigkeys` once
 * per key. Every movement of money is a row of the table {prefix}rig_movements, written over a
 * connection of its own, as a payment provider would remember it whatever becomes of the store.
 *
 * Routes under /wp-json/rig/v1, with the store's REST keys: POST mode, GET mode, GET movements,
 * POST run (what is due in the store's queue), POST renew.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Tests\Store;

defined( 'ABSPATH' ) || exit;

if ( ! in_array( wp_get_environment_type(), array( 'local', 'development' ), true ) ) {
	return;
}

/**
 * The provider behind both gateways.
 */
final class Provider {

	/**
	 * A connection of the provider's own.
	 *
	 * @return \mysqli
	 */
	private static function open(): \mysqli {
		static $opened = null;
		if ( null === $opened ) {
			global $wpdb;
			list( $host, $port, $socket ) = $wpdb->parse_db_host( DB_HOST );
			$opened = new \mysqli( $host, DB_USER, DB_PASSWORD, DB_NAME, (int) $port, (string) $socket );
			$opened->query( 'CREATE TABLE IF NOT EXISTS ' . self::table() . " (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY, kind varchar(20) NOT NULL, order_id bigint unsigned NOT NULL, amount varchar(40) NOT NULL, reason text NOT NULL, pay_key varchar(80) NOT NULL DEFAULT '')" );
		}
		return $opened;
	}

	/**
	 * The table of movements.
	 *
	 * @return string
	 */
	private static function table(): string {
		global $wpdb;
		return $wpdb->prefix . 'rig_movements';
	}

	/**
	 * Moves money, unless the key was paid before.
	 *
	 * @param string $kind     "payment" or "refund".
	 * @param int    $order_id The order's id.
	 * @param string $amount   The amount as the gateway got it.
	 * @param string $reason   The reason.
	 * @param string $key      The key, or '' for a provider that knows none.
	 * @return void
	 */
	public static function move( string $kind, int $order_id, string $amount, string $reason, string $key ): void {
		$own = self::open();
		if ( '' !== $key ) {
			$paid = $own->prepare( 'SELECT id FROM ' . self::table() . ' WHERE pay_key = ?' );
			$paid->bind_param( 's', $key );
			$paid->execute();
			if ( $paid->get_result()->num_rows > 0 ) {
				return;
			}
		}
		$row = $own->prepare( 'INSERT INTO ' . self::table() . ' (kind, order_id, amount, reason, pay_key) VALUES (?, ?, ?, ?, ?)' );
		$row->bind_param( 'sisss', $kind, $order_id, $amount, $reason, $key );
		$row->execute();
	}

	/**
	 * The movements of an order, or all.
	 *
	 * @param int $order_id The order's id, 0 for all.
	 * @return array<int, array<string, mixed>>
	 */
	public static function movements( int $order_id ): array {
		$rows = self::open()->query( 'SELECT * FROM ' . self::table() . ( $order_id ? " WHERE order_id = {$order_id}" : '' ) . ' ORDER BY id' );
		return $rows->fetch_all( MYSQLI_ASSOC );
	}
}

/**
 * What goes wrong next: an option {mode, order, seconds, times}.
 */
final class Mode {

	const OPTION = 'rig_mode';

	/**
	 * Uses the mode up by one for an order.
	 *
	 * @param int      $order_id The order's id.
	 * @param string[] $of       The modes asked about.
	 * @return array{mode: string, seconds: int}
	 */
	public static function take( int $order_id, array $of ): array {
		wp_cache_delete( self::OPTION, 'options' );
		wp_cache_delete( 'alloptions', 'options' );
		$set  = (array) get_option( self::OPTION, array() );
		$mode = (string) ( $set['mode'] ?? 'ok' );
		if ( ! in_array( $mode, $of, true ) || ! in_array( (int) ( $set['order'] ?? 0 ), array( 0, $order_id ), true ) ) {
			return array( 'mode' => 'ok', 'seconds' => 0 );
		}
		$times = (int) ( $set['times'] ?? 0 );
		if ( $times > 0 ) {
			update_option( self::OPTION, $times > 1 ? array( 'times' => $times - 1 ) + $set : array(), true );
		}
		return array( 'mode' => $mode, 'seconds' => (int) ( $set['seconds'] ?? 0 ) );
	}

	/**
	 * Ends this process as the kernel would.
	 *
	 * @return void
	 */
	public static function die_now(): void {
		posix_kill( getmypid(), 9 );
		sleep( 5 );
	}
}

add_action(
	'plugins_loaded',
	static function (): void {
		if ( ! class_exists( 'WC_Payment_Gateway' ) ) {
			return;
		}

		/**
		 * One of the two.
		 */
		class Gateway extends \WC_Payment_Gateway {

			/**
			 * Looks like a card.
			 *
			 * @param string $id The id.
			 */
			public function __construct( string $id ) {
				$this->id           = $id;
				$this->title        = 'Card';
				$this->method_title = $id;
				$this->enabled      = 'yes';
				$this->supports     = array( 'products', 'refunds', 'subscriptions', 'subscription_cancellation' );
			}

			/**
			 * Takes the money at once.
			 *
			 * @param int $order_id The order's id.
			 * @return array<string, string>
			 */
			public function process_payment( $order_id ) {
				$order = wc_get_order( $order_id );
				Provider::move( 'payment', (int) $order_id, (string) $order->get_total(), '', '' );
				$order->payment_complete( 'ch_' . $order_id );
				return array( 'result' => 'success', 'redirect' => $this->get_return_url( $order ) );
			}

			/**
			 * Gives the money back, or what it was told to do instead.
			 *
			 * @param int        $order_id The order's id.
			 * @param float|null $amount   The amount.
			 * @param string     $reason   The reason.
			 * @return bool|\WP_Error
			 * @throws \Exception When it is told to.
			 */
			public function process_refund( $order_id, $amount = null, $reason = '' ) {
				$set  = Mode::take( (int) $order_id, array( 'decline', 'false', 'throw_before', 'ok_then_throw', 'ok_then_fatal', 'ok_then_kill', 'ok_then_decline', 'kill_before', 'hang_before', 'hang_after' ) );
				$mode = $set['mode'];
				if ( 'decline' === $mode ) {
					return new \WP_Error( 'declined', 'The card was declined.' );
				}
				if ( 'false' === $mode ) {
					return false;
				}
				if ( 'throw_before' === $mode ) {
					throw new \Exception( 'The provider is down.' );
				}
				if ( 'kill_before' === $mode ) {
					Mode::die_now();
				}
				if ( 'hang_before' === $mode ) {
					sleep( $set['seconds'] );
				}
				$key = 'rigkeys' === $this->id ? (string) apply_filters( 'refund_desk_bridge_current_key', '' ) : '';
				Provider::move( 'refund', (int) $order_id, (string) $amount, (string) $reason, $key );
				if ( 'hang_after' === $mode ) {
					sleep( $set['seconds'] );
				}
				if ( 'ok_then_kill' === $mode ) {
					Mode::die_now();
				}
				if ( 'ok_then_fatal' === $mode ) {
					call_user_func( 'no_such_function_after_the_money' );
				}
				if ( 'ok_then_throw' === $mode ) {
					throw new \Exception( 'The provider did not answer in time.' );
				}
				if ( 'ok_then_decline' === $mode ) {
					return new \WP_Error( 'timeout', 'Could not connect.' );
				}
				wc_get_order( $order_id )->add_order_note( sprintf( 'Card refunded %s (re_%s)', $amount, substr( md5( $order_id . $amount . microtime() ), 0, 12 ) ) );
				return true;
			}
		}

		add_filter(
			'woocommerce_payment_gateways',
			static function ( array $gateways ): array {
				$gateways[] = new Gateway( 'rigpay' );
				$gateways[] = new Gateway( 'rigkeys' );
				return $gateways;
			}
		);
		foreach ( array( 'rigpay', 'rigkeys' ) as $id ) {
			add_action(
				"woocommerce_scheduled_subscription_payment_{$id}",
				static function ( $amount, $order ): void {
					Provider::move( 'payment', $order->get_id(), (string) $amount, '', '' );
					$order->payment_complete( 'ch_' . $order->get_id() );
				},
				10,
				2
			);
		}
	}
);

add_filter(
	'refund_desk_bridge_gateway_honours_keys',
	static function ( $known, $gateway ): bool {
		return $known || 'rigkeys' === $gateway;
	},
	10,
	2
);

// Before the refund's row, and before the bridge counts the gateway as called.
add_action(
	'woocommerce_create_refund',
	static function ( $refund ): void {
		if ( 'kill_early' === Mode::take( (int) $refund->get_parent_id(), array( 'kill_early' ) )['mode'] ) {
			Mode::die_now();
		}
	},
	1
);

add_filter(
	'woocommerce_rest_is_request_to_rest_api',
	static function ( $is_ours ): bool {
		// phpcs:ignore WordPress.Security.ValidatedSanitizedInput -- compared only.
		return $is_ours || false !== strpos( (string) ( $_SERVER['REQUEST_URI'] ?? '' ), '/wp-json/rig/v1' );
	}
);

add_action(
	'rest_api_init',
	static function (): void {
		$may   = static function (): bool {
			return current_user_can( 'manage_woocommerce' );
		};
		$route = static function ( string $method, string $path, callable $do ) use ( $may ): void {
			register_rest_route( 'rig/v1', $path, array( 'methods' => $method, 'callback' => $do, 'permission_callback' => $may ) );
		};
		$route(
			'POST',
			'/mode',
			static function ( $request ) {
				update_option( Mode::OPTION, $request->get_json_params(), true );
				return get_option( Mode::OPTION );
			}
		);
		$route(
			'GET',
			'/mode',
			static function () {
				return (object) get_option( Mode::OPTION, array() );
			}
		);
		$route(
			'GET',
			'/movements',
			static function ( $request ) {
				return Provider::movements( absint( $request['order'] ) );
			}
		);
		$route(
			'POST',
			'/run',
			static function () {
				return array( 'ran' => \ActionScheduler::runner()->run() );
			}
		);
		$route(
			'POST',
			'/renew',
			static function ( $request ) {
				$subscription = wcs_get_subscription( absint( $request['subscription'] ) );
				do_action( 'woocommerce_scheduled_subscription_payment', $subscription->get_id() );
				$renewals = wcs_get_subscription( $subscription->get_id() )->get_related_orders( 'ids', 'renewal' );
				return array( 'order_id' => (int) max( $renewals ) );
			}
		);
	}
);
