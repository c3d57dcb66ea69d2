"""Answers prompts of the stage instances: outputs are computed if possible, and otherwise composed from the topic."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from selfinstruct_demo.classify import labels_of
from selfinstruct_demo.compute import solve
from selfinstruct_demo.faults import REFUSALS, InputOutput, add_instance_mistakes, happens, label_cases
from selfinstruct_demo.grammar import draw_text, field_names, home_of
from selfinstruct_demo.options import DemoOptions
from selfinstruct_demo.prompt import ParsedPrompt

TAKES_INPUT = re.compile(
    r"\b(?:given|following|below)(?: \w+)? (paragraph|letter|note|email|speech|article|review|dialogue|list|story|"
    r"interview|abstract|announcement|complaint|report|essay|leaflet|advert|memo|post|text|sentence|code)\b",
    re.IGNORECASE,
)
MAX_PHRASE_WORDS = 8
"""Number of words in the longest phrase of the word lists."""
CONTENT_WORD = re.compile(r"[A-Za-z]{5,}")
CAREFUL = {"given", "following", "write", "explain", "about", "which", "there", "their", "would", "could", "should"}


def write(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """Instances of a task: labels and inputs, inputs and outputs, or one output. Only the chat form has mistakes."""
    task = ask.subjects[0]
    if ask.blocks:
        return _blocks(ask, rng, options)
    if ask.labels:
        return "\n".join(f"Class label: {label}\nText: {text}" for text, label in labelled(task, rng))
    found = TAKES_INPUT.search(task)
    if not found:
        return f"Output: {outcome(task, rng)}"
    field = found[1].capitalize()
    cases = worked(task, rng, rng.randint(2, 3))
    return "\n\n".join(f"Example {at}\n{field}: {text}\nOutput: {said}" for at, (text, said) in enumerate(cases, 1))


def _blocks(ask: ParsedPrompt, rng: Random, options: DemoOptions) -> str:
    """Write the form with delimiters, or what a mistake makes of it; only one mistake strikes a reply."""
    task = ask.subjects[0]
    cases = [("", outcome(task, rng))]
    if ask.labels:
        cases = labelled(task, rng)[: ask.count]
    elif TAKES_INPUT.search(task):
        cases = worked(task, rng, rng.randint(min(2, ask.count), ask.count))
    fault = rng.choice(["markers", "cases", "refusal"]) if happens(rng, options.instance_faults) else ""
    if fault == "refusal":
        return rng.choice(REFUSALS)
    if fault == "markers":
        return label_cases(cases, ask.labels, rng)
    if fault == "cases":
        cases = add_instance_mistakes(cases, rng)
    return "\n\n".join(_block(text, output, ask.labels) for text, output in cases)


def _block(text: str, output: str, labels: bool) -> str:
    given = f"<<INPUT>>\n{text}" if text else ""
    parts = [f"<<OUTPUT>>\n{output}", given] if labels else [given, f"<<OUTPUT>>\n{output}"]
    return "\n".join(part for part in parts if part)


def outcome(task: str, rng: Random) -> str:
    """The output of a task without input: the right one if it can be computed, or else sentences on its topic."""
    return solve(task) or _text("advice", task, rng, sentences=rng.randint(2, 4))


def labelled(task: str, rng: Random) -> list[InputOutput]:
    """A text for each label that the task names."""
    return [(_text("sentence", task, rng, sentences=2), label) for label in labels_of(task)]


def worked(task: str, rng: Random, count: int) -> list[InputOutput]:
    """Texts on the topic of a task, each with an output that starts with its first sentence."""
    cases = []
    found = TAKES_INPUT.search(task)
    for _ in range(count):
        if found and found[1].lower() == "code":
            cases.append((_snippet(task, rng), _text("advice", task, rng, sentences=2)))
            continue
        text = _text("sentence", task, rng, sentences=rng.randint(2, 3))
        first = text.split(". ")[0].rstrip(".")
        cases.append((text, f"{first}. {_text('advice', task, rng, sentences=1)}"))
    return cases


def _snippet(task: str, rng: Random) -> str:
    """A small function in a code block, named by the topic of the task, with an off-by-one error."""
    topic = re.sub(r"\W+", "_", words_of(task)[1].get("topic", "entries")).strip("_").lower()
    total = rng.choice(["total", "count", "found"])
    body = f'    {total} = 0\n    for at in range(len(notes) - 1):\n        {total} += notes[at].kind == "{topic}"\n'
    return f"```python\ndef count_{topic}(notes):\n{body}    return {total}\n```"


def _text(kind: str, task: str, rng: Random, *, sentences: int) -> str:
    """Different sentences in the field of a task; if this grammar wrote the task, with words from it."""
    field, given = words_of(task)
    if not field:
        content = [word for word in CONTENT_WORD.findall(task) if word.lower() not in CAREFUL]
        field, given = rng.choice(field_names()), {"topic": max(content, key=len).lower() if content else "this task"}
    return draw_text(rng, kind, sentences, field=field, given=given)


def words_of(task: str) -> tuple[str, dict[str, str]]:
    """The field of a task and its words by slot. Both are empty if this grammar did not write the task."""
    words = re.findall(r"[\w'-]+", task)
    spans = [" ".join(words[at : at + size]) for at in range(len(words)) for size in range(MAX_PHRASE_WORDS, 0, -1)]
    found = [(home_of()[span], span) for span in spans if span in home_of()]
    if not found:
        return "", {}
    field = Counter(home[0] for home, _ in found).most_common(1)[0][0]
    given: dict[str, str] = {}
    for (home, slot), span in found:
        if home == field:
            given.setdefault(slot, span)
    return field, given
