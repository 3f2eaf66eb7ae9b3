<?php
/**
 * Webhooks as they are kept; this stand-in delivers none.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

defined( 'ABSPATH' ) || exit;

/**
 * One webhook.
 */
class WC_Webhook extends WC_Data {

	/**
	 * What it is.
	 *
	 * @var array<string, mixed>
	 */
	protected $data = array(
		'status'        => 'disabled',
		'name'          => '',
		'user_id'       => 0,
		'delivery_url'  => '',
		'secret'        => '',
		'topic'         => '',
		'api_version'   => 3,
		'failure_count' => 0,
	);

	/**
	 * Reads one, or begins one.
	 *
	 * @param int $data The id, 0 for a new one.
	 */
	public function __construct( $data = 0 ) {
		global $wpdb;
		$row = 0 === $data ? null : $wpdb->get_row( $wpdb->prepare( "SELECT * FROM {$wpdb->prefix}wc_webhooks WHERE webhook_id = %d", $data ), ARRAY_A );
		if ( is_array( $row ) ) {
			$this->id   = (int) $row['webhook_id'];
			$this->data = array_intersect_key( $row, $this->data );
		}
	}

	/**
	 * Its topic, such as "order.updated".
	 *
	 * @param string $context Not heeded.
	 * @return string
	 */
	public function get_topic( $context = 'view' ) {
		return (string) $this->data['topic'];
	}

	/**
	 * Where it delivers.
	 *
	 * @param string $context Not heeded.
	 * @return string
	 */
	public function get_delivery_url( $context = 'view' ) {
		return (string) $this->data['delivery_url'];
	}

	/**
	 * By whose rights.
	 *
	 * @param string $context Not heeded.
	 * @return int
	 */
	public function get_user_id( $context = 'view' ) {
		return (int) $this->data['user_id'];
	}

	/**
	 * Its status.
	 *
	 * @param string $context Not heeded.
	 * @return string
	 */
	public function get_status( $context = 'view' ) {
		return (string) $this->data['status'];
	}

	/**
	 * Its name.
	 *
	 * @param string $context Not heeded.
	 * @return string
	 */
	public function get_name( $context = 'view' ) {
		return (string) $this->data['name'];
	}

	/**
	 * Sets the name.
	 *
	 * @param string $name The name.
	 * @return void
	 */
	public function set_name( $name ) {
		$this->data['name'] = (string) $name;
	}

	/**
	 * Sets whose rights it has.
	 *
	 * @param int $user_id The user.
	 * @return void
	 */
	public function set_user_id( $user_id ) {
		$this->data['user_id'] = (int) $user_id;
	}

	/**
	 * Sets the topic.
	 *
	 * @param string $topic The topic.
	 * @return void
	 */
	public function set_topic( $topic ) {
		$this->data['topic'] = (string) $topic;
	}

	/**
	 * Sets where it delivers.
	 *
	 * @param string $url The address.
	 * @return void
	 */
	public function set_delivery_url( $url ) {
		$this->data['delivery_url'] = (string) $url;
	}

	/**
	 * Sets what it signs with.
	 *
	 * @param string $secret The secret.
	 * @return void
	 */
	public function set_secret( $secret ) {
		$this->data['secret'] = (string) $secret;
	}

	/**
	 * Sets the version of its bodies.
	 *
	 * @param string $version Such as "wp_api_v3".
	 * @return void
	 */
	public function set_api_version( $version ) {
		$this->data['api_version'] = (int) substr( (string) $version, -1 );
	}

	/**
	 * Sets the status.
	 *
	 * @param string $status The status.
	 * @return void
	 */
	public function set_status( $status ) {
		$this->data['status'] = (string) $status;
	}

	/**
	 * Sets how often it failed.
	 *
	 * @param int $failure_count How often.
	 * @return void
	 */
	public function set_failure_count( $failure_count ) {
		$this->data['failure_count'] = (int) $failure_count;
	}

	/**
	 * Keeps it.
	 *
	 * @return int Its id.
	 */
	public function save() {
		global $wpdb;
		if ( 0 === $this->id ) {
			$wpdb->insert( $wpdb->prefix . 'wc_webhooks', $this->data );
			$this->id = (int) $wpdb->insert_id;
		} else {
			$wpdb->update( $wpdb->prefix . 'wc_webhooks', $this->data, array( 'webhook_id' => $this->id ) );
		}
		return $this->id;
	}

	/**
	 * Deletes it.
	 *
	 * @param bool $force_delete Not heeded.
	 * @return bool
	 */
	public function delete( $force_delete = false ) {
		global $wpdb;
		return (bool) $wpdb->delete( $wpdb->prefix . 'wc_webhooks', array( 'webhook_id' => $this->id ) );
	}
}

/**
 * Finds what is kept.
 */
class WC_Data_Store {

	/**
	 * The store of one kind.
	 *
	 * @param string $object_type The kind; here there is "webhook" only.
	 * @return WC_Data_Store
	 */
	public static function load( $object_type ) {
		return new self();
	}

	/**
	 * The store of webhooks answers this.
	 *
	 * @param string $method     "get_webhooks_ids".
	 * @param array  $parameters None.
	 * @return int[]
	 */
	public function __call( $method, $parameters ) {
		global $wpdb;
		return array_map( 'intval', $wpdb->get_col( "SELECT webhook_id FROM {$wpdb->prefix}wc_webhooks ORDER BY webhook_id" ) );
	}
}

/**
 * One webhook.
 *
 * @param int $id Its id.
 * @return WC_Webhook|null
 */
function wc_get_webhook( $id ) {
	$webhook = new WC_Webhook( (int) $id );
	return 0 === $webhook->get_id() ? null : $webhook;
}

/**
 * Whether there is such a topic here: those of subscriptions come with that plugin.
 *
 * @param string $topic The topic.
 * @return bool
 */
function wc_is_webhook_valid_topic( $topic ) {
	return 1 === preg_match( '/^(action\.\w+|(coupon|customer|order|product)\.(created|updated|deleted|restored))$/', $topic );
}
