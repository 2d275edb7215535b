from __future__ import annotations

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
import yaml

from core.settings import Settings
from tests.guards.compose_file import (
    COMPOSE_PATH,
    REPOSITORY,
    MissingVariable,
    interpolate,
    list_variables,
    list_volumes,
    load_compose,
    resolve_environment,
    runs_our_code,
)
from tests.guards.env_example import COMPOSE_GROUP, fill_in_secrets, read_env_example

COMPOSE = load_compose()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if runs_our_code(service)}
THEIRS = {name: service for name, service in SERVICES.items() if not runs_our_code(service)}

#: What each foreign image reads from its environment (its documentation), as far as we use it.
KNOWN_TO_IMAGES = {
    "postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD"},
    "valkey": {"REDISCLI_AUTH"},
    "object-store": {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "S3_BUCKET"},
}
#: The programs that the health checks may call, since each image is known to have them.
PROBES = {"postgres": "pg_isready", "valkey": "valkey-cli", "object-store": "wget"}

SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}
SECRET = re.compile(r"PASSWORD|SECRET|PEPPER|ACCESS_KEY|_AUTH")


def test_the_file_is_valid() -> None:
    """docker-compose.yml follows the JSON schema of the Compose specification."""
    schema = files("check_jsonschema").joinpath("builtin_schemas/vendor/compose-spec.json").read_text()
    jsonschema.validate(COMPOSE, json.loads(schema))


def test_every_anchor_is_used() -> None:
    """No anchor is left over (an unknown alias is an error of the parser already)."""
    tokens = list(yaml.scan(COMPOSE_PATH.read_text()))
    anchors = {token.value for token in tokens if isinstance(token, yaml.AnchorToken)}
    assert anchors == {token.value for token in tokens if isinstance(token, yaml.AliasToken)}


def test_the_parts_of_the_design_are_there() -> None:
    """Every process of the design and every server that it stands on is a service."""
    assert set(SERVICES) == {
        *("api", "dispatcher", "beat", "worker-cpu", "worker-gpu", "migrate"),
        *("postgres", "valkey", "object-store"),
    }


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_refers_to_exists(name: str) -> None:
    """Every dependency, volume, network and Dockerfile that a service names is there."""
    service = SERVICES[name]
    assert set(service.get("depends_on", {})) <= set(SERVICES)
    assert set(list_volumes(service)) <= set(COMPOSE["volumes"])
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    if build := service.get("build"):
        assert (REPOSITORY / build["context"] / build["dockerfile"]).is_file()


def test_every_volume_and_network_is_used() -> None:
    """Every declared volume and network is used."""
    used_volumes = {volume for service in SERVICES.values() for volume in list_volumes(service)}
    assert used_volumes == set(COMPOSE["volumes"])
    assert {network for service in SERVICES.values() for network in service["networks"]} == set(COMPOSE["networks"])


@pytest.mark.parametrize("name", SERVICES)
def test_a_dependency_can_be_met(name: str) -> None:
    """A service that others wait for has a health check, or ends if they wait for its end, and is in no profile."""
    for needed, condition in SERVICES[name].get("depends_on", {}).items():
        target = SERVICES[needed]
        assert "profiles" not in target
        if condition["condition"] == "service_healthy":
            assert "test" in target["healthcheck"]
        else:
            assert condition["condition"] == "service_completed_successfully"
            assert target["restart"] == "no"


def test_nobody_uses_a_database_before_it_is_migrated() -> None:
    """Every process of ours waits for the migrations."""
    for name in set(OURS) - {"migrate"}:
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}, name


@pytest.mark.parametrize("name", OURS)
def test_every_setting_reaches_our_processes(name: str) -> None:
    """Each process of ours gets every setting of core/settings.py, and nothing that is none."""
    assert set(OURS[name]["environment"]) == set(SETTINGS)


@pytest.mark.parametrize("name", THEIRS)
def test_foreign_images_know_their_variables(name: str) -> None:
    """A foreign image is given only variables that it reads."""
    assert set(THEIRS[name]["environment"]) == KNOWN_TO_IMAGES[name]


@pytest.mark.parametrize("name", OURS)
def test_a_filled_in_env_example_makes_valid_settings(name: str) -> None:
    """With .env.example copied and its secrets filled in, each process of ours starts with valid settings."""
    environment = resolve_environment(OURS[name], fill_in_secrets())
    settings = Settings(**{key.lower(): value for key, value in environment.items()})  # type: ignore[arg-type]  # texts, as an environment gives them

    assert settings.database_url.startswith("postgresql://darkroom:filled-in-postgres-password@postgres:5432/")
    assert settings.redis_url == "redis://:filled-in-redis-password@valkey:6379/0"
    assert settings.s3_endpoint_url == "http://object-store:8333"
    assert settings.s3_public_endpoint_url == "http://127.0.0.1:8333"
    assert settings.public_url == "http://127.0.0.1:8000"


def test_ports_in_links_follow_the_published_ports() -> None:
    """A deployment on other ports gets links to those."""
    variables = fill_in_secrets() | {"API_PORT": "18000", "S3_PORT": "18333"}
    environment = resolve_environment(SERVICES["api"], variables)
    assert environment["PUBLIC_URL"] == "http://127.0.0.1:18000"
    assert environment["S3_PUBLIC_ENDPOINT_URL"] == "http://127.0.0.1:18333"
    assert interpolate(SERVICES["api"]["ports"], variables) == ["127.0.0.1:18000:8000"]
    assert interpolate(SERVICES["object-store"]["ports"], variables) == ["127.0.0.1:18333:8333"]


@pytest.mark.parametrize("name", fill_in_secrets())
def test_nothing_starts_without_its_secrets(name: str) -> None:
    """A secret that was not filled in stops Compose with a message that names it."""
    with pytest.raises(MissingVariable, match=f"^{name}: set {name} in .env$"):
        interpolate(COMPOSE, fill_in_secrets() | {name: ""})


def test_no_secret_is_written_down() -> None:
    """Every password, key and pepper comes from .env, without a default."""
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            if SECRET.search(variable):
                assert re.fullmatch(r"\$\{[A-Z0-9_]+:\?.+\}", value), f"{name}: {variable}"


def test_every_variable_is_explained() -> None:
    """Compose takes from .env what .env.example explains, and .env.example shows nothing for Compose that it ignores."""
    used = {name for name, _ in list_variables(COMPOSE_PATH.read_text())}
    explained = {entry.name for entry in read_env_example() if entry.group == COMPOSE_GROUP}
    assert used <= explained | set(SETTINGS)
    # COMPOSE_PROFILES is read by Compose itself.
    assert explained - used == {"COMPOSE_PROFILES"}


def test_defaults_are_the_documented_ones() -> None:
    """A default of docker-compose.yml is the one in .env.example, or that of the setting."""
    explained = {entry.name: entry.value for entry in read_env_example() if entry.group == COMPOSE_GROUP}
    for name, default in list_variables(COMPOSE_PATH.read_text()):
        if default is None or name == "S3_PUBLIC_ENDPOINT_URL":
            continue
        documented = explained.get(name) or str(SETTINGS[name].default)
        assert interpolate(default, {}) == documented, name


def test_only_the_api_and_the_store_are_published() -> None:
    """Two ports are reached from outside, on an address that is loopback unless somebody says otherwise."""
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert set(published) == {"api", "object-store"}
    for ports in published.values():
        assert [port.split(":${")[0] for port in ports] == ["${PUBLISH_ADDRESS:-127.0.0.1}"]


def test_the_database_and_redis_are_shut_in() -> None:
    """PostgreSQL and Valkey are on the network without a way out, and on no other."""
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert SERVICES["postgres"]["networks"] == SERVICES["valkey"]["networks"] == ["data"]


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    """Every foreign image names a version; ours carry the project's."""
    repository, _, tag = SERVICES[name]["image"].rpartition(":")
    assert repository
    assert re.match(r"\d", tag)
    if name in OURS:
        assert tag == tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]["version"]


@pytest.mark.parametrize("name", SERVICES)
def test_containers_have_few_rights(name: str) -> None:
    """No container has capabilities, gains any, writes to its own root, or fills the disk with its log."""
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    # The GPU's runtime writes into the root of its container.
    assert service["read_only"] is (name != "worker-gpu")
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


def test_every_image_is_built_by_one_service() -> None:
    """Compose labels an image with the service that builds it, so that two builders would take its tag from each other in
    turn; the others never look for it elsewhere.
    """
    builders = [service["image"] for service in OURS.values() if "build" in service]
    assert sorted(builders) == sorted({service["image"] for service in OURS.values()})
    for name, service in OURS.items():
        if "build" not in service:
            assert service["pull_policy"] == "never", name


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_takes_everything(name: str) -> None:
    """Every container has a limit of its memory, or a variable for one, and of its processes; a worker of its cores."""
    service = SERVICES[name]
    assert service["pids_limit"] > 0
    assert "mem_limit" in service
    assert ("cpus" in service) is name.startswith("worker-")


def test_the_stores_inner_ports_are_its_users_alone() -> None:
    """Nothing is on the store's network but the store and the processes that read or write pictures."""
    assert SERVICES["object-store"]["networks"] == ["store"]
    users = {name for name, service in SERVICES.items() if "store" in service["networks"]}
    assert users == {"object-store", "api", "dispatcher", "worker-cpu", "worker-gpu"}


def test_fetched_models_have_a_place() -> None:
    """Workers write what is fetched into a volume, and the API reads it there; both see the folder of one's own models."""
    for name in ("api", "worker-cpu", "worker-gpu"):
        environment = resolve_environment(SERVICES[name], fill_in_secrets())
        assert environment["MODELS_FOLDER"] == "/models"
        assert environment["MODELS_LOCK"] == "/models/models.lock"
        mounts = interpolate(SERVICES[name]["volumes"], {"OWN_MODELS": "/srv/models"})
        assert mounts == ["models:/models" + (":ro" if name == "api" else ""), "/srv/models:/own-models:ro"]


@pytest.mark.parametrize("name", THEIRS)
def test_servers_outlive_those_that_need_them(name: str) -> None:
    """A server that is stopped at the same time as a worker serves until that has drained, and then has time to end."""
    service = SERVICES[name]
    assert service["stop_signal"] == "SIGTERM"
    assert service["entrypoint"] == ["sh", "-c", COMPOSE["x-stops-last"], name]
    port, linger, signal, *_server = interpolate(service["command"], {})
    assert port == {"postgres": "5432", "valkey": "6379", "object-store": "8333"}[name]
    assert signal == ("INT" if name == "postgres" else "TERM")
    grace = interpolate(service["stop_grace_period"], {})
    draining = interpolate(SERVICES["worker-cpu"]["stop_grace_period"], {})
    assert float(draining.removesuffix("s")) <= float(linger) < float(grace.removesuffix("s"))


@pytest.mark.parametrize("name", THEIRS)
def test_foreign_images_do_not_run_as_root(name: str) -> None:
    """A foreign image runs as the user that its files belong to."""
    uid, _, gid = THEIRS[name]["user"].partition(":")
    assert int(uid) > 0
    assert int(gid) > 0


@pytest.mark.parametrize("name", set(SERVICES) - {"migrate"})
def test_every_service_comes_back_and_tells_its_health(name: str) -> None:
    """What should run is started again, and its health check calls a program that its image has."""
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    kind, *command = service["healthcheck"]["test"]
    assert kind in {"CMD", "CMD-SHELL"}
    if name in OURS:
        assert command[:2] == ["python", "probe.py"]
    else:
        assert command[0].split()[0] == PROBES[name]


def test_workers_are_probed_where_they_serve() -> None:
    """The health check of each worker asks the port that its settings open, on an address that others reach."""
    for name in ("dispatcher", "worker-cpu", "worker-gpu"):
        environment = resolve_environment(SERVICES[name], fill_in_secrets())
        assert environment["WORKER_METRICS_HOST"] == "0.0.0.0"
        assert SERVICES[name]["healthcheck"]["test"][-1] == (
            f"http://127.0.0.1:{environment['WORKER_METRICS_PORT']}/metrics"
        )


@pytest.mark.parametrize("name", ["worker-cpu", "worker-gpu"])
def test_docker_waits_for_a_draining_worker(name: str) -> None:
    """A rendering worker has longer to stop than it takes to drain."""
    grace = interpolate(SERVICES[name]["stop_grace_period"], {})
    assert float(grace.removesuffix("s")) > Settings.model_fields["drain_seconds"].default


def test_the_gpu_is_asked_for_in_its_profile_only() -> None:
    """Without the gpu profile no service needs a GPU, and one renders all the same."""
    assert SERVICES["worker-gpu"]["profiles"] == ["gpu"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["worker-gpu"]
    (device,) = SERVICES["worker-gpu"]["deploy"]["resources"]["reservations"]["devices"]
    assert device["driver"] == "nvidia"
    assert device["capabilities"] == ["gpu"]
    assert interpolate(SERVICES["worker-cpu"]["deploy"]["replicas"], {}) == "1"
    assert "TORCH_INDEX" not in SERVICES["worker-gpu"]["build"]["args"]
    assert SERVICES["worker-cpu"]["build"]["args"]["TORCH_INDEX"].endswith("/cpu")


def test_redis_keeps_its_messages() -> None:
    """Valkey writes its log every second, and refuses new keys rather than drop old ones."""
    configuration = SERVICES["valkey"]["command"][-1]
    for line in (
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
        "requirepass $$REDISCLI_AUTH",
    ):
        assert line in configuration.splitlines()
