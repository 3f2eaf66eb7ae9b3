<?php
/**
 * The store's webhooks that deliver to the desk.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * They are known by their owner, the desk's user: whatever it owns was made here.
 *
 * A webhook without an owner that may read orders delivers signed errors instead of orders.
 */
final class Webhooks {

	/**
	 * Knows the desk's user.
	 *
	 * @var Access
	 */
	private $access;

	/**
	 * Knows the connection.
	 *
	 * @var Settings
	 */
	private $settings;

	/**
	 * Keeps what it is given.
	 *
	 * @param Access   $access   Knows the desk's user.
	 * @param Settings $settings Knows the connection.
	 */
	public function __construct( Access $access, Settings $settings ) {
		$this->access   = $access;
		$this->settings = $settings;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_filter( 'woocommerce_webhook_should_deliver', array( $this, 'on_should_deliver' ), 10, 2 );
	}

	/**
	 * Keeps a copy of the store from delivering in the store's name.
	 *
	 * @param bool        $should_deliver Whether it would.
	 * @param \WC_Webhook $webhook        The webhook.
	 * @return bool
	 */
	public function on_should_deliver( $should_deliver, $webhook ) {
		if ( ! $should_deliver || ! $this->settings->is_copy() ) {
			return $should_deliver;
		}
		return $webhook->get_user_id() !== $this->access->user_id();
	}

	/**
	 * Makes the webhooks that the desk wants, and removes those that it does not. Safe to repeat.
	 *
	 * @param array<string, array{url: string, secret: string}> $wanted By topic.
	 * @return array<string, string> The delivery address of each topic that this store offers.
	 */
	public function ensure( array $wanted ): array {
		$made = array();
		$kept = array();
		foreach ( $this->ours() as $webhook ) {
			$topic = $webhook->get_topic();
			$is_it = isset( $wanted[ $topic ] ) && ! isset( $kept[ $topic ] ) && $webhook->get_delivery_url() === $wanted[ $topic ]['url'];
			if ( $is_it ) {
				$kept[ $topic ] = $webhook;
			} else {
				$webhook->delete( true );
			}
		}
		foreach ( $wanted as $topic => $one ) {
			if ( ! wc_is_webhook_valid_topic( $topic ) ) {
				continue;
			}
			$webhook = $kept[ $topic ] ?? new \WC_Webhook();
			$webhook->set_name( 'Refund Desk ' . $topic );
			$webhook->set_user_id( $this->access->user_id() );
			$webhook->set_topic( $topic );
			$webhook->set_delivery_url( $one['url'] );
			$webhook->set_secret( $one['secret'] );
			$webhook->set_api_version( 'wp_api_v3' );
			$webhook->set_status( 'active' );
			$webhook->set_failure_count( 0 );
			$webhook->save();
			$made[ $topic ] = $one['url'];
		}
		return $made;
	}

	/**
	 * The topics that should deliver and do not: their webhook is missing or switched off.
	 *
	 * @return string[]
	 */
	public function silent(): array {
		$active = array();
		foreach ( $this->ours() as $webhook ) {
			if ( 'active' === $webhook->get_status() ) {
				$active[ $webhook->get_topic() ] = true;
			}
		}
		return array_keys( array_diff_key( $this->settings->webhooks(), $active ) );
	}

	/**
	 * The topics whose last deliveries failed, each with how many in a row, such as "order.updated (3)".
	 *
	 * @return string[]
	 */
	public function failing(): array {
		$failing = array();
		foreach ( $this->ours() as $webhook ) {
			if ( $webhook->get_failure_count() > 0 ) {
				$failing[] = $webhook->get_topic() . ' (' . $webhook->get_failure_count() . ')';
			}
		}
		return $failing;
	}

	/**
	 * Removes all of them.
	 *
	 * @return void
	 */
	public function remove(): void {
		if ( class_exists( 'WC_Webhook' ) ) {
			foreach ( $this->ours() as $webhook ) {
				$webhook->delete( true );
			}
		} elseif ( 0 !== $this->access->user_id() ) {
			global $wpdb;
			// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- the plugin can be deleted while WooCommerce is off.
			$wpdb->delete( $wpdb->prefix . 'wc_webhooks', array( 'user_id' => $this->access->user_id() ), array( '%d' ) );
		}
	}

	/**
	 * The webhooks that the desk's user owns.
	 *
	 * @return \WC_Webhook[]
	 */
	private function ours(): array {
		$user_id = $this->access->user_id();
		$ours    = array();
		if ( 0 === $user_id ) {
			return $ours;
		}
		foreach ( \WC_Data_Store::load( 'webhook' )->get_webhooks_ids() as $id ) {
			$webhook = wc_get_webhook( (int) $id );
			if ( null !== $webhook && $webhook->get_user_id() === $user_id ) {
				$ours[] = $webhook;
			}
		}
		return $ours;
	}
}
