<?php
/**
 * Why the store could not be connected, where it is not the desk's doing.
 *
 * @package RefundDesk\Bridge
 */

declare( strict_types=1 );

namespace RefundDesk\Bridge\Connect;

defined( 'ABSPATH' ) || exit;

/**
 * The message says it to the store owner: what is in the way, and what to do.
 */
final class CannotConnect extends \Exception {}
