"""Batches: a provider answers thousands of requests from one file, within a day and at a lower price.

The files and states are those of OpenAI's batch API, which other providers speak too; see
https://platform.openai.com/docs/guides/batch and https://console.groq.com/docs/batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Literal

from selfinstruct.api.client_errors import status_of

if TYPE_CHECKING:
    import httpx

Exchange = Callable[[bytes], tuple[int, bytes]]
"""Answers the body of an HTTP request with a status and a body, in place of a server."""

CHAT_COMPLETIONS = "/v1/chat/completions"

KEY = "selfinstruct"
"""The field of a batch's metadata that holds our own key for it."""

PIECE_BYTES = 1_000_000
"""How much of a download is held in memory."""

LISTED_BATCHES = 1000
"""How many of the account's newest batches are searched for a key."""


def offline_client(exchange: Exchange) -> httpx.Client:
    """An HTTP client that calls `exchange` with the body of each request, and never opens a connection."""
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        status, body = exchange(request.content)
        return httpx.Response(status, content=body, headers={"Content-Type": "application/json"})

    return httpx.Client(transport=httpx.MockTransport(answer))


class UnknownBatchError(Exception):
    """The provider does not know a batch, or no longer has its results: deleted, or of another key or project."""


@dataclass(frozen=True, slots=True)
class BatchStatus:
    """How far a batch is.

    state      `running`; `partial`: some results may be there, and more can follow; `ended`: no more results will
               come; `failed`: the provider refused the file, and nothing is billed
    completed  requests that were answered, of `total`
    message    what the provider says, where a batch failed, expired or was cancelled
    """

    state: Literal["running", "partial", "ended", "failed"]
    completed: int = 0
    total: int = 0
    message: str = ""


class Batches(ABC):
    """Where a backend's batches go. The methods may block, are called in a thread, and raise the client's errors.

    max_requests, max_bytes  the most that one file may hold
    price_share              what a token costs in a batch, as a share of its usual price
    """

    max_requests: int = 50_000
    max_bytes: int = 200_000_000
    price_share: float = 0.5

    @abstractmethod
    def submit(self, file: Path, key: str) -> str:
        """Send a file of requests; returns the provider's id of the batch. `find` must find it by `key`."""

    @abstractmethod
    def find(self, key: str) -> str | None:
        """The id of the batch that was submitted with this key; `None` if the provider has none."""

    @abstractmethod
    def poll(self, batch: str) -> BatchStatus:
        """How far a batch is; raises `UnknownBatchError` if the provider does not have it."""

    @abstractmethod
    def fetch(self, batch: str, folder: Path) -> Iterator[bytes]:
        """The results that are there, one JSON object a line, in any order; temporary files go into `folder`.

        Raises `UnknownBatchError` if the provider does not have them.
        """


class OpenAIBatches(Batches):
    """Batches by a client that has the `files` and `batches` of OpenAI's SDK, such as `groq.Groq`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, file: Path, key: str) -> str:
        """Upload the file and create the batch."""
        with file.open("rb") as lines:
            uploaded = self._client.files.create(file=(file.name, lines), purpose="batch")
        created = self._client.batches.create(
            completion_window="24h",
            endpoint=CHAT_COMPLETIONS,
            input_file_id=uploaded.id,
            metadata={KEY: key},
        )
        return str(created.id)

    def find(self, key: str) -> str | None:
        """Search the account's newest batches."""
        listed: Iterable[Any] = self._client.batches.list()
        rows = listed if hasattr(listed, "iter_pages") else getattr(listed, "data", [])
        for row in islice(rows, LISTED_BATCHES):
            if (row.metadata or {}).get(KEY) == key:
                return str(row.id)
        return None

    def poll(self, batch: str) -> BatchStatus:
        """Ask for the batch's status."""
        with _refusing_unknown():
            found = self._client.batches.retrieve(batch)
        state, counts = str(found.status).lower(), found.request_counts  # Together writes it in capitals
        done, total = (counts.completed + counts.failed, counts.total) if counts else (0, 0)
        if state == "failed":
            errors = (found.errors.data if found.errors else None) or []
            words = "; ".join(str(error.message) for error in errors if error.message)
            return BatchStatus("failed", done, total, words or "no reason was given")
        if state in ("completed", "expired", "cancelled"):
            return BatchStatus("ended", done, total, "" if state == "completed" else state)
        return BatchStatus("running", done, total)

    def fetch(self, batch: str, folder: Path) -> Iterator[bytes]:
        """Download the batch's results and errors into a file, and read it once it is complete."""
        content = self._client.files.with_streaming_response.content
        with TemporaryFile(dir=folder) as lines:
            with _refusing_unknown():
                found = self._client.batches.retrieve(batch)
                for file in filter(None, (found.output_file_id, found.error_file_id)):
                    with content(file) as response:
                        lines.writelines(response.iter_bytes(PIECE_BYTES))
                    lines.write(b"\n")
            lines.seek(0)
            yield from lines


@contextmanager
def _refusing_unknown() -> Iterator[None]:
    """Raise `UnknownBatchError` where the provider answers with 404."""
    try:
        yield
    except Exception as error:
        if status_of(error) == 404:
            raise UnknownBatchError from error
        raise
