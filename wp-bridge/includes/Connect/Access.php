<?php
/**
 * The user and the REST key by which the desk works in the store.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

defined( 'ABSPATH' ) || exit;

/**
 * A role of its own: orders, and reading products. WooCommerce asks for `manage_woocommerce` to look at
 * a payment gateway or at webhooks, and whoever has that may change every setting of the store. And to
 * change an order that is kept in the order tables it asks, by way of the post that holds the order's
 * number, for the right to edit the site's posts. So the bridge answers for these three itself, and only
 * for its own user: orders and subscriptions to be changed, gateways to be read, webhooks to be read and
 * made, and its own webhooks to be changed.
 *
 * Nobody can sign in as this user.
 */
final class Access {

	const ROLE = 'refund_desk';

	/** Marks the user that the bridge made: a role alone can be given to anybody. */
	const MARK = 'refund_desk_bridge_user';

	/** What the desk's calls need of WordPress; tried one by one against a real store. */
	const CAPABILITIES = array(
		'read'                       => true,
		'read_private_shop_orders'   => true,
		'publish_shop_orders'        => true,
		'edit_shop_orders'           => true,
		'edit_others_shop_orders'    => true,
		'edit_published_shop_orders' => true,
		'edit_private_shop_orders'   => true,
		'read_private_products'      => true,
	);

	/**
	 * What of it holds while the plugin is switched off: orders are read and told of, nothing is changed.
	 * Older WooCommerce deletes orders for whoever may edit them, in a batch, and nobody would refuse it.
	 */
	const WHILE_OFF = array(
		'read'                     => true,
		'read_private_shop_orders' => true,
		'read_private_products'    => true,
	);

	/** What the desk's user may do beside its capabilities: contexts of WooCommerce's, by type. */
	const BESIDES = array(
		'shop_order'        => array( 'edit' ),
		'shop_subscription' => array( 'edit' ),
		'payment_gateways'  => array( 'read' ),
		'webhooks'          => array( 'read', 'create', 'edit' ),
	);

	/**
	 * The user's id, once it was looked up.
	 *
	 * @var int|null
	 */
	private $user_id = null;

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_filter( 'woocommerce_rest_check_permissions', array( $this, 'on_check_permissions' ), 10, 4 );
		add_filter( 'rest_dispatch_request', array( $this, 'on_dispatch_request' ), 10, 3 );
		add_filter( 'woocommerce_rest_prepare_payment_gateway', array( $this, 'on_prepare_payment_gateway' ), PHP_INT_MAX );
		add_filter( 'wp_authenticate_user', array( $this, 'on_authenticate_user' ) );
		add_filter( 'wp_is_application_passwords_available_for_user', array( $this, 'on_application_passwords' ), 10, 2 );
	}

	/**
	 * Lets the desk's user do what its role cannot say: change orders, see gateways and webhooks. Batches,
	 * which the desk never sends, it may not: older WooCommerce asks for nothing more than the right to
	 * send one, and deletes whatever it lists.
	 *
	 * @param bool   $permission Whether WooCommerce lets it.
	 * @param string $context    "read", "create", "edit", "delete" or "batch".
	 * @param int    $object_id  Not heeded.
	 * @param string $type       Of what.
	 * @return bool
	 */
	public function on_check_permissions( $permission, $context, $object_id, $type ) {
		if ( 'batch' === $context && $this->is_current_user() ) {
			return false;
		}
		$lets = self::BESIDES[ $type ] ?? array();
		if ( $permission || ! in_array( $context, $lets, true ) || ! $this->is_current_user() ) {
			return $permission;
		}
		return current_user_can( 'edit_others_shop_orders' ); // The role may have been taken away.
	}

	/**
	 * Keeps the desk's user from the webhooks of others: one that delivers elsewhere from now on would
	 * tell what its owner may see.
	 *
	 * By the route's pattern and not by its address, which WordPress matches in capitals, too; and by the
	 * id that WooCommerce goes by, which a body or a query may give before the address does.
	 *
	 * @param mixed            $result  An answer, if there is one already.
	 * @param \WP_REST_Request $request The request.
	 * @param string           $route   The route's pattern.
	 * @return mixed
	 */
	public function on_dispatch_request( $result, $request, $route ) {
		if ( 'GET' === $request->get_method() || 1 !== preg_match( '#^/wc/v[1-9]/webhooks/\(#', (string) $route ) || ! $this->is_current_user() ) {
			return $result;
		}
		$webhook = wc_get_webhook( (int) $request['id'] );
		if ( null === $webhook || $webhook->get_user_id() === $this->user_id() ) {
			return $result;
		}
		return new \WP_Error(
			'refund_desk_not_yours',
			__( 'This webhook was not made by the bridge. It was left as it is.', 'refund-desk-bridge' ),
			array( 'status' => 403 )
		);
	}

	/**
	 * Tells the desk's user what a gateway can do, and not how it is set: WooCommerce adds every setting,
	 * and with them the secret keys of the payment provider.
	 *
	 * @param mixed $response What WooCommerce would tell.
	 * @return mixed
	 */
	public function on_prepare_payment_gateway( $response ) {
		if ( $response instanceof \WP_REST_Response && $this->is_current_user() ) {
			$told = (array) $response->get_data();
			unset( $told['settings'] );
			$response->set_data( $told );
		}
		return $response;
	}

	/**
	 * Lets nobody sign in as the desk's user.
	 *
	 * @param \WP_User|\WP_Error $user Who wants in.
	 * @return \WP_User|\WP_Error
	 */
	public function on_authenticate_user( $user ) {
		if ( $user instanceof \WP_User && $user->ID === $this->user_id() ) {
			return new \WP_Error( 'refund_desk_no_sign_in', __( 'Nobody can sign in as this user: it belongs to Refund Desk.', 'refund-desk-bridge' ) );
		}
		return $user;
	}

	/**
	 * Gives the desk's user no application passwords.
	 *
	 * @param bool     $available Whether others may have them.
	 * @param \WP_User $user      The user.
	 * @return bool
	 */
	public function on_application_passwords( $available, $user ) {
		return $available && $user->ID !== $this->user_id();
	}

	/**
	 * Makes user and key anew. A user from an attempt that broke off is used again, its keys are not.
	 *
	 * @return array{consumer_key: string, consumer_secret: string} Told this once.
	 * @throws CannotConnect When WordPress makes no user or WooCommerce keeps no key.
	 */
	public function make(): array {
		remove_role( self::ROLE ); // It may be that of an older version.
		add_role( self::ROLE, 'Refund Desk', self::CAPABILITIES );
		$user_id = $this->user_id();
		if ( 0 === $user_id ) {
			$user_id = $this->make_user();
		}
		$this->remove_keys( $user_id );
		return $this->make_key( $user_id );
	}

	/**
	 * Leaves the desk's user what it may do without the bridge. For the hook of switching off.
	 *
	 * @return void
	 */
	public static function narrow(): void {
		self::give( self::WHILE_OFF );
	}

	/**
	 * Gives the desk's user all its rights again. For the hook of switching on.
	 *
	 * @return void
	 */
	public static function widen(): void {
		self::give( self::CAPABILITIES );
	}

	/**
	 * The id of the desk's user.
	 *
	 * @return int 0 when there is none.
	 */
	public function user_id(): int {
		if ( null === $this->user_id ) {
			$found         = get_users(
				array(
					'meta_key'   => $this->mark(), // phpcs:ignore WordPress.DB.SlowDBQuery.slow_db_query_meta_key -- once per request at most.
					'meta_value' => '1', // phpcs:ignore WordPress.DB.SlowDBQuery.slow_db_query_meta_value -- as above.
					'fields'     => 'ID',
					'number'     => 1,
				)
			);
			$this->user_id = array() === $found ? 0 : (int) $found[0];
		}
		return $this->user_id;
	}

	/**
	 * Removes key, user and role. Works without WooCommerce, too.
	 *
	 * @return void
	 */
	public function remove(): void {
		$user_id = $this->user_id();
		if ( 0 !== $user_id ) {
			$this->remove_keys( $user_id );
			$this->remove_user( $user_id );
		}
		remove_role( self::ROLE );
		$this->user_id = null;
	}

	/**
	 * Whether the request is the desk's.
	 *
	 * @return bool
	 */
	public function is_current_user(): bool {
		$current = get_current_user_id();
		return 0 !== $current && $current === $this->user_id();
	}

	/**
	 * Changes the rights of the role, where there is one.
	 *
	 * @param array<string, bool> $capabilities The rights.
	 * @return void
	 */
	private static function give( array $capabilities ): void {
		if ( null !== get_role( self::ROLE ) ) {
			remove_role( self::ROLE ); // Whoever has it keeps it by its name.
			add_role( self::ROLE, 'Refund Desk', $capabilities );
		}
	}

	/**
	 * Makes the user.
	 *
	 * @return int Its id.
	 * @throws CannotConnect When WordPress does not.
	 */
	private function make_user(): int {
		$user_id = wp_insert_user(
			array(
				// A name of its own: somebody may have registered under any fixed one.
				'user_login'   => 'refund-desk-' . strtolower( wp_generate_password( 8, false ) ),
				'user_pass'    => wp_generate_password( 64, true, true ),
				'display_name' => 'Refund Desk',
				'description'  => __( 'Made by Refund Desk Bridge: by this user the desk reads orders and pays refunds. It goes when you disconnect.', 'refund-desk-bridge' ),
				'role'         => self::ROLE,
			)
		);
		if ( is_wp_error( $user_id ) ) {
			throw new CannotConnect(
				sprintf(
					/* translators: %s: what WordPress says. */
					__( 'WordPress could not make the user that the desk works by: %s', 'refund-desk-bridge' ),
					$user_id->get_error_message()
				)
			);
		}
		update_user_meta( $user_id, $this->mark(), '1' );
		$this->user_id = $user_id;
		return $user_id;
	}

	/**
	 * Makes a REST key that may read and write, the way WooCommerce does.
	 *
	 * @param int $user_id Whose.
	 * @return array{consumer_key: string, consumer_secret: string}
	 * @throws CannotConnect When it could not be kept.
	 */
	private function make_key( int $user_id ): array {
		global $wpdb;
		$key    = 'ck_' . wc_rand_hash();
		$secret = 'cs_' . wc_rand_hash();
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery.DirectQuery -- WooCommerce has no function for it.
		$kept = $wpdb->insert(
			$wpdb->prefix . 'woocommerce_api_keys',
			array(
				'user_id'         => $user_id,
				'description'     => 'Refund Desk',
				'permissions'     => 'read_write',
				'consumer_key'    => wc_api_hash( $key ),
				'consumer_secret' => $secret,
				'truncated_key'   => substr( $key, -7 ),
			)
		);
		if ( 1 !== $kept ) {
			throw new CannotConnect( __( 'WooCommerce’s table of REST keys could not be written. Update WooCommerce’s database (WooCommerce, Status, Tools) and try again.', 'refund-desk-bridge' ) );
		}
		return array(
			'consumer_key'    => $key,
			'consumer_secret' => $secret,
		);
	}

	/**
	 * Removes all REST keys of a user.
	 *
	 * @param int $user_id Whose.
	 * @return void
	 */
	private function remove_keys( int $user_id ): void {
		global $wpdb;
		// phpcs:ignore WordPress.DB.DirectDatabaseQuery -- WooCommerce has no function for it.
		$wpdb->delete( $wpdb->prefix . 'woocommerce_api_keys', array( 'user_id' => $user_id ), array( '%d' ) );
	}

	/**
	 * Removes the user; what may bear its name goes to an administrator instead of being deleted.
	 *
	 * @param int $user_id Whom.
	 * @return void
	 */
	private function remove_user( int $user_id ): void {
		$heirs = get_users( array( 'role' => 'administrator', 'fields' => 'ID', 'number' => 1, 'exclude' => array( $user_id ) ) );
		require_once ABSPATH . 'wp-admin/includes/user.php';
		if ( is_multisite() ) {
			require_once ABSPATH . 'wp-admin/includes/ms.php';
			wpmu_delete_user( $user_id );
			return;
		}
		wp_delete_user( $user_id, array() === $heirs ? null : (int) $heirs[0] );
	}

	/**
	 * The mark's key: sites of one network share their users.
	 *
	 * @return string
	 */
	private function mark(): string {
		global $wpdb;
		return $wpdb->get_blog_prefix() . self::MARK;
	}
}
