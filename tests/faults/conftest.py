"""A service for tests to break, and its customers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local import LocalStack
from infra.local.webhook_listener import WebhookListener, listening
from tests.acceptance.customer import Customer, open_account
from tests.faults.checker import Checker, checking
from tests.faults.service import Service, serving
from tests.integration.conftest import account_id, database, submit  # noqa: F401  (fixtures)


@pytest.fixture(scope="session")
def running_service() -> Iterator[Service]:
    """One for all tests of this folder that break processes and links."""
    with serving() as service:
        yield service


@pytest.fixture
def service(running_service: Service) -> Iterator[Service]:
    """The service; when the test is over, no rule is broken in its rows and its bucket."""
    yield running_service
    assert running_service.checker.list_violations() == []


@pytest.fixture
def sender(service: Service, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """A customer of the service that is broken."""
    with open_account(service.stack, request.node.name) as customer:
        yield customer


@pytest.fixture(scope="session")
def stack_checker(stack: LocalStack) -> Iterator[Checker]:
    """A checker of the stack that all tests share."""
    with checking(stack.environment) as checker:
        yield checker


@pytest.fixture
def customer(stack: LocalStack, stack_checker: Checker, request: pytest.FixtureRequest) -> Iterator[Customer]:
    """A customer of the shared stack; when the test is over, no rule is broken there."""
    with open_account(stack, request.node.name) as customer:
        yield customer
    assert stack_checker.list_violations() == []


@pytest.fixture
def listener() -> Iterator[WebhookListener]:
    """A receiver that answers 204."""
    with listening() as listener:
        yield listener
