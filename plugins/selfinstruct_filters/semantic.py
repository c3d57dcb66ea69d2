"""The rule against drafts that mean what the pool already says, in other words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import finalize

from pydantic import Field, field_validator

from selfinstruct.api import Draft, Filter, ModelError, Options, Verdict, chat, drop, keep
from selfinstruct_filters.helpers.vectors import VectorCache

if TYPE_CHECKING:
    import numpy as np
    from langchain_core.embeddings import Embeddings


_AT_ONCE = 1024
"""Texts of the pool that are read into memory at once when a run begins."""


class SemanticOptions(Options):
    """Options of the filter `semantic`."""

    unfrozen: ClassVar[frozenset[str]] = frozenset({"batch", "cache", "timeout"})

    model: str = Field(description="Provider and model, such as ollama:nomic-embed-text.")
    threshold: float = Field(0.9, ge=-1, le=1, description="Drop a draft whose cosine with any entry is above this.")
    batch: int = Field(64, ge=1, description="Most texts that are embedded in one call.")
    cache: str | None = Field(
        None, description="Folder of embeddings. Default: selfinstruct/embeddings in the user's cache."
    )
    timeout: float = Field(120.0, gt=0, description="Seconds a call to Ollama may take.")
    kwargs: dict[str, Any] = Field(
        default_factory=dict,
        description="Further arguments of the provider's class, such as base_url; not its key.",
    )

    @field_validator("model")
    @classmethod
    def _names_both(cls, model: str) -> str:
        provider, _, name = model.partition(":")
        if not provider.strip() or not name.strip():
            raise ValueError("write provider:model, such as ollama:nomic-embed-text")
        return model


class SemanticFilter(Filter[Draft]):
    """Drop a draft whose embedding is too near to that of any seed or accepted instruction, by cosine.

    [Duplicates by meaning](duplicates.md#by-meaning) has a measured model, and says where embeddings are kept.
    """

    def __init__(self, options: SemanticOptions, embeddings: Embeddings | None = None) -> None:
        self._options = options
        self._model = embeddings or _embeddings(options)
        self._kept = VectorCache(options.cache, options.model, options.kwargs)
        self._size = 0
        self._near: dict[str, np.ndarray[Any, Any]] = {}
        self._texts: list[str] = []
        self._matrix: np.ndarray[Any, Any] | None = None

    def prefetch(self, items: Sequence[Draft]) -> None:
        """Embed the drafts of a reply; what an earlier reply needed is forgotten."""
        self._near = self._embed([item.text for item in items])

    def evaluate(self, item: Draft) -> Verdict:
        """Drop the draft if any entry is too near, naming the nearest, the oldest of equals, and its cosine."""
        vector = self._vector(item.text)
        if self._matrix is None:
            return keep()
        cosines = self._matrix[: len(self._texts)] @ vector
        best = int(cosines.argmax())
        if cosines[best] <= self._options.threshold:
            return keep()
        return drop("same-meaning", nearest=self._texts[best], cosine=round(float(cosines[best]), 4))

    def nearness(self, item: Draft) -> float:
        """The highest cosine with any entry, and 0 if it is negative."""
        vector = self._vector(item.text)
        return max(0.0, float((self._matrix[: len(self._texts)] @ vector).max())) if self._matrix is not None else 0.0

    def observe(self, item: Draft) -> None:
        """Let the draft join the pool."""
        self._add(item.text, self._vector(item.text))

    def observe_all(self, items: Iterable[Draft]) -> None:
        """Let the seeds and the pool join, in batches."""
        texts = [item.text for item in items]
        for at in range(0, len(texts), _AT_ONCE):
            vectors = self._embed(texts[at : at + _AT_ONCE])
            for text in texts[at : at + _AT_ONCE]:
                self._add(text, vectors[text])

    def _vector(self, text: str) -> np.ndarray[Any, Any]:
        return self._near[text] if text in self._near else self._embed([text])[text]

    def _add(self, text: str, vector: np.ndarray[Any, Any]) -> None:
        """Write a row below the last one; the matrix doubles when it is full."""
        import numpy as np

        if self._matrix is None:
            self._matrix = np.zeros((256, len(vector)), np.float32)
        if len(self._texts) == len(self._matrix):
            self._matrix = np.concatenate([self._matrix, np.zeros_like(self._matrix)])
        self._matrix[len(self._texts)] = vector
        self._texts.append(text)

    def _embed(self, texts: Sequence[str]) -> dict[str, np.ndarray[Any, Any]]:
        """Every text's embedding, of length 1, from the disk or else from the model."""
        found = {text: vector for text in texts if (vector := self._kept.find(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        for at in range(0, len(new), self._options.batch):
            batch = new[at : at + self._options.batch]
            for text, vector in zip(batch, self._ask(batch), strict=True):
                self._kept.keep(text, vector)
                found[text] = vector
        for vector in found.values():
            self._size = self._size or len(vector)
            if len(vector) != self._size:
                raise self._unusable(f"it gave embeddings of {self._size} and of {len(vector)} numbers")
        return found

    def _ask(self, texts: list[str]) -> np.ndarray[Any, Any]:
        """Ask the model; raises `ModelError` for what is no embedding of each text."""
        import numpy as np

        try:
            rows = np.asarray(self._model.embed_documents(texts), np.float32)
        except Exception as error:  # every client has its own
            raise self._unusable(chat.error_summary(error)) from error
        if rows.ndim != 2 or len(rows) != len(texts) or not rows.shape[1] or not np.isfinite(rows).all():
            raise self._unusable(f"it gave no embedding of finite numbers for each of {len(texts)} texts")
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit: np.ndarray[Any, Any] = rows / np.where(lengths > 0, lengths, 1)
        return unit

    def _unusable(self, why: str) -> ModelError:
        hint = "Start its server, or get the model, and run the same command again. No paid reply is lost."
        return ModelError(f"the embedding model '{self._options.model}' cannot be used: {why}", hint)


def _embeddings(options: SemanticOptions) -> Embeddings:
    """What LangChain makes of the model's name; raises `ModelError` where the provider is unknown or not installed."""
    from langchain.embeddings import init_embeddings

    provider, _, name = options.model.partition(":")
    provider, given = provider.strip().lower(), dict(options.kwargs)
    if provider == "ollama":  # its client waits for ever
        given["client_kwargs"] = {"timeout": options.timeout, **given.get("client_kwargs", {})}
    try:
        made: Embeddings = init_embeddings(name.strip(), provider=provider, **given)
    except Exception as error:
        words = chat.error_words(error)
        hint = "Check model and kwargs of the filter semantic, and that the provider's package is installed."
        raise ModelError(f"LangChain could not make the embeddings '{options.model}': {words}", hint) from None
    if provider == "ollama":
        client: Any = made._client  # type: ignore[attr-defined]  # the class has no close of its own
        finalize(made, client.close)
    return made


class _Letters:
    """Counts letters: enough of a model to show the rule."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[float(text.lower().count(letter)) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]


def example_filter() -> Filter[Draft]:
    """What the page is shown with: a stand-in that counts letters, in place of a model."""
    made: Mapping[str, Any] = {"model": "demo:letters", "threshold": 0.98, "cache": ""}
    return SemanticFilter(SemanticOptions(**made), _Letters())  # type: ignore[arg-type]


KEPT = Draft("Name three rivers of Asia.")
DROPPED = Draft("About a lighthouse, write a poem.")
BEFORE = (Draft("Write a poem about a lighthouse."),)
