<?php
/**
 * Connects the store with its desk, and disconnects it.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

use RefundDesk\Bridge\Server\Server;
use RefundDesk\Bridge\Server\Trouble;
use RefundDesk\Bridge\Settings;

defined( 'ABSPATH' ) || exit;

/**
 * Whatever is made here belongs to the desk's user, so what an attempt left that broke off is found and
 * removed by the next one, or used by it. The same code may be used again by the same installation.
 */
final class Connection {

	/**
	 * Keeps the connection.
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
	 * User and key.
	 *
	 * @var Access
	 */
	private $access;

	/**
	 * The webhooks.
	 *
	 * @var Webhooks
	 */
	private $webhooks;

	/**
	 * Lets one process at a time connect.
	 *
	 * @var ConnectLock
	 */
	private $lock;

	/**
	 * Keeps what it is given.
	 *
	 * @param Settings    $settings Keeps the connection.
	 * @param Server      $server   Calls the desk.
	 * @param Access      $access   User and key.
	 * @param Webhooks    $webhooks The webhooks.
	 * @param ConnectLock $lock     Lets one process at a time connect.
	 */
	public function __construct( Settings $settings, Server $server, Access $access, Webhooks $webhooks, ConnectLock $lock ) {
		$this->settings = $settings;
		$this->server   = $server;
		$this->access   = $access;
		$this->webhooks = $webhooks;
		$this->lock     = $lock;
	}

	/**
	 * Connects. When it throws, nothing is left in the store. Of two at once, such as a button that was
	 * pressed twice, the second waits for the first and finds the store connected.
	 *
	 * @param string $pasted_server The desk's address as a person gave it.
	 * @param string $pasted_code   The code as a person gave it.
	 * @return void
	 * @throws CannotConnect When something here is in the way.
	 * @throws Trouble       When the desk does not answer, or refuses.
	 */
	public function connect( string $pasted_server, string $pasted_code ): void {
		foreach ( Surroundings::obstacles() as $obstacle ) {
			throw new CannotConnect( $obstacle );
		}
		$server = Surroundings::server( $pasted_server );
		$code   = Code::read( $pasted_code );
		if ( null === $code ) {
			throw new CannotConnect( __( 'This is not a whole code. A code has 33 letters and digits; copy all of it.', 'refund-desk-bridge' ) );
		}
		if ( $this->settings->is_connected() ) {
			throw new CannotConnect( __( 'This store is connected already. Disconnect it first.', 'refund-desk-bridge' ) );
		}
		if ( ! $this->lock->take() ) {
			throw new CannotConnect( __( 'The store is being connected just now. Wait a minute and look at this page again.', 'refund-desk-bridge' ) );
		}
		try {
			$this->settings->read_anew();
			if ( ! $this->settings->is_connected() ) {
				$this->connect_alone( $server, $code );
			}
		} finally {
			$this->lock->give_back();
		}
	}

	/**
	 * Connects while no other process does.
	 *
	 * @param string $server The desk's address.
	 * @param Code   $code   The code.
	 * @return void
	 * @throws CannotConnect When something here is in the way.
	 * @throws Trouble       When the desk does not answer, or refuses.
	 */
	private function connect_alone( string $server, Code $code ): void {
		$this->server->greet( $server, $code );
		try {
			$told = $this->server->connect( $server, $code, $this->introduction() + $this->access->make() );
			$this->keep( $server, $told );
		} catch ( \Throwable $broken ) {
			$this->clear();
			throw $broken;
		}
	}

	/**
	 * Brings the webhooks back that are missing or switched off, and the rights of the desk's user.
	 *
	 * @return void
	 * @throws Trouble When the desk does not answer, or refuses.
	 */
	public function repair(): void {
		Access::widen();
		$wanted = self::wanted( $this->server->call( 'webhooks' ) );
		$this->settings->keep_webhooks( $this->webhooks->ensure( $wanted ) );
	}

	/**
	 * Disconnects: tells the desk, and removes what was made here.
	 *
	 * A copy of the store, or a desk that cannot be reached, changes nothing about the second.
	 *
	 * @return string '' or why the desk could not be told.
	 */
	public function disconnect(): string {
		$untold = '';
		if ( $this->settings->is_live() ) {
			try {
				$this->server->call( 'disconnect' );
			} catch ( Trouble $trouble ) {
				$untold = $trouble->getMessage();
			}
		}
		$this->clear();
		return $untold;
	}

	/**
	 * Removes what was made here, and tells nobody.
	 *
	 * @return void
	 */
	public function clear(): void {
		$this->webhooks->remove();
		$this->access->remove();
		$this->settings->forget();
		/**
		 * The connection is gone: whoever keeps anything because of it removes it.
		 */
		do_action( 'refund_desk_bridge_disconnected' );
	}

	/**
	 * Keeps the connection before its webhooks are made: if this breaks off, the page shows which are
	 * missing, and repairs them.
	 *
	 * @param string               $server The desk's address.
	 * @param array<string, mixed> $told   The desk's answer.
	 * @return void
	 * @throws CannotConnect When the answer is not complete.
	 */
	private function keep( string $server, array $told ): void {
		$id     = $told['connection'] ?? null;
		$secret = $told['secret'] ?? null;
		$wanted = self::wanted( $told );
		if ( ! is_string( $id ) || 1 !== preg_match( '/^[a-z0-9]{8,64}$/D', $id ) || ! is_string( $secret ) || strlen( $secret ) < 32 || array() === $wanted ) {
			throw new CannotConnect( __( 'The desk answered, but not with a whole connection. Its version may not fit the bridge’s: update both, then use the same code again.', 'refund-desk-bridge' ) );
		}
		$this->settings->keep( $server, $id, $secret, array_combine( array_keys( $wanted ), array_column( $wanted, 'url' ) ) );
		$this->settings->keep_webhooks( $this->webhooks->ensure( $wanted ) );
	}

	/**
	 * The webhooks that the desk asks for.
	 *
	 * @param array<string, mixed> $told The desk's answer.
	 * @return array<string, array{url: string, secret: string}> By topic.
	 */
	private static function wanted( array $told ): array {
		$wanted = array();
		foreach ( is_array( $told['webhooks'] ?? null ) ? $told['webhooks'] : array() as $one ) {
			// WooCommerce signs with any other character changed to its entity.
			$usable = is_array( $one ) && is_string( $one['topic'] ?? null ) && is_string( $one['url'] ?? null ) && is_string( $one['secret'] ?? null ) && 1 === preg_match( '/^[A-Za-z0-9]{32,}$/D', $one['secret'] );
			if ( $usable && 1 === preg_match( '#^https?://#', $one['url'] ) ) {
				$wanted[ $one['topic'] ] = array(
					'url'    => $one['url'],
					'secret' => $one['secret'],
				);
			}
		}
		return $wanted;
	}

	/**
	 * What the desk is told of the store.
	 *
	 * @return array<string, string>
	 */
	private function introduction(): array {
		return array(
			'site'     => $this->settings->site(),
			'address'  => Settings::own_address(),
			'name'     => wp_specialchars_decode( (string) get_bloginfo( 'name' ), ENT_QUOTES ),
			'country'  => (string) WC()->countries->get_base_country(),
			'language' => substr( get_locale(), 0, 2 ),
			'timezone' => wp_timezone_string(),
			'bridge'   => REFUND_DESK_BRIDGE_VERSION,
		);
	}
}
