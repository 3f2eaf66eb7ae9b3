<?php
/** What a web server does in front of WordPress: files as they are, everything else to index.php. */

$path  = (string) parse_url( $_SERVER['REQUEST_URI'], PHP_URL_PATH );
// Every site of a network has these in its own folder, and there is one of them.
$path  = preg_replace( '#^/[a-z]+(?=/wp-(admin|content|includes)(/|$)|/wp-[a-z]+\.php$)#', '', $path );
$place = $_SERVER['DOCUMENT_ROOT'] . $path;
if ( is_dir( $place ) && is_file( rtrim( $place, '/' ) . '/index.php' ) ) {
	$path  = rtrim( $path, '/' ) . '/index.php';
	$place = $_SERVER['DOCUMENT_ROOT'] . $path;
}
if ( is_file( $place ) && '.php' !== substr( $path, -4 ) ) {
	return false;
}
if ( ! is_file( $place ) ) {
	$path  = '/index.php';
	$place = $_SERVER['DOCUMENT_ROOT'] . $path;
}
$_SERVER['SCRIPT_NAME']     = $path;
$_SERVER['PHP_SELF']        = $path;
$_SERVER['SCRIPT_FILENAME'] = $place;
chdir( dirname( $place ) );
require $place;
