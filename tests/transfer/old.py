"""Rows as the original scripts and their descendants write them, and a folder to import them from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from selfinstruct.run.settings import Settings
from selfinstruct.store import RunStore
from selfinstruct.transfer.importing import FileReport, ImportResult, import_files

SEEDS = [
    "Write a short poem about the sea.",
    "Sort the given list in ascending order.",
    "Classify the sentiment of the tweet.",
    "Explain how tides work to a child.",
    "Translate the sentence into French.",
    "List five uses of salt.",
    "Which planet is the largest one?",
    "Generate a title for the following email:",
    "Detect whether the mail is spam.",
]
WORDS = (
    "river", "garden", "invoice", "letter", "violin", "winter", "recipe", "budget", "bridge", "poem", "stone", "paper",
    "你好", "世界", "пример", "naïve", "`x = 1`", "$5",
)  # fmt: skip


def seed_rows() -> list[dict[str, Any]]:
    return [
        {"id": f"s{n}", "instruction": text, "instances": [{"input": "", "output": "x"}], "is_classification": n == 2}
        for n, text in enumerate(SEEDS)
    ]


def metadata(reply: str | None, prompt: str = "Come up with a series of tasks:\n1.", finish: str = "stop") -> Any:
    """The metadata of a call as the scripts write it; a failed call has no response."""
    response = {"choices": [{"text": reply, "index": 0, "logprobs": None, "finish_reason": finish}]}
    return {"prompt": prompt, "response": response if reply is not None else None, "created_at": "2022-11-01 10:00:00"}


def instruction_rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Instructions in batches of up to five replies, some with several instructions."""
    rows: list[dict[str, Any]] = []
    rng, request = Random(seed), 0
    while len(rows) < count:
        for _ in range(5):
            texts = [f"{sentence(rng)} {len(rows) + n}." for n in range(rng.randint(0, 3))]
            said = metadata("\n".join(f"{n}. {text}" for n, text in enumerate(texts, start=9)), sentence(rng, 40))
            near = {text: rng.random() for text in rng.sample(SEEDS, 3)}
            near = dict(sorted(near.items(), key=lambda entry: -entry[1]))
            rows += [
                {"instruction": text, "most_similar": near, "avg_similarity_score": 0.1, "metadata": said,
                 "request_idx": request}
                for text in texts
            ]  # fmt: skip
        request += 1
    return rows[:count]


def sentence(rng: Random, words: int = 9) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)).capitalize()


@dataclass
class OldRun:
    """A folder with the files of an old run, and the folder of the new run."""

    folder: Path
    seeds: Path
    out: Path

    @classmethod
    def in_folder(cls, folder: Path) -> OldRun:
        old = cls(folder, folder / "seeds.jsonl", folder / "run")
        old.file("seeds.jsonl", *seed_rows())
        return old

    def file(self, name: str, *rows: Mapping[str, Any] | str | bytes) -> Path:
        """Write a file of rows. Texts and bytes are written as they are, and bytes without a line end."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for row in rows:
                text = row if isinstance(row, str | bytes) else json.dumps(row)
                file.write(text if isinstance(text, bytes) else text.encode("utf-8") + b"\n")
        return path

    def settings(self, recipe: str | None = None, **overrides: Any) -> Settings:
        return Settings(self.out, recipe, None, {"run": {"seeds": str(self.seeds)}, **overrides})

    def bring(self, *paths: Path, recipe: str | None = None, **overrides: Any) -> ImportResult:
        """Import files, and check that every row of every file is counted once."""
        result = import_files(self.settings(recipe, **overrides), paths)
        for report in result.files:
            assert report.rows == report.taken + sum(report.reasons.values()), report
        return result

    def open_readonly(self) -> RunStore:
        return RunStore.open_readonly(self.out)

    def rows(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.out / name).read_text("utf-8").split("\n")[:-1]]

    def instructions(self) -> list[str]:
        return [row["instruction"] for row in self.rows("machine_generated_instructions.jsonl")]


def reasons(report: FileReport) -> dict[str, tuple[int, Sequence[int]]]:
    """Why rows were not imported: the number of each reason, and its first lines."""
    return {reason: (count, report.lines[reason]) for reason, count in report.reasons.items()}
