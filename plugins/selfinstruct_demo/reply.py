"""Answers a prompt: parses it, writes the reply, and ends the reply at a stop word or the token limit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from selfinstruct_demo import classify, generate, instances, judge
from selfinstruct_demo.faults import REFUSALS, break_off, happens
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt, Turn, read_prompt

CHARACTERS_PER_TOKEN = 4
"""Tokens are estimated by this, because there is no tokenizer."""

TALK = (
    "This is the demo backend of selfinstruct. It is not a language model: it only answers the prompts of its stages."
)


@dataclass(frozen=True, slots=True)
class DemoReply:
    """The text of a reply, and whether it was cut short."""

    text: str
    cut: bool = False


def rng_of(turns: Sequence[Turn], seed: int) -> Random:
    """A random generator that depends on the messages and the seed alone, and not on call order, process or thread."""
    digest = hashlib.sha256(json.dumps([seed, turns]).encode()).digest()
    return Random(int.from_bytes(digest, "big"))  # noqa: S311 - chooses words, not secrets


def reply_to(
    turns: Sequence[Turn], options: DemoOptions, stop: Sequence[str] | None = None, *, max_tokens: int | None = None
) -> DemoReply:
    """Answer messages. The same messages, options, stop words and limit always give the same reply."""
    said = answer(read_prompt(turns), rng_of(turns, options.seed), options)
    return shorten(said, stop or (), max_tokens)


def answer(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> DemoReply:
    """The reply to a parsed prompt, with the mistakes that the options set, but none in the paper's stages."""
    if ask.kind == "talk":
        return DemoReply(TALK)
    if ask.kind == "classify":
        return DemoReply(classify.write(ask, rng, options))
    if ask.kind == "judge":
        return DemoReply(judge.write(ask, rng, options))
    if ask.kind == "instances":
        text = instances.write(ask, rng, options)
    elif happens(rng, options.refusal):
        return DemoReply(rng.choice(REFUSALS))
    else:
        text = generate.write(ask, rng, options)
    may_break = ask.kind == "generate" or ask.blocks
    return DemoReply(break_off(text, rng), cut=True) if may_break and happens(rng, options.cut) else DemoReply(text)


def shorten(said: DemoReply, stop: Sequence[str], max_tokens: int | None) -> DemoReply:
    """The reply up to the first stop word and the token limit."""
    ends = [at for word in stop if word and (at := said.text.find(word)) >= 0]
    if ends:
        said = DemoReply(said.text[: min(ends)])
    room = None if max_tokens is None else max(0, max_tokens) * CHARACTERS_PER_TOKEN
    return said if room is None or len(said.text) <= room else DemoReply(said.text[:room], cut=True)


def tokens_in(text: str) -> int:
    """The estimated number of tokens in a text."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)
