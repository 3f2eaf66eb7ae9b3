<?php
/**
 * The REST routes that the desk calls.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * An order as the route tells it.
 *
 * @param WC_Order $order The order.
 * @return array<string, mixed>
 */
function standin_told_order( WC_Order $order ): array {
	return array(
		'id'             => $order->get_id(),
		'status'         => $order->get_status(),
		'currency'       => $order->get_currency(),
		'total'          => $order->get_total(),
		'payment_method' => $order->get_payment_method(),
	);
}

/**
 * A refund as the route tells it.
 *
 * @param WC_Order_Refund $refund The refund.
 * @return array<string, mixed>
 */
function standin_told_refund( WC_Order_Refund $refund ): array {
	return array(
		'id'               => $refund->get_id(),
		'parent_id'        => $refund->get_parent_id(),
		'amount'           => $refund->get_amount(),
		'reason'           => $refund->get_reason(),
		'refunded_payment' => $refund->get_refunded_payment(),
		'meta_data'        => array(),
	);
}

/**
 * The order that a request names.
 *
 * @param WP_REST_Request $request The request.
 * @return WC_Order|WP_Error
 */
function standin_order_of( $request ) {
	$order = wc_get_order( (int) ( $request['order_id'] ?? $request['id'] ) );
	return $order instanceof WC_Order ? $order : new WP_Error( 'woocommerce_rest_shop_order_invalid_id', 'Invalid ID.', array( 'status' => 404 ) );
}

/**
 * Makes a paid order out of its fees.
 *
 * @param WP_REST_Request $request With payment_method and fee_lines.
 * @return WP_REST_Response
 */
function standin_on_order( $request ) {
	$order = new WC_Order();
	$order->set_payment_method( (string) $request['payment_method'] );
	$order->set_total( (string) $request['fee_lines'][0]['total'] );
	$order->set_status( 'processing' );
	$order->save();
	return new WP_REST_Response( standin_told_order( $order ), 201 );
}

/**
 * Makes a refund.
 *
 * @param WP_REST_Request $request With amount, reason and api_refund.
 * @return WP_REST_Response|WP_Error
 */
function standin_on_refund( $request ) {
	$refund = wc_create_refund(
		array(
			'order_id'       => (int) $request['order_id'],
			'amount'         => (string) $request['amount'],
			'reason'         => (string) $request['reason'],
			'refund_payment' => $request['api_refund'] ?? true,
		)
	);
	// The status is WooCommerce's: whatever is refused there is refused with a 500.
	return is_wp_error( $refund ) ? new WP_Error( 'woocommerce_rest_cannot_create_order_refund', $refund->get_error_message(), 500 ) : new WP_REST_Response( standin_told_refund( $refund ), 201 );
}

/**
 * Deletes what a request names by `id`.
 *
 * @param WP_REST_Request $request The request.
 * @return array<string, bool>
 */
function standin_on_delete( $request ) {
	return array( 'deleted' => wc_get_order( (int) $request['id'] )->delete( true ) );
}

/**
 * The webhooks, without their secrets.
 *
 * @return array<int, array<string, mixed>>
 */
function standin_on_webhooks() {
	return array_map(
		static function ( int $id ): array {
			$webhook = wc_get_webhook( $id );
			return array( 'id' => $id, 'name' => $webhook->get_name(), 'status' => $webhook->get_status(), 'topic' => $webhook->get_topic(), 'delivery_url' => $webhook->get_delivery_url() );
		},
		WC_Data_Store::load( 'webhook' )->get_webhooks_ids()
	);
}

/**
 * A gateway with its settings, secrets among them.
 *
 * @param WP_REST_Request $request With id.
 * @return WP_REST_Response
 */
function standin_on_gateway( $request ) {
	$gateway = WC_Payment_Gateways::instance()->payment_gateways()[ $request['id'] ];
	$told    = new WP_REST_Response( array( 'id' => $gateway->id, 'method_supports' => $gateway->supports, 'settings' => array( 'secret_key' => 'sk_live_1' ) ) );
	return apply_filters( 'woocommerce_rest_prepare_payment_gateway', $told, $gateway, $request );
}

add_action(
	'rest_api_init',
	static function (): void {
		$orders  = static function ( string $context ): callable {
			return static function ( $request ) use ( $context ) {
				return wc_rest_check_post_permissions( 'shop_order', $context, (int) ( $request['order_id'] ?? $request['id'] ?? 0 ) );
			};
		};
		$manager = static function ( string $object, string $context ): callable {
			return static function () use ( $object, $context ) {
				return wc_rest_check_manager_permissions( $object, $context );
			};
		};
		$route   = static function ( string $method, string $path, callable $may, callable $do ): void {
			register_rest_route( 'wc/v3', $path, array( 'methods' => $method, 'permission_callback' => $may, 'callback' => $do ) );
		};
		$route( 'GET', '/orders', $orders( 'read' ), static function () { return array(); } );
		$route( 'POST', '/orders', $orders( 'create' ), 'standin_on_order' );
		// WooCommerce asks for the right before it looks for the order, and so tells who may write.
		$route(
			'PUT',
			'/orders/(?P<id>[\d]+)',
			static function ( $request ) {
				return false === wc_get_order( (int) $request['id'] ) || wc_rest_check_post_permissions( 'shop_order', 'edit', (int) $request['id'] );
			},
			static function ( $request ) {
				$order = standin_order_of( $request );
				return is_wp_error( $order ) ? $order : standin_told_order( $order );
			}
		);
		$route( 'DELETE', '/orders/(?P<id>[\d]+)', $orders( 'delete' ), 'standin_on_delete' );
		$route( 'POST', '/orders/(?P<order_id>[\d]+)/refunds', $orders( 'create' ), 'standin_on_refund' );
		$route(
			'GET',
			'/orders/(?P<order_id>[\d]+)/refunds',
			$orders( 'read' ),
			static function ( $request ) {
				return array_map( 'standin_told_refund', standin_order_of( $request )->get_refunds() );
			}
		);
		$route( 'DELETE', '/orders/(?P<order_id>[\d]+)/refunds/(?P<id>[\d]+)', $orders( 'delete' ), 'standin_on_delete' );
		$route( 'GET', '/webhooks', $manager( 'webhooks', 'read' ), 'standin_on_webhooks' );
		$route( 'GET', '/payment_gateways/(?P<id>[\w-]+)', $manager( 'payment_gateways', 'read' ), 'standin_on_gateway' );
	}
);
