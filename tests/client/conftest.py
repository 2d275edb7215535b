"""Clients of the running service, each with an account of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from darkroom import Darkroom
from darkroom.connection import Connection
from PIL import Image

from infra.local import LocalStack
from infra.local.webhook_listener import WebhookListener, listening
from tests.acceptance.customer import open_account


@pytest.fixture
def account(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Connection]:
    """Address and key of a new account."""
    with open_account(stack, request.node.name) as customer:
        yield Connection(stack.url, customer.http.headers["Authorization"].split()[1])


@pytest.fixture
def darkroom(account: Connection) -> Iterator[Darkroom]:
    """A client of the account."""
    with Darkroom(account.url, account.api_key) as darkroom:
        yield darkroom


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """The customer's own web server."""
    with listening() as listener:
        yield listener


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    """A picture in a file."""
    path = tmp_path / "cat.png"
    Image.linear_gradient("L").convert("RGB").resize((64, 64)).save(path)
    return path
