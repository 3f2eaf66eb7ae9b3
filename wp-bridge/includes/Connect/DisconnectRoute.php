<?php
/**
 * Lets the desk end the connection.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Refunds\RefundRoute;

defined( 'ABSPATH' ) || exit;

/**
 * POST wc-refund-desk/v1/disconnect removes what was made for the desk. Only the desk's own user may
 * call it: an administrator has a button.
 */
final class DisconnectRoute {

	/**
	 * Knows the desk's user.
	 *
	 * @var Access
	 */
	private $access;

	/**
	 * Ends the connection.
	 *
	 * @var Connection
	 */
	private $connection;

	/**
	 * Keeps what it is given.
	 *
	 * @param Access     $access     Knows the desk's user.
	 * @param Connection $connection Ends the connection.
	 */
	public function __construct( Access $access, Connection $connection ) {
		$this->access     = $access;
		$this->connection = $connection;
	}

	/**
	 * Attaches.
	 *
	 * @return void
	 */
	public function add_hooks(): void {
		add_action( 'rest_api_init', array( $this, 'on_rest_api_init' ) );
	}

	/**
	 * Registers the route.
	 *
	 * @return void
	 */
	public function on_rest_api_init(): void {
		register_rest_route(
			RefundRoute::NAMESPACE,
			'/disconnect',
			array(
				'methods'             => 'POST',
				'callback'            => array( $this, 'on_disconnect' ),
				'permission_callback' => array( $this, 'may_disconnect' ),
			)
		);
	}

	/**
	 * Whether the caller is the desk.
	 *
	 * @return bool
	 */
	public function may_disconnect(): bool {
		return $this->access->is_current_user();
	}

	/**
	 * Removes everything. The desk knows already.
	 *
	 * @return \WP_REST_Response
	 */
	public function on_disconnect(): \WP_REST_Response {
		$this->connection->clear();
		return new \WP_REST_Response( array( 'disconnected' => true ) );
	}
}
