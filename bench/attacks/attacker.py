"""`python -m bench.attacks.attacker NAME PORT SECONDS`: many clients of one account, none of which ever waits.

The API key comes in the environment, as ATTACKER_API_KEY. Prints the number of answers by status, as JSON.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import threading
import time
from collections import Counter

from bench.attacks.bodies import ATTACKS
from infra.local.ports import LOOPBACK

_CLIENTS = 64
_PATIENCE_SECONDS = 120


def main() -> None:
    """Attack for the time, and print what was answered."""
    name, port, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    bodies, api_key = ATTACKS[name](), os.environ["ATTACKER_API_KEY"]
    answers: Counter[str] = Counter()
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=_send, args=(port, api_key, bodies[number % len(bodies)], until, answers))
        for number in range(_CLIENTS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(dict(answers)) + "\n")


def _send(port: int, api_key: str, body: bytes, until: float, answers: Counter[str]) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=_PATIENCE_SECONDS)
    headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
    while time.monotonic() < until:
        try:
            connection.request("POST", "/v1/jobs", body, headers)
            response = connection.getresponse()
            response.read()
            answers[str(response.status)] += 1
        except (OSError, http.client.HTTPException) as error:
            # Refused before the body was read: the next one goes through a new connection.
            answers[type(error).__name__] += 1
            connection.close()
    connection.close()


if __name__ == "__main__":
    main()
