"""The page from its top: settings, build, start, account, picture; then models of one's own and of a hub, and a webhook."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import httpx2

from tests.conftest import REPOSITORY
from tests.containers.deployment import Deployment, wait_until
from tests.containers.document import read_block
from tests.containers.steps import step
from tests.model_store.hub_server import Repository, serve_hub

_FIRST = "Step by step"
_WEIGHTS = REPOSITORY / "demo_model/weights"

#: Prints every body that is sent to it.
_RECEIVER = """
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        print(self.headers["webhook-id"], self.rfile.read(int(self.headers["Content-Length"])).decode(), flush=True)
        self.send_response(204)
        self.end_headers()
http.server.HTTPServer(("", 8080), Receiver).serve_forever()
"""


def build_and_use(deployment: Deployment) -> None:
    """Everything that is done once, up to the first pictures of each kind of model."""
    with step("settings, as the page fills them in"):
        deployment.run(read_block(_FIRST, "cp .env.example"))
    with step("build both images"):
        deployment.run(read_block(_FIRST, "docker compose build"))
    with step("build again: no image is another one"):
        before = _list_images(deployment)
        deployment.run(read_block(_FIRST, "docker compose build"))
        assert _list_images(deployment) == before
        assert "<none>" not in before
    with step("start"):
        deployment.run(read_block(_FIRST, "docker compose up"))
    with step("first account"):
        deployment.open_account(
            deployment.run(read_block(_FIRST, "docker compose exec api darkroom-admin create", NAME="first"))
        )
    with step("first picture"):
        key = deployment.http.headers["Authorization"].removeprefix("Bearer ")
        commands = re.sub(r"dk_\S+", key, read_block(_FIRST, "export DARKROOM_API_KEY"))
        deployment.accepted.append(json.loads(deployment.run(commands))["id"])
        for job in deployment.wait_for(deployment.accepted):
            deployment.check_pictures(job)
    with step("rights: who runs what, and what is out of reach"):
        _check_rights(deployment)
    with step("models of one's own, and of a hub"):
        _use_other_models(deployment)
    with step("a webhook to a container"):
        _receive_webhook(deployment)


def _list_images(deployment: Deployment) -> str:
    return deployment.run(
        "docker images --no-trunc --format '{{.Repository}}:{{.Tag}} {{.ID}}' | grep -v ^test-root | sort"
    )


def _check_rights(deployment: Deployment) -> None:
    for service in ("api", "dispatcher", "beat", "worker-cpu"):
        status = deployment.run(
            f"docker compose exec -T {service} grep -E '^(Uid|CapEff|NoNewPrivs):' /proc/self/status"
        )
        assert status.split() == ["Uid:", *["10001"] * 4, "CapEff:", "0000000000000000", "NoNewPrivs:", "1"], status
        assert "Read-only" in deployment.run(f"docker compose exec -T {service} sh -c 'touch /app/x 2>&1 || true'")
        search = "sh -c 'find / -xdev -type f -perm /6000 2>/dev/null || true'"
        found = deployment.run(f"docker compose exec -T {service} {search}")
        assert found == "", found
    # The store's inner ports ask for no key.
    look_up = (
        "docker run --rm --network {} darkroom-slim:$(grep -oP 'darkroom-slim:\\K.*' docker-compose.yml | head -1)"
    )
    connect = "python -c \"import socket; socket.create_connection(('object-store', 8888), 3)\""
    assert (
        deployment.machine.try_run(f"{look_up.format('darkroom_store')} {connect}", cwd=deployment.path).returncode == 0
    )
    assert (
        deployment.machine.try_run(f"{look_up.format('darkroom_front')} {connect}", cwd=deployment.path).returncode != 0
    )


def _use_other_models(deployment: Deployment) -> None:
    own = deployment.machine.folder / "own-models"
    shutil.copytree(_WEIGHTS, own / "weights")
    section = (REPOSITORY / "models.toml").read_text().partition("[models.picturebook]")[2].partition("\n[models.")[0]
    mine = "[models.mine]" + section.replace('"demo_model/weights"', '"weights"')
    fetched = "[models.fetched]" + section.replace('"demo_model/weights"', '{ hub = "owner/small" }').replace(
        'revision = "1"\n', ""
    )
    (own / "models.toml").write_text(f"{mine}\n{fetched}")
    subprocess.run(["chmod", "-R", "a+rX", str(own)], check=True)

    settings = dict(line.split("=") for line in read_block("Your own models", "OWN_MODELS=").split())
    deployment.configure(**settings | {"OWN_MODELS": str(own), "DEFAULT_MODEL": "fetched"})
    deployment.run(read_block(_FIRST, "docker compose up"))
    assert deployment.count_events("api", "default_model_takes_no_jobs") == 1
    listed = {model["id"]: model["is_available"] for model in deployment.http.get("/v1/models").json()["data"]}
    assert listed == {"mine": True, "fetched": False}
    refused = deployment.http.post("/v1/jobs", json={"prompt": "a red mug"})
    assert refused.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
    assert "darkroom-models fetch fetched" in refused.json()["errors"][0]["message"]

    files = {str(path.relative_to(_WEIGHTS)): path.read_bytes() for path in _WEIGHTS.rglob("*") if path.is_file()}
    gateway = deployment.run(
        "docker network inspect darkroom_front --format '{{(index .IPAM.Config 0).Gateway}}'"
    ).strip()
    with serve_hub({"owner/small": Repository(files)}, host=gateway) as hub:
        command = read_block("Models of the hub", "docker compose run", ID="fetched")
        deployment.run(command.replace("run --rm", f"run --rm --env HF_ENDPOINT={hub.address}"))
    for job in deployment.wait_for([deployment.submit(), deployment.submit(model="mine")]):
        deployment.check_pictures(job)


def _receive_webhook(deployment: Deployment) -> None:
    address = {"url": "http://receiver:8080/"}
    refused = deployment.http.post("/v1/webhook-endpoints", json=address)
    assert refused.status_code == httpx2.codes.UNPROCESSABLE_CONTENT
    subnet = deployment.run(
        "docker network inspect darkroom_front --format '{{(index .IPAM.Config 0).Subnet}}'"
    ).strip()
    deployment.configure(WEBHOOK_ALLOW_HTTP="true", WEBHOOK_ALLOWED_NETWORKS=subnet)
    deployment.run(read_block(_FIRST, "docker compose up"))
    image = deployment.run("docker compose images api --format json")
    tag = json.loads(image)[0]["Tag"]
    deployment.machine.run(
        f'docker run --detach --name receiver --network darkroom_front darkroom-slim:{tag} python -c "$RECEIVER"',
        RECEIVER=_RECEIVER,
    )
    created = deployment.http.post("/v1/webhook-endpoints", json=address)
    assert created.status_code == httpx2.codes.CREATED, created.text
    job = deployment.submit()
    deployment.wait_for([job])
    wait_until(lambda: job in deployment.run("docker logs receiver"), "the webhook has arrived")
    deployment.run("docker rm --force receiver")
    deployment.http.delete(f"/v1/webhook-endpoints/{created.json()['id']}").raise_for_status()
