"""Builds a real store out of WOOCOMMERCE_ZIP, in a place that lives for one test run.

SUBSCRIPTIONS_ZIP adds WooCommerce Subscriptions. WORDPRESS_DIR is the WordPress to build on, or
else the newest that REFUNDDESK_TEST_WORDPRESS or REFUNDDESK_TEST_NEWEST_WORDPRESS names. MariaDB,
PHP's process manager and nginx are started for it: WooCommerce's order tables want MariaDB, and a
process that a test kills has to be replaced. Two stores share the files, one for each kind of
order storage.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from refunddesk.compat.archive import open_tree
from refunddesk.compat.smoke.dropin import write_files
from refunddesk.sandbox.certificates import Certificates, ensure_certificates
from tests.bridge.administration import Administration
from tests.bridge.small_store import releases
from tests.conftest import REPOSITORY
from tests.woocommerce.contract_drivers import LiveStore, PluginControl

STORAGES = ("hpos", "legacy")
_FILES = Path(__file__).with_name("site")
_GATEWAYS = REPOSITORY / "wp-bridge" / "tests" / "store" / "test-gateways.php"
_STARTS_WITHIN_SECONDS = 60.0
_MENDS = {
    # A copy of WooCommerce by way of a file system that knows no capitals lacks this one.
    "src/Caching/WPCacheEngine.php": "src/Caching/WpCacheEngine.php",
}


@dataclass(frozen=True, slots=True)
class BuiltStore:
    """One store: its address, its keys, and who administers it."""

    storage: str
    address: str
    ca_file: str
    keys: dict[str, tuple[str, str]]
    folder: Path

    def live(self) -> LiveStore:
        """As the contract's tests speak to a store."""
        key, secret = self.keys["read_write"]
        control = PluginControl(self.address, key, secret, self.ca_file)
        return LiveStore(self.address, key, secret, self.ca_file, control, self.keys["read"])

    def administration(self) -> Administration:
        admin = Administration(
            self.address,
            "admin",
            "built-store-pw",
            *self.keys["read_write"],
            ca_file=self.ca_file,
        )
        admin.sign_in()
        return admin

    def said(self) -> list[str]:
        """What WordPress and the plugins complained of, the bridge's own files only."""
        log = self.folder / "debug.log"
        lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
        return [line for line in lines if "refund-desk-bridge" in line]


def given() -> tuple[Path, Path]:
    """WooCommerce and the WordPress for it. Skips where none is named."""
    woocommerce = os.environ.get("WOOCOMMERCE_ZIP", "")
    if not woocommerce:
        pytest.skip("WOOCOMMERCE_ZIP names no WooCommerce to build a real store of")
    wordpress = os.environ.get("WORDPRESS_DIR", "") or (releases()[-1:] or [""])[0]
    if not wordpress:
        pytest.fail("WOOCOMMERCE_ZIP is given, and no WordPress for it: name one by WORDPRESS_DIR")
    return Path(woocommerce), Path(wordpress)


@contextmanager
def build(bridge: bytes) -> Iterator[dict[str, BuiltStore]]:
    """The two stores by their storage, with the zip of the bridge installed and active."""
    woocommerce, wordpress = given()
    programs = _programs()
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="built"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        certificates = ensure_certificates(folder / "tls", datetime.now(UTC))
        stores = _describe(folder, certificates)
        _lay_out(folder, woocommerce, wordpress)
        stack.enter_context(_database(folder, programs))
        stack.enter_context(_php(folder, programs))
        stack.enter_context(_web(folder, programs, certificates, stores))
        built = {name: _install(folder, name, one, certificates) for name, one in stores.items()}
        # The files are there for both; each activates them for itself.
        built["hpos"].administration().install(bridge)
        built["legacy"].administration().activate("refund-desk-bridge/refund-desk-bridge.php")
        yield built


def _programs() -> dict[str, str]:
    wanted = {
        "mariadbd": ("mariadbd",),
        "mariadb-install-db": ("mariadb-install-db", "mysql_install_db"),
        "mariadb": ("mariadb", "mysql"),
        "php": ("php",),
        "php-fpm": ("php-fpm", *(f"php-fpm8.{minor}" for minor in range(6)), "php-fpm7.4"),
        "nginx": ("nginx",),
    }
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    found = {
        name: next(filter(None, (shutil.which(one, path=path) for one in ones)), "")
        for name, ones in wanted.items()
    }
    missing = [name for name, place in found.items() if not place]
    if missing:
        pytest.fail(f"WOOCOMMERCE_ZIP is given, but a store also needs {', '.join(missing)}")
    return found


def _describe(folder: Path, certificates: Certificates) -> dict[str, dict[str, Any]]:
    stores = {
        name: {
            "database": name,
            "user": "root" if os.geteuid() == 0 else os.environ.get("USER", "root"),
            "socket": str(folder / "db.sock"),
            "address": f"https://127.0.0.1:{_free_port()}",
            "ca_file": str(certificates.ca_file),
        }
        for name in STORAGES
    }
    (folder / "stores.json").write_text(json.dumps(stores))
    return stores


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _lay_out(folder: Path, woocommerce: Path, wordpress: Path) -> None:
    core = folder / "wp"
    with open_tree(wordpress) as tree:
        write_files(tree, core, "wp-content/")
    shutil.copy(_FILES / "wp-config.php", core / "wp-config.php")
    shutil.copy(_FILES / "install.php", folder / "install.php")
    content = core / "wp-content"
    for part in ("plugins", "uploads", "upgrade", "languages", "mu-plugins", "themes/plain"):
        (content / part).mkdir(parents=True)
    (content / "themes/plain/style.css").write_text("/*\nTheme Name: Plain\n*/\n")
    (content / "themes/plain/index.php").write_text(
        "<!doctype html><html><head><?php wp_head(); ?></head><body><?php\n"
        "while ( have_posts() ) { the_post(); the_content(); }\n"
        "wp_footer(); ?></body></html>\n"
    )
    shutil.copy(_FILES / "on-this-machine.php", content / "mu-plugins")
    shutil.copy(_GATEWAYS, content / "mu-plugins")
    for packed in (woocommerce, os.environ.get("SUBSCRIPTIONS_ZIP", "")):
        if packed:
            zipfile.ZipFile(packed).extractall(content / "plugins")
    for missing, there in _MENDS.items():
        place = content / "plugins" / "woocommerce"
        if (place / there).is_file() and not (place / missing).exists():
            shutil.copy(place / there, place / missing)


@contextmanager
def _running(command: list[str], is_up: Callable[[], bool], log: Path) -> Iterator[None]:
    """A program of ours until the end of the block, once it is up."""
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, start_new_session=True)
    try:
        deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
        while not is_up():
            assert process.poll() is None, log.read_text("utf-8", "replace")[-2000:]
            assert time.monotonic() < deadline, f"{command[0]} does not start"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def _database(folder: Path, programs: dict[str, str]) -> Iterator[None]:
    data, sock = folder / "db", folder / "db.sock"
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    subprocess.run(
        [
            *(programs["mariadb-install-db"], "--no-defaults", *as_root, f"--datadir={data}"),
            *("--auth-root-authentication-method=socket", "--skip-test-db"),
        ],
        check=True,
        capture_output=True,
    )
    # What is lost in a power cut here was worth nothing.
    small = ["--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M"]
    fast = ["--innodb-flush-log-at-trx-commit=0", "--innodb-doublewrite=OFF", "--skip-log-bin"]
    server = [
        *(programs["mariadbd"], "--no-defaults", *as_root, f"--datadir={data}"),
        *(f"--socket={sock}", f"--pid-file={folder / 'db.pid'}", "--skip-networking"),
        *(*small, *fast),
    ]
    ask = [programs["mariadb"], "--no-defaults", f"--socket={sock}", "--batch"]

    def is_up() -> bool:
        asked = subprocess.run([*ask, "-e", "SELECT 1"], capture_output=True, check=False)
        return asked.returncode == 0

    with _running(server, is_up, folder / "db.log"):
        for name in STORAGES:
            statement = f"CREATE DATABASE {name} CHARACTER SET utf8mb4"
            subprocess.run([*ask, "-e", statement], check=True, capture_output=True)
        yield


@contextmanager
def _php(folder: Path, programs: dict[str, str]) -> Iterator[None]:
    sock = folder / "php.sock"
    owner = "user = root\ngroup = root\n" if os.geteuid() == 0 else ""
    (folder / "php.conf").write_text(
        f"[global]\nerror_log = {folder / 'php.log'}\ndaemonize = no\n"
        f"[www]\n{owner}listen = {sock}\npm = static\npm.max_children = 8\nclear_env = no\n"
        f"php_admin_value[memory_limit] = 256M\nphp_admin_flag[log_errors] = on\n"
        f"php_admin_value[error_log] = {folder / 'debug.log'}\n"
    )
    command = [programs["php-fpm"], "--nodaemonize", "--fpm-config", str(folder / "php.conf")]
    if os.geteuid() == 0:
        command.append("--allow-to-run-as-root")
    with _running(command, sock.exists, folder / "php.log"):
        yield


_SERVER = """
 server {{
  listen 127.0.0.1:{port} ssl;
  ssl_certificate {certificates.certificate_file};
  ssl_certificate_key {certificates.key_file};
  root {folder}/wp;
  index index.php;
  location / {{ try_files $uri $uri/ /index.php?$args; }}
  location ~ \\.php$ {{
   fastcgi_param QUERY_STRING $query_string;
   fastcgi_param REQUEST_METHOD $request_method;
   fastcgi_param CONTENT_TYPE $content_type;
   fastcgi_param CONTENT_LENGTH $content_length;
   fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
   fastcgi_param SCRIPT_NAME $fastcgi_script_name;
   fastcgi_param REQUEST_URI $request_uri;
   fastcgi_param DOCUMENT_ROOT $document_root;
   fastcgi_param SERVER_PROTOCOL $server_protocol;
   fastcgi_param SERVER_NAME 127.0.0.1;
   fastcgi_param SERVER_PORT {port};
   fastcgi_param REMOTE_ADDR $remote_addr;
   fastcgi_param HTTPS on;
   fastcgi_param HTTP_AUTHORIZATION $http_authorization;
   fastcgi_param REFUNDDESK_STORE {name};
   fastcgi_read_timeout 300;
   fastcgi_pass unix:{folder}/php.sock;
  }}
 }}
"""


@contextmanager
def _web(
    folder: Path,
    programs: dict[str, str],
    certificates: Certificates,
    stores: dict[str, dict[str, Any]],
) -> Iterator[None]:
    ports = {name: int(one["address"].rpartition(":")[2]) for name, one in stores.items()}
    kept = "".join(
        f" {part}_temp_path {folder}/nginx-{part};\n"
        for part in ("client_body", "fastcgi", "proxy", "uwsgi", "scgi")
    )
    servers = "".join(
        _SERVER.format(port=port, name=name, folder=folder, certificates=certificates)
        for name, port in ports.items()
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    types = "types { text/css css; text/javascript js; image/svg+xml svg; image/png png; }"
    (folder / "nginx.conf").write_text(
        f"{user}daemon off;\nworker_processes 1;\npid {folder}/nginx.pid;\n"
        f"error_log {folder}/nginx.log;\nevents {{ worker_connections 256; }}\n"
        f"http {{\n {types}\n access_log off;\n client_max_body_size 20m;\n{kept}{servers}}}\n"
    )

    def is_up() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", min(ports.values()))) == 0

    command = [programs["nginx"], "-e", f"{folder}/nginx.log", "-c", f"{folder}/nginx.conf"]
    with _running(command, is_up, folder / "nginx.out"):
        yield


def _install(
    folder: Path, name: str, described: dict[str, Any], certificates: Certificates
) -> BuiltStore:
    address = described["address"]
    host = address.removeprefix("https://")
    surroundings = {**os.environ, "REFUNDDESK_STORE": name, "REFUNDDESK_HOST": host}
    told = ""
    for step in ("wordpress", "woocommerce"):
        run = subprocess.run(
            ["php", str(folder / "install.php"), step],
            env=surroundings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, re.sub(r"<[^>]+>", "", run.stdout + run.stderr)[-2000:]
        told = run.stdout
    keys = json.loads(told.splitlines()[-1])["keys"]
    pairs = {may: (pair[0], pair[1]) for may, pair in keys.items()}
    return BuiltStore(name, address, str(certificates.ca_file), pairs, folder)
