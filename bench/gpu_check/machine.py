"""The device of a run, described without touching it in this process: what is forked later could not use it."""

from __future__ import annotations

import shutil
import subprocess

from bench.machine import describe_machine

_QUERY = "name,driver_version,memory.total,memory.used,power.limit,temperature.gpu"


def describe_device(device: str) -> dict[str, str]:
    """The machine, its libraries, and the GPUs as their driver lists them."""
    described = {"device": device, **describe_machine()}
    if device == "cpu" or shutil.which("nvidia-smi") is None:
        return described
    command = ["nvidia-smi", f"--query-gpu={_QUERY}", "--format=csv,noheader"]
    try:
        listed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout
    except (subprocess.SubprocessError, OSError) as error:
        return described | {"driver": f"does not answer: {error}"}
    gpus = [line.strip() for line in listed.splitlines() if line.strip()]
    index = int(device.partition(":")[2] or 0)
    name = gpus[index].split(",")[0] if index < len(gpus) else device
    return described | {"device": f"{name} ({device})", **{f"GPU {place}": line for place, line in enumerate(gpus)}}
