"""nginx in front of the API, configured as docs/deployment.md says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from infra.local.ports import Ports, is_listening
from tests.conftest import REPOSITORY

_AROUND = """\
daemon off;
{user}
pid {folder}/nginx.pid;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/bodies;
    proxy_temp_path {folder}/answers;
    fastcgi_temp_path {folder}/unused-1;
    uwsgi_temp_path {folder}/unused-2;
    scgi_temp_path {folder}/unused-3;
    {documented}
}}
"""


@contextmanager
def nginx_before(api_port: int, authority: trustme.CA, folder: Path) -> Iterator[int]:
    """nginx before the API, with a certificate of the authority for localhost; its port. Skips the test where there is none."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if program is None and not os.environ.get("CI"):
        pytest.skip("nginx is not installed (Debian: nginx-light)")
    assert program is not None, "CI installs nginx (.ci/run)"

    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(folder / "certificate.pem")
    ports = Ports()
    port = ports.reserve()
    [documented] = re.findall(r"```nginx\n(.*?)```", (REPOSITORY / "docs/deployment.md").read_text(), re.DOTALL)
    for ours, theirs in (
        ("127.0.0.1:8000", f"127.0.0.1:{api_port}"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        ("/etc/ssl/certs/pictures.pem", f"{folder}/certificate.pem"),
        ("/etc/ssl/private/pictures.key", f"{folder}/certificate.pem"),
    ):
        assert ours in documented
        documented = documented.replace(ours, theirs)
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(_AROUND.format(user=user, folder=folder, documented=documented))
    log = folder / "nginx.log"
    process = subprocess.Popen([program, "-p", str(folder), "-c", str(configuration), "-e", str(log)])
    try:
        for _ in range(200):
            if is_listening(port):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)
        ports.release()
