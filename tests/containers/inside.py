"""What runs inside the namespaces: the machine is prepared, the engine started, and the story run on it."""

from __future__ import annotations

import time
from pathlib import Path

from tests.containers.base_images import make_base_images
from tests.containers.checkout import Checkout
from tests.containers.deployment import Deployment
from tests.containers.first_day import build_and_use
from tests.containers.machine import Machine
from tests.containers.releases import upgrade_and_roll_back
from tests.containers.steps import step
from tests.containers.stops import stop_and_kill
from tests.containers.wheels import serve_index

#: slirp4netns answers names there.
_NAMESERVER = "10.0.2.3"

_NETWORK_SECONDS = 20

#: What the page does not say because nobody needs it who reaches registries: where torch comes from, and by which network.
_OVERRIDE = """\
services:
  api:
    build: {{ network: host }}
  worker-cpu:
    build: {{ network: host, args: {{ TORCH_INDEX: "{index}" }} }}
"""


def run_inside(folder: Path) -> None:
    """Run everything on a new engine. Raises AssertionError with what was not as it should be."""
    _wait_for_network()
    machine = Machine(folder / "roots/machine", folder / "machine")
    machine.prepare(_NAMESERVER)
    with serve_index(folder / "wheels") as index:
        with step("start Docker's engine"):
            machine.start_engine()
        with step("images in place of the registries'"):
            make_base_images(machine, folder / "roots", folder / "wheels", folder / "machine/base")
        checkout = Checkout(folder / "machine")
        override = checkout.path / "docker-compose.override.yml"
        override.write_text(_OVERRIDE.format(index=index))
        deployment = Deployment(machine, checkout.path)

        build_and_use(deployment)
        stop_and_kill(deployment)
        upgrade_and_roll_back(deployment, checkout)

        with step("end"):
            deployment.run("docker compose down --volumes --timeout 5")
            machine.stop_engine()


def _wait_for_network() -> None:
    deadline = time.monotonic() + _NETWORK_SECONDS
    while "tap0" not in Path("/proc/net/route").read_text():
        assert time.monotonic() < deadline, "slirp4netns has made no network"
        time.sleep(0.1)
