"""How well a model's own opinion separates good instructions from those without meaning: the real runs' labelled lines.

    .venv-real/bin/python benchmarks/judges.py [--gguf FILE] [--most 45]     after `make real` has made .venv-real

Printed is the area under the curve of the probability of "yes" (0.5: no better than chance), and how often "yes" was
the likelier word. `judge` asks the first question of the stage `judge` in its own words, about an example with nothing
but the instruction; `bare` asks one short question. The model must use the template ChatML, as SmolLM2 and Qwen do.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import tempfile
import tomllib
import urllib.request
from itertools import product
from pathlib import Path

sys.path.insert(0, str(ROOT := Path(__file__).parents[1]))

from scripts.real_model.server import command, serving

from selfinstruct.api import Example, Instruction
from selfinstruct_chat.prompts.judge import ChatJudgeEncoder, ChatJudgeOptions

RUNS = sorted((ROOT / "tests" / "corpus" / "quality").glob("real_run*.toml"))
BARE = "Is this a clear, sensible task that a person could ask of an assistant?\n\nTask: {}\n\nAnswer yes or no."


def labelled(most: int) -> list[tuple[str, bool]]:
    """So many good lines, and so many without meaning, drawn from all runs."""
    good, bad = [], []
    for run in (tomllib.loads(path.read_text("utf-8")) for path in RUNS):
        good += run["good"] + run.get("good_that_a_rule_of_novelty_dropped", [])
        bad += run["without_meaning"]
    draw = random.Random(3)
    return [(text, is_good) for some, is_good in ((good, True), (bad, False)) for text in draw.sample(some, most)]


def prompt(form: str, text: str) -> str:
    """The prompt in ChatML, up to the word yes or no."""
    if form == "bare":
        system, user, start = "You check tasks. Answer yes or no.", BARE.format(text), ""
    else:
        subject = Instruction("g0.0", text, example=Example(text, "", "", is_classification=False, subject="g0.0"))
        messages = ChatJudgeEncoder(ChatJudgeOptions(), as_json=True).encode((), [subject])
        system, user, start = messages[0].text, messages[1].text, '{"1": {"task": "'
    return f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n<|im_start|>assistant\n{start}"


def chance_of_yes(address: str, words: str) -> float:
    """The probability of "yes" against "no" as the next word."""
    asked = {"prompt": words, "n_predict": 1, "n_probs": 40, "temperature": 0, "cache_prompt": True}
    request = urllib.request.Request(f"{address}/completion", json.dumps(asked).encode())
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=300) as reply:
        top = json.load(reply)["completion_probabilities"][0]["top_logprobs"]
    yes, no = (
        sum(math.exp(one["logprob"]) for one in top if one["token"].strip().lower() == word) for word in ("yes", "no")
    )
    return yes / (yes + no) if yes + no else 0.5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--gguf", type=Path, help="another model's file (default: that of SmolLM2-135M-Instruct)")
    parser.add_argument("--most", type=int, default=45, help="lines of each label (default: 45)")
    given = parser.parse_args()
    lines = labelled(given.most)
    with tempfile.TemporaryDirectory() as folder, serving(command(1, 1, given.gguf), Path(folder) / "log") as address:
        for form in ("judge", "bare"):
            chances = [(chance_of_yes(address, prompt(form, text)), is_good) for text, is_good in lines]
            good, bad = ([chance for chance, is_good in chances if is_good is label] for label in (True, False))
            area = sum((one > other) + (one == other) / 2 for one, other in product(good, bad)) / len(good) / len(bad)
            yes = [sum(chance > 0.5 for chance in some) for some in (good, bad)]
            print(f"{form}: {area:.2f}; yes to {yes[0]} of {len(good)} good, {yes[1]} of {len(bad)} without meaning")


if __name__ == "__main__":
    main()
