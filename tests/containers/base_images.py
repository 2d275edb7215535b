"""The four images of registries, made from Debian's packages, under the tags that the Dockerfiles and docker-compose.yml name."""

from __future__ import annotations

import re
import shutil
import ssl
import tarfile
from pathlib import Path

from tests.conftest import REPOSITORY
from tests.containers.machine import Machine
from tests.containers.roots import PYTHON, SERVERS
from tests.containers.wheels import unpack_store, write_pip_settings

_DOCKERFILES = Path(__file__).with_name("base")


def make_base_images(machine: Machine, roots: Path, wheels: Path, folder: Path) -> None:
    """Import the root folders, and build the images on them. `folder` is for what goes into the builds."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(_DOCKERFILES, folder)
    for name in ("pip", "setuptools"):
        for wheel in (wheels / name).glob("*.whl"):
            (folder / "pip.whl").mkdir(exist_ok=True)
            shutil.copy2(wheel, folder / "pip.whl")
    write_pip_settings(folder / "pip.conf")
    shutil.copy2(
        ssl.get_default_verify_paths().cafile or "/etc/ssl/certs/ca-certificates.crt", folder / "ca-certificates.crt"
    )
    unpack_store(wheels, folder / "weed")

    for root in (PYTHON, SERVERS):
        # Without device files, which an engine makes for each container.
        archive = folder / f"{root.name}.tar"
        with tarfile.open(archive, "w") as tar:
            tar.add(roots / root.name, arcname=".", filter=_leave_devices_out)
        machine.run(f"docker import --change 'ENV LANG=C.UTF-8' {archive} test-root:{root.name}")
        archive.unlink()

    for name, tag in _list_tags().items():
        machine.run(f"docker build --quiet --file {folder}/{name}.Dockerfile --tag {tag} {folder}")


def _list_tags() -> dict[str, str]:
    """The tag of each image, by the name of its file here."""
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    foreign = [
        image for image in re.findall(r"^    image: (\S+)", compose, re.MULTILINE) if not image.startswith("darkroom-")
    ]
    slim = (REPOSITORY / "infra/docker/Dockerfile.slim").read_text()
    bases = re.findall(r"^FROM (\S+)", slim, re.MULTILINE)
    tags = {re.split("[:/]", image.removeprefix("chrislusf/"))[0]: image for image in (*foreign, *bases)}
    assert set(tags) == {path.stem for path in _DOCKERFILES.glob("*.Dockerfile")}, tags
    return tags


def _leave_devices_out(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if member.isdev() else member
