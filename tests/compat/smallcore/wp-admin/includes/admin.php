<?php
require_once __DIR__ . '/plugin.php';
