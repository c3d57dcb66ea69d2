"""The sections of a report that look at the data: verbs, novelty, lengths, growth, near pairs and the sample."""

from __future__ import annotations

from selfinstruct.insight.narrowing import warning
from selfinstruct.insight.report.figures import comparison, growth, histogram, sunburst
from selfinstruct.insight.report.markup import escaped, figure, number, percent, section, table
from selfinstruct.insight.report.measure import evenly_spaced
from selfinstruct.insight.report.report_values import Histogram, Report, SampledInstruction
from selfinstruct.types import Example

INSTRUCTION, SHOWN, PART = 700, 140, 320
"""Lengths in characters: of an instruction, of an instruction in its lineage, and of an example's input or output."""

EXAMPLES = 3
"""Number of examples shown for each instruction of the sample."""

BUDGET = 760_000
"""Size limit of the sample in bytes. If texts are very long, fewer are shown."""


def diversity(report: Report) -> str:
    """The section with the sunburst of verbs and objects."""
    found = report.phrases
    if not found.verbs:
        lead = (
            "Verbs are found in English text only, and none was found here." if found.total else "No instructions yet."
        )
        return section("verbs", "What is asked for", lead)
    lead = (
        f"A root verb was found in {percent(found.found, found.total)} of {number(found.total)} instructions, with an "
        f"object in {percent(found.with_object, found.total)}. Number of different pairs: {number(found.pairs)}. The "
        f"most frequent verbs, at most 20 with four objects each, cover {percent(found.shown, found.total)} of all."
    )
    rows = [
        (
            escaped(verb.verb, 40),
            number(verb.count),
            ", ".join(f"{escaped(noun, 40)} {number(count)}" for noun, count in verb.objects),
        )
        for verb in found.verbs
    ]
    numbers = table("Verbs and their objects", ("verb", "count", "objects"), rows, numeric=(1,))
    words = "Verbs are in the inner ring and their objects around them. Select a verb to zoom in."
    plot = figure("plot-verbs", "Root verbs and their objects", words, plot=sunburst(found), numbers=numbers)
    return section("verbs", "What is asked for", lead, plot.replace("<figure>", '<figure class="sunburst">', 1))


def novelty(report: Report) -> str:
    """The section with histograms of ROUGE-L to the nearest text of the pool and to the nearest seed."""
    parts = []
    if report.near.total:
        words = "Similarity to the nearest seed or earlier accepted instruction."
        parts.append(
            _histogram("plot-near", "Nearest in the pool", words, found=report.near, unit="ROUGE-L", bound=1.0)
        )
    if report.near_seeds.total:
        words = "Similarity to the nearest seed task."
        parts.append(
            _histogram("plot-seeds", "Nearest seed task", words, found=report.near_seeds, unit="ROUGE-L", bound=1.0)
        )
    if not parts:
        return ""
    lead = (
        "Similarity of each accepted instruction to another text, as ROUGE-L F1: 0 is no word in common, "
        "1 is the same words."
    )
    if report.near_unknown:
        lead += f" {number(report.near_unknown)} are not measured yet."
    return section("novelty", "Novelty", lead, f'<div class="pair">{"".join(parts)}</div>')


def sizes(report: Report) -> str:
    """The section with the lengths of instructions, inputs and outputs."""
    measured = [("Instructions", "plot-instructions", report.instruction_words)]
    measured += [("Inputs", "plot-inputs", report.input_words), ("Outputs", "plot-outputs", report.output_words)]
    parts = [
        _histogram(name, title, f"{number(found.total)}, {_mean(found)} words on average.", found=found, unit="words")
        for title, name, found in measured
        if found.total
    ]
    if not parts:
        return ""
    lead = (
        "Lengths in words. In scripts without spaces each letter counts as a word. The last bar includes "
        "all longer texts."
    )
    if report.without_input:
        lead += f" {number(report.without_input)} examples have no input and are not counted there."
    return section(
        "lengths", "Lengths", lead, f'<div class="{"three" if len(parts) > 1 else "pair"}">{"".join(parts)}</div>'
    )


def pool_growth(report: Report) -> str:
    """The section with acceptance and novelty over the size of the pool."""
    stretches = report.stretches
    if not stretches:
        return ""
    kept = [one.accepted / one.candidates if one.candidates else None for one in stretches]
    near, mean = [one.nearest for one in stretches], [one.mean for one in stretches]
    rows = [
        (
            number(one.pool + one.accepted),
            number(one.requests),
            number(one.candidates),
            number(one.accepted),
            _score(share),
        )
        for one, share in zip(stretches, kept, strict=True)
    ]
    numbers = table(
        "Stretches of requests", ("pool", "requests", "candidates", "accepted", "share"), rows, numeric=(1, 2, 3, 4)
    )
    words = "Share of candidates that were accepted, by stretches of requests. It usually falls as the pool grows."
    parts = [
        figure(
            "plot-kept",
            "Acceptance",
            words,
            plot=growth(stretches, ["accepted"], [kept], digits=".0%"),
            numbers=numbers,
        )
    ]
    if any(score is not None for score in near):
        scored = [(number(one.pool + one.accepted), _score(one.nearest), _score(one.mean)) for one in stretches]
        numbers = table("ROUGE-L of accepted instructions", ("pool", "nearest", "whole pool"), scored, numeric=(1, 2))
        words = "Mean ROUGE-L of newly accepted instructions. A rising line means that tasks become more repetitive."
        plot = growth(stretches, ["to the nearest", "to the whole pool"], [near, mean], digits=".2f")
        parts.append(figure("plot-growth", "Similarity to the pool", words, plot=plot, numbers=numbers))
    lead = "How acceptance and novelty change as the pool grows."
    return section("growth", "Growth", lead, f'<div class="pair">{"".join(parts)}</div>')


def variety(report: Report) -> str:
    """The section that compares the last accepted instructions with those before."""
    if not report.variety:
        return ""
    parts = []
    for one in report.variety:
        shares = [(found.value, found.last / one.last, found.earlier / one.earlier) for found in one.values]
        rows = [(escaped(value, 40), f"{last:.0%}", f"{earlier:.0%}") for value, last, earlier in shares]
        numbers = table(f"Shares by {one.kind}", (one.kind, "last", "before"), rows, numeric=(1, 2))
        words = f"The last {number(one.last)} instructions, and {number(one.earlier)} of those before."
        plot = comparison(shares)
        parts.append(figure(f"plot-{one.kind}", one.kind.capitalize(), words, plot=plot, numbers=numbers))
    lead = "Whether the last accepted instructions are as varied as the rest."
    if narrowing := warning(report.variety):
        lead += f" <strong>{escaped(narrowing[0].upper() + narrowing[1:])}.</strong>"
    else:
        lead += " They are: no topic, verb, opening or length has taken over."
    return section("variety", "Variety", lead, f'<div class="pair">{"".join(parts)}</div>')


def pairs(report: Report) -> str:
    """The section with the accepted instructions that are most similar to an earlier text."""
    if not report.closest:
        return ""
    rows = "\n".join(
        f'<li><span class="score">{pair.score:.2f}</span><p><span class="id">{escaped(pair.id)}</span>'
        f'<span class="text" dir="auto">{escaped(pair.text, 400)}</span></p>'
        f'<p><span class="id">{escaped(pair.nearest.id, 80)}</span>'
        f'<span class="text" dir="auto">{escaped(pair.nearest.text or "", 400)}</span></p></li>'
        for pair in report.closest
    )
    lead = (
        "The accepted instructions most similar to an earlier text, each with the earlier text below it. If these are "
    )
    lead += "too similar for your purpose, lower the threshold of the filter rouge-l."
    return section("pairs", "Nearest pairs", lead, f'<ol class="pairs">{rows}</ol>')


def _histogram(name: str, title: str, words: str, *, found: Histogram, unit: str, bound: float | None = None) -> str:
    decimals = 2 if found.width < 1 else 0
    rows = []
    for at, count in enumerate(found.counts):
        start = found.start + at * found.width
        end = (
            " and more"
            if found.open_ended and at == len(found.counts) - 1
            else f" to {start + found.width:.{decimals}f}"
        )
        if count:
            rows.append((f"{start:.{decimals}f}{'' if found.width == 1 and end[1] == 't' else end}", number(count)))
    median = f"{found.median:.2f}" if decimals else number(found.median)
    numbers = table(f"{title}: median {median}", (unit, "count"), rows, numeric=(1,))
    return figure(name, title, f"{words} Median {median}.", plot=histogram(found, unit, bound), numbers=numbers)


def _mean(found: Histogram) -> str:
    return f"{found.mean:,.1f}"


def _score(score: float | None) -> str:
    return "–" if score is None else f"{score:.2f}"


# --- the sample -------------------------------------------------------------------------------------------------------


def sample(report: Report) -> str:
    """The section with sampled instructions and their lineage. If texts are long, the sample is smaller."""
    rows = [_item(drawn) for drawn in report.sample]
    while len(rows) > 1 and sum(len(row.encode()) for row in rows) > BUDGET:
        rows = evenly_spaced(rows, len(rows) * 4 // 5)
    if not rows:
        return ""
    made = report.phrases.total
    lead = (
        f"All {number(made)} instructions"
        if len(rows) == made
        else f"{number(len(rows))} of {number(made)} instructions"
    )
    lead += ", oldest first" if len(rows) == made else ", evenly drawn, oldest first"
    lead += ", each with the examples in its prompt, its nearest neighbours, and the training examples made from it."
    form = (
        '<form class="find" id="find" role="search" hidden><label for="words">Search in texts and ids'
        '<input id="words" name="words" type="search" autocomplete="off" spellcheck="false"></label>'
        '<button type="button">Previous</button><button type="button">Next</button>'
        '<output for="words" aria-live="polite"></output></form>'
    )
    return section("sample", "A sample, with lineage", lead, form, '<div id="items">' + "\n".join(rows) + "</div>")


def _item(drawn: SampledInstruction) -> str:
    kind = {"yes": "classification", "no": "not classification"}.get(drawn.label, "")
    score = f"nearest {drawn.score:.2f}" if drawn.score is not None else ""
    heads = "".join(f"<span>{part}</span>" for part in (f"<code>{escaped(drawn.id)}</code>", kind, score) if part)
    parts = [_examples(drawn)] if drawn.examples else []
    if drawn.nearest:
        near = _line(drawn.nearest.id, drawn.nearest.text or "")
        parts.append(f"<div><h4>Nearest before it, ROUGE-L {_score(drawn.score)}</h4><ul>{near}</ul></div>")
    if drawn.shown:
        lines = "".join(_line(one.id, one.text or "") for one in drawn.shown[:10])
        parts.append(f"<div><h4>Its prompt showed</h4><ul>{lines}</ul></div>")
    more = f'<details><summary>Lineage</summary><div class="lineage">{"".join(parts)}</div></details>' if parts else ""
    text = f'<p class="text" dir="auto">{escaped(drawn.text, INSTRUCTION)}</p>'
    return f'<article class="item"><h3>{heads}</h3>{text}{more}</article>'


def _line(identity: str, text: str) -> str:
    return f'<li dir="auto"><b>{escaped(identity, 80)}</b>{escaped(text, SHOWN)}</li>'


def _examples(drawn: SampledInstruction) -> str:
    rows = "".join(_example(identity, example) for identity, example in drawn.examples[:EXAMPLES])
    left = len(drawn.examples) - EXAMPLES
    more = f'<p class="note">and {left} more</p>' if left > 0 else ""
    return f"<div><h4>Training examples</h4>{rows}{more}</div>"


def _example(identity: str, example: Example) -> str:
    parts = [("Input", example.input), ("Output", example.output)]
    lines = "".join(
        f'<dt>{name}</dt><dd class="text" dir="auto">{escaped(text, PART)}</dd>' for name, text in parts if text
    )
    return f'<dl><dt>Id</dt><dd><span class="id">{escaped(identity)}</span></dd>{lines}</dl>'
