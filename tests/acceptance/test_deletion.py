"""A customer has a job deleted for good."""

from __future__ import annotations

import httpx2

from tests.acceptance.customer import SMALL, Customer


def test_a_deleted_image_cannot_be_fetched_any_more(customer: Customer, other_customer: Customer) -> None:
    """Not even with the link that worked a moment before; another customer could not delete it."""
    job = customer.wait_until_finished(customer.submit(**SMALL))
    [output] = job["outputs"]
    customer.download(output)
    assert other_customer.http.delete(f"/v1/jobs/{job['id']}").status_code == 404

    receipt = customer.http.delete(f"/v1/jobs/{job['id']}")

    assert receipt.status_code == 200, receipt.text
    assert [item["sha256"] for item in receipt.json()["objects"]] == [output["sha256"]]
    assert httpx2.get(output["url"]).status_code == 404
    assert customer.http.get(f"/v1/jobs/{job['id']}").json()["code"] == "job_deleted"
    assert customer.http.get(f"/v1/deletions/{receipt.json()['id']}").json() == receipt.json()
