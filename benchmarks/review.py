"""Milliseconds that the review page's requests take, over a socket, in a large run.

    python benchmarks/review.py [--instructions 50000]

The run is written straight into a store: instructions as the demo backend words them, a third as many rejections, an
example for each, similarities as large as real ones, and 2,000 reviews. Every figure is of whole requests.
"""

from __future__ import annotations

import argparse
import http.client
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlencode

from corpus import Corpus
from selfinstruct.review import ReviewServer
from selfinstruct.store import InitialFacts, RunStore
from selfinstruct.store.reviews import Reviews
from selfinstruct.types import (
    GENERATE,
    PREPARE,
    Decision,
    Instance,
    Message,
    Reply,
    Request,
    SeedTask,
    Similarity,
)

EACH = 8
"""Candidates of a reply."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--instructions", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        candidates = make_run(run, given.instructions)
        reviews = Reviews.open(run)
        server = ReviewServer(reviews)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        size = (run / "run.sqlite").stat().st_size / 1e6
        print(f"{given.instructions:,} instructions of {candidates:,} candidates, as many examples; {size:,.0f} MB\n")
        measure(Client(server), given.rounds, candidates)
        server.shutdown()
        reviews.close()


def make_run(folder: Path, count: int) -> int:
    """Write a run; returns how many candidates it has."""
    texts, rng = Corpus(7, duplicates=False).take(count), Random(7)
    store = RunStore.open(folder)
    store.create([SeedTask("s", "Name a river.", (Instance("", "Rhine"),), False)], InitialFacts())
    index = accepted = 0
    with store.transaction():
        while accepted < count:
            kept = texts[accepted : accepted + EACH * 3 // 4]
            decisions = [_kept(place, text, texts, rng) for place, text in enumerate(kept)]
            lost = [Decision(len(kept) + n, kept[-n - 1], "rejected", rng.choice(("rouge-l", "length", "keywords")),
                             "not-novel", {"nearest": kept[0]}) for n in range(min(2, len(kept)))]  # fmt: skip
            request = Request(GENERATE, index, (Message("user", "more tasks, please"),))
            store.record_request(request)
            store.record_answer(
                request, Reply("\n".join(kept), "stop", model="bench", created_at="2026-01-01T00:00:00")
            )
            accepted += len(kept)
            store.settle(
                request, [*decisions, *lost], evaluated=len(decisions) + len(lost), complete=True, accepted=accepted
            )
            for place, text in enumerate(kept):
                number = accepted - len(kept) + place
                payload = {"instruction": text, "input": rng.choice(texts) * 3, "is_classification": False}
                output = " ".join(rng.choice(texts) for _ in range(4))
                one = Decision(0, output, "accepted", subject=f"g{index}.{place}", payload=payload)
                store.settle(Request(PREPARE, number, ()), [one], evaluated=1, complete=True, accepted=number + 1)
            index += 1
    candidates = sum(len(list(store.decisions(GENERATE, fate))) for fate in ("accepted", "rejected"))
    store.close()
    return candidates


def _kept(place: int, text: str, texts: list[str], rng: Random) -> Decision:
    near = tuple((rng.choice(texts), 0.3) for _ in range(10))
    return Decision(place, text, "accepted", similarity=Similarity(0.3, near, 0.05))


class Client:
    """One browser's connection."""

    def __init__(self, server: ReviewServer) -> None:
        self._path = f"/{server.token}/api/"
        self._headers = {"X-Review-Token": server.token, "Content-Type": "application/json"}
        self._connection = http.client.HTTPConnection("127.0.0.1", server.server_port)

    def get(self, path: str, **query: Any) -> Any:
        return self._ask("GET", f"{path}?{urlencode(query)}", None)

    def post(self, path: str, **body: Any) -> Any:
        return self._ask("POST", path, json.dumps(body))

    def _ask(self, method: str, path: str, body: str | None) -> Any:
        self._connection.request(method, self._path + path, body, self._headers)
        answer = self._connection.getresponse()
        reply = json.loads(answer.read())
        assert answer.status == 200, reply
        return reply


def measure(client: Client, rounds: int, candidates: int) -> None:
    rng = Random(11)
    requests = candidates // EACH

    def anywhere() -> str:
        return f"g{rng.randrange(requests)}.{rng.randrange(5)}"

    for at in range(2000):
        item = f"g{at * requests // 2000}.0"
        client.post("reject" if at % 2 else "accept", id=item, version=0, **({"reason": "unclear"} if at % 2 else {}))
    print(f"{'':34}{'median':>9}{'95th':>9}{'worst':>9}   milliseconds")
    show("first page", rounds, lambda: client.get("items"))
    show("page anywhere", rounds, lambda: client.get("items", after=anywhere()))
    show("page of what a filter dropped", rounds, lambda: client.get("items", filter="length", after=anywhere()))
    show("page of examples, anywhere", rounds, lambda: client.get("items", stage="prepare", after=f"e{rng.randrange(candidates // 2)}.0"))  # fmt: skip  # noqa: E501
    show("page of what is not reviewed", rounds, lambda: client.get("items", reviewed="none", after=anywhere()))
    show("page of what people rejected", rounds, lambda: client.get("items", reviewed="rejected"))
    show("search, a frequent word", rounds, lambda: client.get("items", text="the"))
    show("search, each page, nothing there", rounds // 4, lambda: client.get("items", text="qqqq"))
    show("search, all pages, nothing there", rounds // 4, lambda: whole(client, text="qqqq"))
    show("search, all pages, in examples", rounds // 10, lambda: whole(client, stage="prepare", text="qqqq"))
    show("people's rejections, all pages", rounds // 10, lambda: whole(client, reviewed="edited"))
    show("item", rounds, lambda: client.get("item", id=anywhere()))
    show("summary", rounds // 4, lambda: client.get("summary"))
    fresh = iter(f"g{at}.3" for at in range(requests))
    show("write: accept", rounds, lambda: client.post("accept", id=next(fresh), version=0))


def whole(client: Client, **query: str) -> None:
    after = ""
    while (page := client.get("items", **query, after=after))["after"]:
        after = page["after"]


def show(name: str, rounds: int, work: Callable[[], Any]) -> None:
    spent = []
    for _ in range(max(5, rounds)):
        start = time.perf_counter()
        work()
        spent.append(1000 * (time.perf_counter() - start))
    spent.sort()
    print(f"{name:34}{statistics.median(spent):9.1f}{spent[int(0.95 * (len(spent) - 1))]:9.1f}{spent[-1]:9.1f}")


if __name__ == "__main__":
    main()
