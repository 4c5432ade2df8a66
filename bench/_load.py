"""Send requests to a server, as fast as it answers or at a fixed rate."""

import http.client
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

Ask = Callable[[http.client.HTTPConnection, int], None]


def asking(path: str, bodies: Sequence[bytes]) -> Ask:
    """Return a function that posts the bodies one after the other and raises on any answer but 200."""

    def ask(connection: http.client.HTTPConnection, number: int) -> None:
        connection.request(
            "POST",
            path,
            bodies[number % len(bodies)],
            {"Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(
                f"{path} answered {answer.status}: {content[:300]!r}"
            )

    return ask


def throughput(port: int, ask: Ask, seconds: float, clients: int = 4) -> float:
    """Return how many requests a second are answered to so many clients that ask again at once."""
    until = time.perf_counter() + seconds

    def client(number: int) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        answered = 0
        while time.perf_counter() < until:
            ask(connection, number + answered * clients)
            answered += 1
        return answered

    with ThreadPoolExecutor(clients) as pool:
        return sum(pool.map(client, range(clients))) / seconds


def latencies_ms(
    port: int, ask: Ask, per_second: float, seconds: float, clients: int = 8
) -> np.ndarray:
    """Return the milliseconds from the moment a request was due to its answer, shape (requests,), at a fixed rate.

    A request that waits for a free client counts its waiting, so a server that stalls cannot hide it.
    """
    count = int(per_second * seconds)
    start = time.perf_counter() + 0.1
    connections = [
        http.client.HTTPConnection("127.0.0.1", port) for _ in range(clients)
    ]

    def client(place: int) -> list[float]:
        latencies = []
        for number in range(place, count, clients):
            due = start + number / per_second
            time.sleep(max(0.0, due - time.perf_counter()))
            ask(connections[place], number)
            latencies.append((time.perf_counter() - due) * 1e3)
        return latencies

    with ThreadPoolExecutor(clients) as pool:
        by_client = list(pool.map(client, range(clients)))
    return np.concatenate(by_client)
