"""Writes the README of an exported dataset: a dataset card for the Hub."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from selfinstruct.export.best_examples import Selection
from selfinstruct.export.facts import DatasetFacts
from selfinstruct.export.trainers import Shape, axolotl
from selfinstruct.types import GENERATE

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of an exported folder: file and rows of each part, and the options of the export.

    `choice` is how the examples were chosen from the `available` ones of the run; `None` means all, in their order.
    `facts` are the columns that follow those of the format. `of_seeds` rows are instances of seed tasks.
    """

    title: str
    files: Mapping[str, str]
    counts: Mapping[str, int]
    columns: Sequence[str]
    shape: Shape | None
    split: float
    license: str
    choice: Selection | None = None
    available: int = 0
    languages: Sequence[str] = ()
    facts: Sequence[str] = ()
    of_seeds: int = 0


def write_card(facts: DatasetFacts, contents: Contents) -> str:
    """The text of the README. Its front matter lets `datasets.load_dataset` find the parts."""
    sections = [
        _front_matter(contents),
        f"# {_plain(contents.title)}",
        _overview(facts, contents),
        "## Licence",
        _licence(facts, contents),
        "## Candidates and filters",
        _funnel(facts),
        *(["## Ratings by a judge", _ratings(facts)] if facts.ratings.rated else []),
        "## Loading the data",
        _reading(contents),
        "## Reproducing the data",
        _again(facts, contents),
    ]
    return "\n\n".join(sections) + "\n"


def _front_matter(contents: Contents) -> str:
    rows = sum(contents.counts.values())
    size = next((name for limit, name in _SIZES if rows < limit), "1M<n<10M")
    licence = f"license: {json.dumps(contents.license)}" if contents.license else "# license: FILL IN, see below"
    lines = [
        "---",
        f"pretty_name: {json.dumps(contents.title, ensure_ascii=False)}",
        licence,
        *(["language:", *(f"- {json.dumps(code)}" for code in contents.languages)] if contents.languages else []),
        "task_categories:\n- text-generation",
        "tags:\n- synthetic\n- self-instruct\n- instruction-tuning",
        f'size_categories:\n- "{size}"',
        "configs:\n- config_name: default\n  data_files:",
        *(f"  - split: {part}\n    path: {file}" for part, file in contents.files.items()),
        "---",
    ]
    return "\n".join(lines)


def _overview(facts: DatasetFacts, contents: Contents) -> str:
    seeds = "its own" if facts.seeds_name else "the builtin"
    models = ", ".join(_code(model) for model in facts.models) or "unknown"
    counts = ", ".join(f"{count} in `{contents.files[part]}`" for part, count in contents.counts.items())
    columns = ", ".join(_code(name) for name in (*contents.columns, *contents.facts))
    by_hand = "; those of the seed tasks are written by hand" if contents.of_seeds else ""
    table = [
        ("method", "Self-Instruct (Wang et al., 2023, [arXiv 2212.10560](https://arxiv.org/abs/2212.10560))"),
        (
            "made with",
            f"selfinstruct {facts.version}, recipe {_code(Path(facts.recipe).name)}, started {facts.created_at[:10]}",
        ),
        ("written by", f"{models}, through the backend {_code(facts.backend)}"),
        ("grown from", f"{seeds} {facts.seeds} seed tasks, SHA-256 {_code(facts.digest)}"),
        ("rows", counts),
        *([("instances of seed tasks", f"{contents.of_seeds} of the rows")] if contents.of_seeds else []),
        ("format", f"{_code(str(facts.chosen.get('use', '')))}: {columns}"),
    ]
    lines = [
        f"A language model wrote these instructions and answers{by_hand}. They were filtered, " + _checked(facts),
        "",
        "| | |\n|---|---|",
        *(f"| {name} | {value} |" for name, value in table),
    ]
    if contents.choice is not None:
        lines += ["", _chosen(facts, contents, contents.choice)]
    if len(contents.counts) > 1:
        lines += ["", "All examples of an instruction are in the same part."]
    return "\n".join(lines)


def _chosen(facts: DatasetFacts, contents: Contents, choice: Selection) -> str:
    """How the examples were chosen, as `choice.choose` does it."""
    by = "grades" if facts.ratings.grades else "ratings" if facts.ratings.rated else ""
    weighed = f"its {by[:-1]} is high and it is far" if by else "it is far"
    turns = f", in turn for each {choice.balance}" if choice.balance and choice.balance != "facts" else ""
    turns = ", in turn for each combination of facts" if choice.balance == "facts" else turns
    return (
        f"{sum(contents.counts.values())} of the {contents.available} examples of the run were chosen, one after the "
        f"other{turns}: each because {weighed} from those chosen before it, as {_code(choice.measure_name)} measures."
    )


def _licence(facts: DatasetFacts, contents: Contents) -> str:
    models = ", ".join(_code(model) for model in facts.models) or "an unknown model"
    if contents.license:
        return (
            f"{_code(contents.license)}, as stated by the person who exported the data. The text was "
            f"written by {models}."
        )
    return (
        f"**Fill this in before you share the data.** The text was written by {models}. That model's licence, and the "
        "terms of its provider, decide how the text may be used. Some forbid training other models on it, and "
        "some require that such models carry its name. Put the licence here, and as `license:` in the lines at the top."
    )


def _funnel(facts: DatasetFacts) -> str:
    lines = [
        "| stage | candidates | accepted | rejected | quarantined | answers asked for again | failed requests |",
        "|---|---|---|---|---|---|---|",
    ]
    drops = ["| stage | filter | reason | rejected |", "|---|---|---|---|"]
    for stage, totals in facts.totals.items():
        missing = sum(totals.missing.values())
        rejected = totals.rejected - missing
        numbers = (totals.candidates - missing, totals.accepted, rejected, totals.quarantined, missing, totals.failures)
        lines.append(f"| {stage} | {' | '.join(map(str, numbers))} |")
        for (rule, reason), count in sorted(totals.drops.items(), key=lambda drop: (-drop[1], drop[0])):
            if (rule, reason) not in totals.missing:
                drops.append(f"| {stage} | {_code(rule)} | {_plain(reason)} | {count} |")
    return "\n".join(lines) + ("\n\n" + "\n".join(drops) if len(drops) > 2 else "") + _reviews(facts)


def _checked(facts: DatasetFacts) -> str:
    return (
        "and people reviewed some of them, as described below." if facts.reviews else "but no person has checked them."
    )


def _reviews(facts: DatasetFacts) -> str:
    """The counts of review actions, which come after the filters."""
    if not facts.reviews:
        return ""
    lines = ["| reviewed by hand | accepted | rejected | edited |", "|---|---|---|---|"]
    for stage, tally in facts.reviews.items():
        what = "instructions" if stage == GENERATE else "examples"
        lines.append(f"| {what} | {tally.accepted} | {tally.rejected} | {tally.edited} |")
    note = "The data leaves out everything that reviewers rejected, and all examples of a rejected instruction."
    return "\n\n" + "\n".join([*lines, "", note])


def _ratings(facts: DatasetFacts) -> str:
    judges = ", ".join(_code(model) for model in facts.judges) or "an unknown model"
    shares = [f"| {name} | {share:.0%} |" for name, share in facts.ratings.shares()]
    said = (
        f"{judges} rated {facts.ratings.rated} examples of the run by the three questions of the "
        "paper's review, including "
        "those that were dropped for their rating. A model's rating is no proof."
    )
    return "\n".join([said, "", "| question | yes |\n|---|---|", *shares])


def _reading(contents: Contents) -> str:
    parts = ['```python\nfrom datasets import load_dataset\n\nparts = load_dataset("FOLDER")  # this folder\n```']
    shape = contents.shape
    if shape is None:
        return parts[0]
    if shape.trl:
        parts.append('TRL: `SFTTrainer(model, train_dataset=parts["train"])`, as it is.')
        parts.append(
            'Unsloth: `SFTTrainer(model=FastLanguageModel.get_peft_model(...), train_dataset=parts["train"])`.'
        )
    if "data/valid.jsonl" in contents.files.values():
        parts.append("MLX: `mlx_lm.lora --train --model MODEL --data FOLDER/data`.")
    if shape.llama_factory:
        stage = f" and `stage: {shape.llama_stage}`" if shape.llama_stage else ""
        entry = f"`dataset_dir: FOLDER`, `dataset: selfinstruct_train`{stage}"
        parts.append(f"LLaMA-Factory: {entry} (see `dataset_info.json`).")
    if shape.axolotl:
        parts.append(f"Axolotl, from this folder:\n\n```yaml\n{axolotl(shape, contents.files)}\n```")
    return "\n\n".join(parts)


def _again(facts: DatasetFacts, contents: Contents) -> str:
    seeds = f" --seeds {shlex.quote(facts.seeds_name)}" if facts.seeds_name else ""
    plugins = "".join(f" --plugin {shlex.quote(name)}" for name in facts.named_plugins)
    backend = " --backend NAME" if facts.backend == "given" else ""
    columns = "".join(f" --column {name}" for name in contents.facts)
    languages = "".join(f" --language {shlex.quote(code)}" for code in contents.languages)
    mlx = " --mlx" if "data/valid.jsonl" in contents.files.values() else ""
    kind = " --file parquet" if contents.files["train"].endswith(".parquet") else ""
    licence = f" --license {shlex.quote(contents.license)}" if contents.license else ""
    choice = contents.choice
    best = f" --best {choice.most}" if choice else ""
    if choice and choice.balance:
        best += f" --balance {choice.balance}"
    options = f"{kind} --split {contents.split:g}{mlx}{columns}{best}{languages}{licence}"
    lines = [
        "```sh",
        f"pip install selfinstruct=={facts.version}",
        f"selfinstruct run --recipe recipe.toml{seeds}{plugins}{backend} --out again",
        f"selfinstruct export --out again --to FOLDER{options}",
        "```",
        "",
        "The same replies give the same files, byte for byte. A model that is asked again may reply differently.",
    ]
    if facts.named_plugins:
        lines.append("The plugins that the command names are not part of this folder.")
    strangers = [name for name, version in facts.plugins.items() if version != facts.version]
    if strangers:
        lines.append(f"The run also had these plugins: {', '.join(_code(name) for name in strangers)}.")
    if facts.backend == "given":
        lines.append("The model was handed over from Python, so name a backend with --backend, or do the same.")
    if facts.seeds_name:
        lines.append(f"The seed {'file is' if contents.of_seeds else 'tasks are'} not part of this folder.")
    return "\n".join(lines)


def _plain(text: str) -> str:
    """External text on one line, without characters that Markdown interprets."""
    return "".join(f"\\{mark}" if mark in "\\`*_[]<>|#" else mark for mark in " ".join(text.split()))


def _code(text: str) -> str:
    return f"`{' '.join(text.split()).replace('`', chr(39)).replace('|', '/')}`"
