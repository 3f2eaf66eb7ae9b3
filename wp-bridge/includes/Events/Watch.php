<?php
/**
 * Sees what happens in the store and WooCommerce has no webhook for.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Events;

use RefundDesk\Bridge\Refunds\AttemptRecord;
use RefundDesk\Bridge\Refunds\RecordUnavailable;

defined( 'ABSPATH' ) || exit;

/**
 * An order or a refund that is deleted for good, a refund whose process died, a subscription that was
 * made over REST. Each is a hint: the desk looks at the object itself.
 */
final class Watch {

	/** Up to when dead refunds were looked for. */
	const OPTION = 'refund_desk_bridge_died_until';

	/** Seconds after which a refund without an answer counts as dead: web servers end requests before. */
	const DEAD_AFTER = 900;

	/** What the cleaning up of unfinished checkouts deletes by the hundred; the desk never had them. */
	const DRAFTS = array( 'checkout-draft', 'auto-draft', 'new' );

	/**
	 * Takes the events.
	 *
	 * @var Outbox
	 */
	private $outbox;

	/**
	 * The attempts.
	 *
	 * @var AttemptRecord
	 */
	private $record;

	/**
	 * Keeps what it is given.
	 *
	 * @param Outbox        $outbox Takes the events.
	 * @param AttemptRecord $record The attempts.
	 */
	public function __construct( Outbox $outbox, AttemptRecord $record ) {
		$this->outbox = $outbox;
		$this->record = $record;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		// WooCommerce's hooks after deletions miss refunds in the order tables; these filters miss none.
		add_filter( 'woocommerce_pre_delete_order', array( $this, 'on_delete' ), PHP_INT_MAX, 3 );
		add_filter( 'woocommerce_pre_delete_order_refund', array( $this, 'on_delete' ), PHP_INT_MAX, 3 );
		// Orders that are posts can be deleted as posts.
		add_action( 'before_delete_post', array( $this, 'on_delete_post' ) );
		// Two routes make subscriptions, each with a hook of its own.
		add_action( 'wcs_create_subscription', array( $this, 'on_subscription' ) );
		add_action( 'woocommerce_rest_insert_shop_subscription_object', array( $this, 'on_rest_subscription' ), 10, 3 );
		add_action( Sender::SWEEP, array( $this, 'on_sweep' ), 5 );
	}

	/**
	 * An order or refund is about to be deleted.
	 *
	 * @param mixed $check Not null where another plugin keeps it from being deleted.
	 * @param mixed $order The order or refund.
	 * @param mixed $force Whether for good.
	 * @return mixed What was given.
	 */
	public function on_delete( $check, $order, $force ) {
		if ( null === $check && $force ) {
			$this->note_deleted( $order );
		}
		return $check;
	}

	/**
	 * A post is about to be deleted for good.
	 *
	 * @param mixed $post_id The post's id.
	 * @return void
	 */
	public function on_delete_post( $post_id ): void {
		if ( in_array( get_post_type( (int) $post_id ), array( 'shop_order', 'shop_order_refund' ), true ) ) {
			$this->note_deleted( wc_get_order( (int) $post_id ) );
		}
	}

	/**
	 * A subscription was made. Over REST, WooCommerce tells only that it was changed.
	 *
	 * @param mixed $subscription The subscription.
	 * @return void
	 */
	public function on_subscription( $subscription ): void {
		if ( $subscription instanceof \WC_Order && $subscription->get_id() > 0 ) {
			$this->outbox->note( 'subscription.created', array( 'subscription' => $subscription->get_id() ) );
		}
	}

	/**
	 * A subscription was made or changed over REST.
	 *
	 * @param mixed $subscription The subscription.
	 * @param mixed $request      Not heeded.
	 * @param mixed $is_new       Whether it was made.
	 * @return void
	 */
	public function on_rest_subscription( $subscription, $request, $is_new ): void {
		if ( $is_new ) {
			$this->on_subscription( $subscription );
		}
	}

	/**
	 * Looks for refunds whose process died.
	 *
	 * @return void
	 */
	public function on_sweep(): void {
		$until = gmdate( 'Y-m-d H:i:s', time() - self::DEAD_AFTER );
		$after = (string) get_option( self::OPTION, '' );
		try {
			foreach ( $this->record->unanswered( $after, $until ) as $attempt ) {
				$this->outbox->note( 'refund.died', array( 'order' => $attempt->order_id ) );
			}
		} catch ( RecordUnavailable $unavailable ) {
			return; // The next sweep looks at the same time again.
		}
		update_option( self::OPTION, $until, false );
	}

	/**
	 * Notes a deletion.
	 *
	 * @param mixed $order An order, a refund, or anything else.
	 * @return void
	 */
	private function note_deleted( $order ): void {
		if ( $order instanceof \WC_Order_Refund && $order->get_parent_id() > 0 ) {
			$this->outbox->note(
				'refund.deleted',
				array(
					'order'  => $order->get_parent_id(),
					'refund' => $order->get_id(),
				)
			);
		} elseif ( $order instanceof \WC_Order && 'shop_order' === $order->get_type() && $order->get_id() > 0 && ! in_array( $order->get_status(), self::DRAFTS, true ) ) {
			$this->outbox->note( 'order.deleted', array( 'order' => $order->get_id() ) );
		}
	}
}
