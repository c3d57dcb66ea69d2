"""The sections of a report made of text and tables: funnel, labels and ratings, cost, and setup."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from selfinstruct.files.toml import to_toml
from selfinstruct.insight.cost import Cost
from selfinstruct.insight.funnel import Funnel
from selfinstruct.insight.report.markup import bar, dollars, escaped, number, percent, section, table
from selfinstruct.insight.report.report_values import Report
from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, JUDGE, PREPARE

TITLES = {
    GENERATE: "Generate: new instructions",
    CLASSIFY: "Classify: is it a classification task?",
    INSTANCES: "Instances: worked examples",
    PREPARE: "Prepare: training examples",
    JUDGE: "Judge: ratings",
}
MARKS = {
    "cut": "cut off",
    "empty": "empty",
    "withheld": "withheld by the provider",
    "no_items": "with no items in them",
}

NAMED = 120
"""Length of a name or reason, in characters."""

REASONS = 12
"""Number of reasons of one filter that are listed."""

CONFIG = 60_000
"""Length of the config that is shown, in characters."""


def headline(report: Report) -> str:
    """The main figures of the run."""
    made, examples = report.funnel(GENERATE), report.funnel(PREPARE)
    known = [cost.usd for cost in report.costs if cost.usd is not None]
    candidates, accepted = (made.candidates, made.accepted) if made else (0, 0)
    figures = {
        "seed tasks": number(report.origin.seeds),
        "candidates": number(candidates),
        "instructions accepted": number(accepted),
        "acceptance": percent(accepted, candidates),
        "training examples": number(examples.accepted) if examples else "–",
        "requests": number(sum(flow.requests for flow in report.funnels)),
        "tokens": number(sum(cost.tokens for cost in report.costs))
        if any(cost.calls for cost in report.costs)
        else "–",
        "cost": dollars(sum(known)) if known else "not known",
    }
    rows = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures.items())
    return f'<dl class="heads">{rows}</dl>'


def origin(report: Report) -> str:
    """One line with the model, the recipe and the dates of the run."""
    facts = report.origin
    days = [moment[:16].replace("T", " ") for moment in (facts.first, facts.last) if moment]
    when = f"{days[0]} to {days[1]} UTC" if days and days[0] != days[-1] else f"{days[0]} UTC" if days else ""
    parts = [
        f"backend {facts.backend}" if facts.backend else "",
        f"model {facts.model}" if facts.model else "",
        f"judge {facts.judge}" if facts.judge and facts.judge != facts.model else "",
        f"recipe {facts.recipe}",
        when,
        f"selfinstruct {facts.version}",
    ]
    return f'<p class="origin">{" · ".join(f"<bdi>{escaped(part, NAMED)}</bdi>" for part in parts if part)}</p>'


# --- the funnel -------------------------------------------------------------------------------------------------------


def funnel(report: Report) -> str:
    """The section with the funnel of the whole run, then of each stage."""
    steps = list(_way(report))
    most = max((count for _, count in steps), default=0)
    rows = [(name, number(count), bar(count, most)) for name, count in steps]
    way = table("The whole run", ("step", "count", ""), rows, numeric=(1,), kind="way")
    made = report.funnel(GENERATE)
    lead = "No request has been made yet."
    if made and made.candidates:
        lead = (
            f"{number(made.accepted)} of {number(made.candidates)} candidates became instructions. "
            "Each candidate is either accepted or dropped by one filter for one reason."
        )
    stages = "\n".join(_stage(flow) for flow in report.funnels)
    return section(
        "funnel", "From requests to training rows", lead, f'<div class="stack">{way}{_reviews(report)}{stages}</div>'
    )


def _reviews(report: Report) -> str:
    """A note with the counts of review actions; the rest of the page shows the run without them."""
    counts = [
        f"{'instructions' if stage == GENERATE else 'training rows'}: {number(found.accepted)} accepted, "
        f"{number(found.rejected)} rejected, {number(found.edited)} edited"
        for stage, found in report.reviews.items()
    ]
    if not counts:
        return ""
    words = "This page shows the run before review; exports apply the reviews."
    return f'<p class="note">Reviewed by hand: {"; ".join(counts)}. {words}</p>'


def _way(report: Report) -> Iterator[tuple[str, int]]:
    made = report.funnel(GENERATE)
    if made:
        yield "Requests for new instructions", made.requests
        yield "Candidates found in the replies", made.candidates
        yield "Instructions accepted", made.accepted
    if report.funnel(CLASSIFY):
        yield "Instructions with a label", sum(count for label, count in report.labels.items() if label != "unknown")
    if report.funnel(INSTANCES):
        yield "Instructions with instances", report.with_instances
    if examples := report.funnel(PREPARE):
        yield "Candidates for training rows", examples.candidates
        yield "Training rows", examples.accepted
    if report.ratings.rated:
        yield "Training rows rated", report.ratings.rated


def _stage(flow: Funnel) -> str:
    """The funnel of one stage as a table: the drops of each filter, and the candidates left after it."""
    whole = flow.candidates
    rows = [("Candidates", "", "", number(whole), bar(whole, whole))]
    for step in flow.steps:
        why = _reasons(step.reasons)
        name = f"<bdi>{escaped(step.filter or 'no filter', NAMED)}</bdi>" + (
            f'<span class="why">{why}</span>' if why else ""
        )
        dropped = (
            (f"−{number(step.dropped)}", percent(step.dropped, whole))
            if step.dropped
            else ('<span class="none">0</span>', "")
        )
        rows.append((name, *dropped, number(step.left), bar(step.left, whole)))
    if flow.quarantined:
        away = (f"−{number(flow.quarantined)}", percent(flow.quarantined, whole))
        rows.append(("quarantined, because a plugin failed on them", *away, "", ""))
    kept = f'<span class="strong">{number(flow.accepted)}</span>'
    rows.append(
        ('<span class="strong">Accepted</span>', "", percent(flow.accepted, whole), kept, bar(flow.accepted, whole))
    )
    caption = f'{TITLES[flow.stage]}<span class="why">{_replies(flow)}</span>'
    return table(caption, ("filter", "dropped", "share", "left", ""), rows, numeric=(1, 2, 3), kind="stage")


def _reasons(counted: Mapping[str, int]) -> str:
    """The most frequent reasons. Not all are listed, since a plugin may give each candidate a different one."""
    first = list(counted.items())[:REASONS]
    reasons = [f"<bdi>{escaped(reason, NAMED)}</bdi> {number(count)}" for reason, count in first]
    if left := len(counted) - len(first):
        reasons.append(
            f"{number(left)} other reasons {number(sum(counted.values()) - sum(count for _, count in first))}"
        )
    return ", ".join(reasons)


def _replies(flow: Funnel) -> str:
    parts = [f"{number(flow.requests)} requests", f"{number(flow.replies)} replies"] if flow.requests else []
    parts = parts or [f"{number(flow.replies)} raw texts"]
    counts = {name: flow.marks.get(mark, 0) for mark, name in MARKS.items()} | {
        "failed": flow.failed,
        "without an answer yet": flow.unanswered,
        "not evaluated yet": flow.waiting,
    }
    return " · ".join([*parts, *(f"{number(count)} {name}" for name, count in counts.items() if count)])


# --- labels, ratings, cost --------------------------------------------------------------------------------------------


def labels(report: Report) -> str:
    """The section with the share of classification tasks and the ratings."""
    parts = []
    if report.labels:
        whole = sum(report.labels.values())
        names = {"yes": "classification", "no": "not classification", "unknown": "no answer"}
        rows = [
            (name, number(count), percent(count, whole), bar(count, whole))
            for label, name in names.items()
            if (count := report.labels.get(label, 0))
        ]
        parts.append(table("Labels", ("kind", "instructions", "share", ""), rows, numeric=(1, 2), kind="shares"))
    parts += [_counted(name, counts) for name, counts in report.facts.items()]
    rated = report.ratings.rated
    if rated:
        names = {
            "valid task": "is a valid task",
            "suitable input": "input suits the task",
            "correct output": "output is right",
        }
        shares = [
            (names.get(name, "all three"), number(share * rated), percent(share * rated, rated), bar(share, 1))
            for name, share in report.ratings.shares()
        ]
        caption = f"Ratings of {number(rated)} examples"
        parts.append(table(caption, ("question", "yes", "share", ""), shares, numeric=(1, 2), kind="shares"))
    if report.ratings.grades:
        parts.append(_counted("grade", {str(grade): count for grade, count in report.ratings.grades.items()}))
    if not parts:
        return ""
    lead = f"The labels {'and facts ' if report.facts else ''}that the model gave in the stage classify."
    if rated:
        lead += " The judge answers the three questions of the paper's review (Wang et al. 2023, Table 2)."
    return section(
        "kinds", "Kinds and quality" if rated else "Kinds of tasks", lead, f'<div class="pair">{"".join(parts)}</div>'
    )


def _counted(name: str, counts: Mapping[str, int]) -> str:
    whole = sum(counts.values())
    rows = [
        (escaped(value), number(count), percent(count, whole), bar(count, whole)) for value, count in counts.items()
    ]
    return table(escaped(name), ("value", "count", "share", ""), rows, numeric=(1, 2), kind="shares")


def costs(report: Report) -> str:
    """The section with calls, tokens and dollars by stage."""
    costs = [cost for cost in report.costs if cost.calls]
    if not costs:
        return section("cost", "Cost", "No call to a model is recorded in this run.")
    made = report.funnel(GENERATE)
    tokens = sum(cost.tokens for cost in costs)
    lead = (
        "All calls are counted, including repeated and failed ones, except those that the provider "
        "refused without processing."
    )
    if made and made.accepted:
        lead = f"{number(tokens / made.accepted)} tokens for each accepted instruction, all stages together. {lead}"
    rows = [_cost(cost) for cost in costs]
    if len(costs) > 1:
        rows.append([f"<strong>{cell}</strong>" for cell in _cost(_sum(costs))])
    heads = ("stage", "calls", "prompt", "completion", "US dollars")
    return section("cost", "Cost", lead, table("Tokens by stage", heads, rows, numeric=(1, 2, 3, 4)))


def _sum(costs: Sequence[Cost]) -> Cost:
    known = [cost.usd for cost in costs if cost.usd is not None]
    whole = sum(known) if len(known) == len(costs) else None
    return Cost(
        "all",
        sum(cost.calls for cost in costs),
        sum(cost.prompt_tokens for cost in costs),
        sum(cost.completion_tokens for cost in costs),
        whole,
    )


def _cost(cost: Cost) -> list[str]:
    counts = (number(cost.calls), number(cost.prompt_tokens), number(cost.completion_tokens))
    return [cost.stage, *counts, dollars(cost.usd) if cost.usd is not None else "–"]


def setup(report: Report) -> str:
    """The section with config and versions."""
    facts = report.origin
    rows = [(escaped(name, NAMED), escaped(version, NAMED)) for name, version in sorted(facts.plugins.items())]
    text = escaped(to_toml(facts.config), CONFIG)
    versions = table(
        "Plugins", ("plugin", "version"), [("selfinstruct", escaped(facts.version, NAMED)), *rows], kind="short"
    )
    digest = f'<p class="note">SHA-256 of the seed tasks: <code>{escaped(facts.seeds_digest, NAMED)}</code></p>'
    config = f"<details><summary>The config, as the run recorded it</summary><pre>{text}</pre></details>"
    lead = "Config and versions needed to repeat this run. Keys and other secrets are never recorded."
    return section("setup", "Config and versions", lead, f'<div class="stack">{config}{versions}{digest}</div>')
