"""A scripted model that continues in the manner of the examples it is shown: an imitation, to compare samplers with.

It is no language model. It has habits of its own (a few openings and topics that it likes best), takes the rest from
the prompt (openings, ends and words of the examples), and now and then repeats an example. So what a prompt shows
decides in part what it writes, which is what a sampler needs to matter at all. How much a real model follows its
examples, only a real model can tell.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from selfinstruct.api import Backend, Sampling

OWN, REPEATS, FOLLOWS = 0.35, 0.06, 0.85
"""How often it follows a habit, repeats an example, and keeps to a topic that the prompt names."""

HABITS = (
    "Write a short story about {}.", "Explain the concept of {} in simple terms.", "List five facts about {}.",
    "Describe the history of {}.", "What are the benefits of {}?", "Write a poem about {}.",
    "Summarize the main ideas behind {}.", "Create a weekly plan for someone interested in {}.",
    "Give three tips for beginners in {}.", "Compare {} with a similar thing of your choice.",
    "How does {} affect our daily lives?", "Generate a list of questions about {}.",
    "Classify these statements about {} as true or false.", "Write an email that recommends {} to a colleague.",
    "Suggest a title for an article about {}.", "Translate a sentence about {} into French.",
)  # fmt: skip
FACETS = ("the price of", "the history of", "a guide to", "common mistakes with", "the future of", "a letter about")

_TASK = re.compile(r"^\d+\. (.+)$", re.MULTILINE)
_COUNT = re.compile(r"Write (\d+) new tasks?")
_TOPIC = re.compile(r"^Topic of the new tasks: (.+)\.$", re.MULTILINE)
_WORD = re.compile(r"[a-z]{5,}")
_JOINT = re.compile(r" (?:of|for|about|with|in|to|from|that|and|into|as) ")


@cache
def topics_by_field() -> dict[str, list[str]]:
    """The topics of every field of life, from `topics.toml`."""
    found = tomllib.loads(Path(__file__).with_name("topics.toml").read_text("utf-8"))
    return {field: [" ".join(topic.split()) for topic in topics.split(";")] for field, topics in found.items()}


class Imitator(Backend):
    """The imitation as a backend; another seed is another model."""

    local = True

    def __init__(self, seed: int) -> None:
        self._model = Model(seed)

    def chat_model(self, sampling: Sampling) -> Any:  # noqa: ARG002
        return self._model


class Model:
    """Writes replies; the same messages always get the same one."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._topics = [topic for topics in topics_by_field().values() for topic in topics]
        Random(seed).shuffle(self._topics)
        self._liking = list(accumulate(1 / (rank + 3) for rank in range(len(self._topics))))
        self._habit = list(accumulate(1 / (rank + 1) for rank in range(len(HABITS))))

    async def ainvoke(self, messages: Sequence[Any], config: Any = None) -> Any:  # noqa: ARG002
        prompt = "\n".join(text for _, text in messages)
        rng = Random(hashlib.sha256(f"{self._seed}:{prompt}".encode()).digest())
        count = _COUNT.search(prompt)
        named = _TOPIC.search(prompt)
        shown = _TASK.findall(prompt)
        tasks = [self.task(rng, shown, named[1] if named else "") for _ in range(int(count[1]) if count else 8)]
        text = "\n".join(f"{number}. {task}" for number, task in enumerate(tasks, 1))
        usage = {"input_tokens": len(prompt) // 4, "output_tokens": len(text) // 4}
        facts = {"finish_reason": "stop", "model_name": "imitator"}
        return SimpleNamespace(content=text, response_metadata=facts, usage_metadata=usage)

    def task(self, rng: Random, shown: Sequence[str], named: str) -> str:
        if not shown or rng.random() < OWN:
            (habit,) = rng.choices(HABITS, cum_weights=self._habit)
            return habit.format(self.topic(rng, named))
        example = rng.choice(shown)
        if rng.random() < REPEATS:
            return example
        other, way = rng.choice(shown), rng.random()
        if way < 0.35:  # one example's beginning with another's end
            left, right = _JOINT.search(example), _JOINT.search(other)
            if left and right:
                return example[: left.start()] + other[right.start() :]
        if way < 0.55:  # another's verb
            rest = example.split(" ", 1)[-1]
            return f"{other.split(' ', 1)[0]} {rest}"
        return self.reworded(rng, example, named)

    def reworded(self, rng: Random, example: str, named: str) -> str:
        """An example about something else: some of its longer words are others."""
        words = [found for found in _WORD.finditer(example) if found.start() > 0]
        for found in sorted(rng.sample(words, min(len(words), 4)), key=lambda one: -one.start()):
            example = example[: found.start()] + self.topic(rng, named) + example[found.end() :]
        return example

    def topic(self, rng: Random, named: str) -> str:
        if named and rng.random() < FOLLOWS:
            return f"{rng.choice(FACETS)} {named}" if rng.random() < 0.5 else named
        (topic,) = rng.choices(self._topics, cum_weights=self._liking)
        return topic
