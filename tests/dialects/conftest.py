"""The whole service over TLS, once for all tests of dialects, and customers of it."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from infra.local import LocalStack
from infra.local.webhook_listener import WebhookListener, listening
from tests.acceptance.customer import Customer, open_account
from tests.dialects.environments import Sdk
from tests.dialects.tls import TlsProxy
from tests.warm.start_warm import start_warm


@dataclass(frozen=True)
class Service:
    """The service, and what is before it."""

    stack: LocalStack
    proxy: TlsProxy

    @property
    def api_port(self) -> int:
        """Where the API itself listens, without TLS."""
        return self.proxy.target_port

    @property
    def url(self) -> str:
        """Its address, which begins with https."""
        return self.stack.url


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A worker, a dispatcher and the API, to which everybody comes through TLS."""
    with TlsProxy(tmp_path_factory.mktemp("tls")) as proxy:
        environment = {"PUBLIC_URL": f"https://localhost:{proxy.port}", "FETCH_ALLOW_HTTP": "true"}
        environment["FETCH_ALLOWED_NETWORKS"] = "127.0.0.0/8,::1/128"
        with LocalStack(environment=environment, start_process=start_warm) as stack:
            proxy.target_port = stack._api_port
            yield Service(stack, proxy)


@pytest.fixture
def customer(service: Service, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """A customer with an account of its own, who trusts the service's certificate."""
    with open_account(service.stack, request.node.name) as customer, connect(service, customer) as http:
        customer.http = http
        yield customer


def connect(service: Service, customer: Customer) -> httpx2.Client:
    """A client of the customer's, with as many connections as it needs."""
    return httpx2.Client(
        base_url=service.url,
        headers={"Authorization": f"Bearer {customer.api_key}"},
        timeout=30,
        verify=ssl.create_default_context(cafile=str(service.proxy.authority_file)),
        limits=httpx2.Limits(max_connections=None),
    )


@pytest.fixture
def paused(customer: Customer) -> Iterator[Callable[[], None]]:
    """No job of the customer starts until this is called."""

    def resume() -> None:
        customer.http.post("/v1/queue/resume", json={}).raise_for_status()

    customer.http.post("/v1/queue/pause", json={}).raise_for_status()
    yield resume
    resume()


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """The customer's own web server."""
    with listening() as listener:
        yield listener


def build_sdk(service: Service, customer: Customer, name: str, script: str, **environment: str) -> Sdk:
    """A client in the environment `name`, whose script knows the service's address and the customer's key."""
    authority = str(service.proxy.authority_file)
    trusted = {"SSL_CERT_FILE": authority, "REQUESTS_CA_BUNDLE": authority, "CURL_CA_BUNDLE": authority}
    return Sdk(
        name, script, {"DARKROOM_URL": service.url, "DARKROOM_API_KEY": customer.api_key, **trusted, **environment}
    )


def list_jobs(customer: Customer) -> list[dict[str, Any]]:
    """The customer's jobs, newest first."""
    return list(customer.http.get("/v1/jobs").raise_for_status().json()["data"])


def wait_for_job(customer: Customer) -> dict[str, Any]:
    """The customer's one job, once it is there."""
    deadline = time.monotonic() + 30
    while not (jobs := list_jobs(customer)):
        assert time.monotonic() < deadline, "nothing was submitted"
        time.sleep(0.1)
    [job] = jobs
    return job
