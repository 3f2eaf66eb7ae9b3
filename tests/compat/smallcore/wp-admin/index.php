<?php
require_once __DIR__ . '/admin.php';
do_action( 'load-index.php' );
