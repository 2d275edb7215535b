"""Customers of the running service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local import LocalStack
from infra.local.webhook_listener import WebhookListener, listening
from tests.acceptance.customer import Customer, open_account


@pytest.fixture
def customer(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """A customer with an account of its own."""
    with open_account(stack, request.node.name) as customer:
        yield customer


@pytest.fixture
def other_customer(stack: LocalStack, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """Another customer with another account."""
    with open_account(stack, f"{request.node.name}-other") as customer:
        yield customer


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """The customer's own web server."""
    with listening() as listener:
        yield listener
