"""Measure the embedded store beside SeaweedFS: `python -m bench.stores PATH/TO/weed`.

Each starts five times on an empty folder, and is then given 500 objects of 200 kB by one thread.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import psutil
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from infra.local.ports import LOOPBACK, Ports
from infra.local.servers.storage import Storage, get_rclone

_KEY_ID, _SECRET, _BUCKET = "key", "secret-of-the-bench", "darkroom"
_STARTS, _OBJECTS, _BYTES = 5, 500, 200_000

#: Builds the command and its environment, for a folder.
_Build = Callable[[Path, Ports], tuple[list[str], Mapping[str, str], int]]


def main() -> None:
    """Print a line for each store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weed", type=Path, help="SeaweedFS' program")
    weed = parser.parse_args().weed.resolve()
    for name, program, build in (("rclone", get_rclone(), _build_rclone), ("weed", weed, _build_weed(weed))):
        starts = [_measure(build, objects=0)["start"] for _ in range(_STARTS)]
        figures = _measure(build, objects=_OBJECTS)
        print(
            f"{name}: program {program.stat().st_size / 1e6:.0f} MB, start {statistics.median(starts):.2f} s "
            f"(of {_STARTS}: {min(starts):.2f} to {max(starts):.2f}), stop {figures['stop']:.2f} s, memory "
            f"{figures['idle']:.0f} MiB idle and {figures['busy']:.0f} MiB after {_OBJECTS} objects, "
            f"put {figures['put']:.1f} ms, get {figures['get']:.1f} ms, delete {figures['delete']:.1f} ms"
        )


def _measure(build: _Build, *, objects: int) -> dict[str, float]:
    """Seconds of the start and the stop, MiB of memory, and milliseconds of a call."""
    ports = Ports()
    with tempfile.TemporaryDirectory() as folder:
        command, environment, port = build(Path(folder), ports)
        began = time.perf_counter()
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            with closing(_connect(port)) as client:
                _wait(client)
                figures = {"start": time.perf_counter() - began, "idle": _measure_memory(process.pid)}
                keys = [f"artifacts/{number}.png" for number in range(objects)]
                body = os.urandom(_BYTES)
                figures["put"] = _time(keys, lambda key: client.put_object(Bucket=_BUCKET, Key=key, Body=body))
                figures["get"] = _time(keys, lambda key: client.get_object(Bucket=_BUCKET, Key=key)["Body"].read())
                figures["busy"] = _measure_memory(process.pid)
                figures["delete"] = _time(keys, lambda key: client.delete_object(Bucket=_BUCKET, Key=key))
        finally:
            began = time.perf_counter()
            process.terminate()
            process.wait()
    ports.release()
    return figures | {"stop": time.perf_counter() - began}


def _build_rclone(folder: Path, ports: Ports) -> tuple[list[str], Mapping[str, str], int]:
    port = ports.reserve()
    storage = Storage(folder, port, access_key_id=_KEY_ID, secret_access_key=_SECRET, bucket=_BUCKET)
    command = storage.build_command()
    return list(command.arguments), command.environment, port


def _build_weed(program: Path) -> _Build:
    """With the options of docker-compose.yml, and ports of its own: eight."""

    def build(folder: Path, ports: Ports) -> tuple[list[str], Mapping[str, str], int]:
        parts = ("master", "volume", "filer", "s3")
        numbers = {f"-{part}.port{kind}": ports.reserve() for part in parts for kind in ("", ".grpc")}
        command = [
            *(str(program), "-logtostderr=true", "mini", f"-dir={folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
            *("-webdav=false", "-admin.ui=false", "-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"),
            *(f"{name}={number}" for name, number in numbers.items()),
        ]
        keys = {"AWS_ACCESS_KEY_ID": _KEY_ID, "AWS_SECRET_ACCESS_KEY": _SECRET, "S3_BUCKET": _BUCKET}
        return command, keys, numbers["-s3.port"]

    return build


def _connect(port: int) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=f"http://{LOOPBACK}:{port}",
        region_name="us-east-1",
        aws_access_key_id=_KEY_ID,
        aws_secret_access_key=_SECRET,
        config=Config(retries={"total_max_attempts": 1}, request_checksum_calculation="when_required"),
    )


def _wait(client: Any) -> None:
    """Until an object can be put."""
    gives_up_at = time.monotonic() + 60
    while True:
        try:
            client.put_object(Bucket=_BUCKET, Key="first", Body=b"first")
            return
        except (BotoCoreError, ClientError):
            if time.monotonic() > gives_up_at:
                raise
            time.sleep(0.02)


def _measure_memory(pid: int) -> float:
    resident: int = psutil.Process(pid).memory_info().rss
    return resident / 2**20


def _time(keys: list[str], call: Callable[[str], object]) -> float:
    began = time.perf_counter()
    for key in keys:
        call(key)
    return (time.perf_counter() - began) * 1000 / max(1, len(keys))


if __name__ == "__main__":
    main()
