"""`selfinstruct trace`: show where an instruction came from and what was made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option
from selfinstruct.cli.text import block, clip, fate_text, moment, printable
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.insight.trace import Encode
    from selfinstruct.store import RunStore


@click.command(
    "trace",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct trace g12.3 --out runs/first",
        "selfinstruct trace e4.0 --out runs/first --depth 1 --full",
    ),
)
@click.argument("identity", metavar="ID")
@out_option
@click.option(
    "--depth",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="How many prompts to follow back towards the seeds.",
)
@click.option("--full", is_flag=True, help="Show whole texts, prompts and replies.")
@click.option(
    "--plugin", "plugins", multiple=True, help="The Python file or module of the run's own format, if it has one."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a tree.")
def command(identity: str, out: Path, depth: int, *, full: bool, plugins: Sequence[str], as_json: bool) -> None:
    """Show the lineage of an instruction, from the seeds in its prompt to its training rows.

    ID names a seed task or any candidate: g12.3 is an instruction, c0.4 a label, i7.0 raw instances, e4.0 an example,
    r1.2 a rating. Training rows are shown in the run's own format.
    """
    import json

    from selfinstruct.insight.trace import trace
    from selfinstruct.store import RunStore

    with closing(RunStore.open_readonly(out)) as store:
        encode = _encoder(store, plugins)
        with store.snapshot():
            tree = trace(store, identity, depth, encode=encode)
    if as_json:
        click.echo(json.dumps(tree))
        return
    for line in _lines(tree, full):
        click.echo(line)


def _encoder(store: RunStore, plugins: Sequence[str]) -> Encode:
    """The run's own format, which `export` uses by default."""
    from selfinstruct.cli.progress import say
    from selfinstruct.export.training_rows import encoded
    from selfinstruct.plugins.registry import Registry
    from selfinstruct.run.dataset_export import add_recorded_plugins, training_encoder
    from selfinstruct.run.settings import Settings

    registry = Registry.load(plugins)
    add_recorded_plugins(registry, store, say)
    _, encoder = training_encoder(store, Settings(store.folder), registry)
    return lambda identity, example: next(encoded([(identity, example)], encoder))[1]


def _lines(tree: dict[str, Any], full: bool) -> Iterator[str]:
    own = f" (asked for by {printable(tree['asked_for'])})" if tree["asked_for"] != tree["id"] else ""
    if tree["kind"] == "seed":
        yield f"{printable(tree['id'])} a seed task{own}"
        yield f"  {_text(tree['text'], full)}"
        yield f"  shown in {pluralize(len(tree['shown_in']), 'prompt')}" + _first(tree["shown_in"])
        for case in tree["instances"]:
            yield f"  instance: {_text(case['input'], full)} -> {_text(case['output'], full)}"
    else:
        yield f"{tree['id']} {_fate(tree)}{own}"
        yield f"  {_text(tree['text'], full)}"
        yield from _origin(tree, full)
    yield from _made(tree, full)


def _first(requests: Sequence[int]) -> str:
    return f", the first of request {requests[0]}" if requests else ""


def _origin(tree: dict[str, Any], full: bool) -> Iterator[str]:
    model = f", {printable(tree['model'])}" if tree["model"] else ""
    yield f"  from request {tree['request']} of generate, {moment(tree['answered_at'])}{model}"
    yield "    its prompt showed" if tree["showed"] else "    its prompt showed no examples"
    yield from _ancestors(tree["showed"], full, "      ")
    yield "    prompt"
    yield from block(tree["prompt"] or "(not recorded)", full, "      ")
    yield "    reply" + (f" (finish: {tree['finish']})" if tree["finish"] != "stop" else "")
    yield from block(tree["reply"], full, "      ")
    yield "    candidates of this reply"
    for one in tree["of_the_same_reply"]:
        mark = "*" if one["id"] == tree["id"] else " "
        yield f"     {mark}{one['id']} {_fate(one)}: {clip(one['text'], 80)}"


def _ancestors(shown: Sequence[dict[str, Any]], full: bool, indent: str) -> Iterator[str]:
    for one in shown:
        kind = "" if one["kind"] == "machine" else f" ({one['kind']})"
        again = " (see above)" if one.get("above") else ""
        yield f"{indent}{printable(one['id'])}{kind}{again} {_text(one['text'], full)}"
        if one.get("showed"):
            yield f"{indent}  request {one['request']} showed"
            yield from _ancestors(one["showed"], full, f"{indent}    ")


def _made(tree: dict[str, Any], full: bool) -> Iterator[str]:
    import json

    for label in tree["labels"]:
        yield f"  label {label['id']} {_fate(label)}: classification task: {clip(label['text'])}"
    for raw in tree["raw_instances"]:
        yield f"  raw instances {raw['id']} {_fate(raw)}"
        yield from block(raw["text"], full, "    ")
    for example in tree["examples"]:
        yield f"  example {example['id']} {_fate(example)}"
        yield f"    input:  {_text(example['input'], full)}"
        yield f"    output: {_text(example['output'], full)}"
        for rating in example["ratings"]:
            yield f"    rating {rating['id']} {_fate(rating)}: {clip(rating['text'])} of 3"
        if "row" in example:
            yield f"    row:    {_text(json.dumps(example['row'], ensure_ascii=False), full)}"


def _fate(candidate: dict[str, Any]) -> str:
    return fate_text(candidate["fate"], candidate.get("filter", ""), candidate.get("reason", ""))


def _text(text: str, full: bool) -> str:
    return printable(text) if full else clip(text)
