"""Finds PHP, and says what it is called with so that a plugin stays inside its site."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from refunddesk.compat.smoke.limits import Limits

_NEEDED = ("pdo_sqlite", "json", "ctype", "hash", "tokenizer")
_ASK = "echo json_encode([PHP_VERSION, array_map('strtolower', get_loaded_extensions())]);"
_PATIENCE = 30
#: Hosts switch these off too, so plugins ask before they call them.
_PROCESSES = (
    "exec,passthru,popen,proc_open,proc_nice,shell_exec,system,dl,link,symlink,"
    "pcntl_alarm,pcntl_exec,pcntl_fork,pcntl_rfork,pcntl_signal,pcntl_unshare,pcntl_setns,"
    "posix_kill,posix_setpgid,posix_setsid,posix_setuid,posix_setgid,posix_seteuid,posix_setegid,"
    "posix_mkfifo,posix_setrlimit"
)
_SOCKETS = (
    "fsockopen,pfsockopen,stream_socket_client,stream_socket_server,stream_socket_pair,"
    "socket_create,socket_create_listen,socket_create_pair,curl_exec,curl_multi_exec,"
    "dns_get_record,gethostbyname,gethostbynamel,checkdnsrr,getmxrr,ftp_connect,ftp_ssl_connect"
)


class CannotBoot(Exception):
    """Nothing can be said from booting; the message names what is missing and how to give it."""


@dataclass(frozen=True, slots=True)
class Php:
    """A PHP for the command line: its program, version and extensions in lower case."""

    program: str
    version: str
    extensions: frozenset[str]


def find_php(named: str = "") -> Php:
    """The PHP named, else the first `php` on the PATH. Raises CannotBoot."""
    program = shutil.which(named or "php")
    if program is None:
        if named:
            raise CannotBoot(f"there is no PHP at {named}")
        raise CannotBoot("no PHP is installed: install php-cli with sqlite3, mbstring and xml")
    try:
        asked = subprocess.run(
            [program, "-r", _ASK], capture_output=True, check=False, timeout=_PATIENCE
        )
        version, extensions = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        raise CannotBoot(f"{program} does not answer as PHP does") from None
    missing = [name for name in _NEEDED if name not in extensions]
    if missing:
        raise CannotBoot(f"PHP {version} ({program}) lacks {', '.join(missing)}: install them")
    return Php(program, version, frozenset(extensions))


def command(
    php: Php,
    script: Path,
    order: dict[str, object],
    *,
    inside: Sequence[Path],
    site: Path,
    compiled: Path,
    limits: Limits,
    seconds: int,
    networked: bool,
) -> list[str]:
    """The command that runs `script`, which may touch only the folders `inside`.

    `networked`: the machine would let the process out, so PHP itself has to refuse.
    """
    settings = {
        "max_execution_time": str(seconds),
        "memory_limit": str(limits.memory_bytes // 4),
        "open_basedir": ":".join(str(place) for place in inside),
        "disable_functions": f"{_PROCESSES},{_SOCKETS}" if networked else _PROCESSES,
        "allow_url_fopen": "0",
        "ffi.enable": "0",
        "enable_dl": "0",
        "sendmail_path": "/bin/false",
        "display_errors": "0",
        "display_startup_errors": "0",
        "log_errors": "1",
        "log_errors_max_len": "2000",
        "html_errors": "0",
        "error_log": str(site / "tmp" / "php.log"),
        "sys_temp_dir": str(site / "tmp"),
        "upload_tmp_dir": str(site / "tmp"),
        "session.save_path": str(site / "tmp"),
        "auto_prepend_file": "",
        "auto_append_file": "",
        "date.timezone": "UTC",
        "zend.assertions": "-1",
        "opcache.enable_cli": "1",
        "opcache.file_cache": str(compiled),
        "opcache.file_cache_only": "1",
        # A checksum over every compiled file costs a fifth of a page.
        "opcache.file_cache_consistency_checks": "0",
        "opcache.preload": "",
        "opcache.jit": "0",
        "xdebug.mode": "off",
    }
    arguments = [part for name, value in settings.items() for part in ("-d", f"{name}={value}")]
    return [php.program, *arguments, str(script), json.dumps(order)]
