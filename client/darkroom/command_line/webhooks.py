"""`darkroom webhooks`: where the ends of jobs are announced."""

from __future__ import annotations

from typing import Annotated

import typer

from darkroom import Darkroom
from darkroom.command_line.options import Json, Limit
from darkroom.command_line.printing import print_json, print_table
from darkroom.views.webhooks import WebhookDelivery

app = typer.Typer(help="Addresses that are called when a job ends.", no_args_is_help=True)


@app.command("list")
def list_endpoints(*, json: Json = False) -> None:
    """List your endpoints."""
    with Darkroom() as darkroom:
        endpoints = darkroom.webhooks.list()
    if json:
        for endpoint in endpoints:
            print_json(endpoint)
        return
    print_table(
        ("id", "address", "description", ""),
        ((each.id, each.url, each.description, "disabled" if each.disabled_at else "") for each in endpoints),
        empty="no endpoints",
    )


@app.command()
def add(
    url: Annotated[str, typer.Argument(help="An https address of yours.")],
    *,
    description: Annotated[str | None, typer.Option(help="What it is.")] = None,
    json: Json = False,
) -> None:
    """Call an address at every end of a job. Prints the secret, which is shown only here."""
    with Darkroom() as darkroom:
        endpoint = darkroom.webhooks.create(url, description=description)
    if json:
        print_json(endpoint)
    else:
        print(f"{endpoint.id}\t{endpoint.secret}")


@app.command()
def delete(endpoints: Annotated[list[str], typer.Argument(help="Ids of endpoints.")], *, json: Json = False) -> None:
    """Call these addresses no more."""
    with Darkroom() as darkroom:
        for endpoint in endpoints:
            darkroom.webhooks.delete(endpoint)
            if json:
                print_json({"id": endpoint, "deleted": True})


@app.command()
def deliveries(
    *,
    endpoint: Annotated[str | None, typer.Option(help="To this endpoint.")] = None,
    status: Annotated[str | None, typer.Option(help="pending, delivered, exhausted or cancelled.")] = None,
    job: Annotated[str | None, typer.Option(help="Of this job's end.")] = None,
    limit: Limit = 20,
    json: Json = False,
) -> None:
    """List what became of the calls, the newest first."""
    with Darkroom() as darkroom:
        found = darkroom.webhooks.deliveries(endpoint=endpoint, status=status, job=job, limit=limit)
        if json:
            for each in found:
                print_json(each)
            return
        print_table(
            ("id", "status", "event", "of", "address", "tries", "last answer"),
            (
                (each.id, each.status, each.event_type, each.job_id or each.sweep_id, each.url, *_count_tries(each))
                for each in found
            ),
            empty="no deliveries",
        )


@app.command()
def redeliver(
    deliveries: Annotated[list[str], typer.Argument(help="Ids of deliveries.")], *, json: Json = False
) -> None:
    """Make these calls once more."""
    with Darkroom() as darkroom:
        for delivery in deliveries:
            found = darkroom.webhooks.redeliver(delivery)
            if json:
                print_json(found)
            else:
                print(f"{found.id}\t{found.status}")


@app.command()
def secret(*, json: Json = False) -> None:
    """Print the secret with which webhooks of single jobs and sweeps are signed."""
    with Darkroom() as darkroom:
        value = darkroom.webhooks.secret()
    if json:
        print_json({"secret": value})
    else:
        print(value)


def _count_tries(delivery: WebhookDelivery) -> tuple[int, object]:
    last = delivery.attempts[-1] if delivery.attempts else None
    return len(delivery.attempts), (last.response_status_code or last.error) if last else None
