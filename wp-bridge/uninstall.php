<?php
/**
 * Runs when the plugin is deleted. This version keeps nothing in the database, so nothing is left.
 *
 * @package RefundDesk\Bridge
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;
