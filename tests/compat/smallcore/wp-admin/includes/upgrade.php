<?php
function wp_install( $title ) {
	update_option( 'blogname', $title );
}
