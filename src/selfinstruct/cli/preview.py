"""`selfinstruct preview`: send the first request of a run, and show its prompt, its reply and what the run keeps."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.backend_options import BackendCommand, known_so_far
from selfinstruct.cli.help import examples
from selfinstruct.cli.options import out_option, paid_options, settings_from
from selfinstruct.cli.stages import EXITS, silence_clients
from selfinstruct.cli.text import block, clip, evidence_lines, fate_text
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.store import RunStore


@click.command(
    "preview",
    cls=BackendCommand,
    epilog=examples(
        "selfinstruct preview --backend demo --target 100 --out runs/demo",
        "selfinstruct preview --backend groq --target 500 --requests 3 --out runs/first",
        more=EXITS,
    ),
)
@out_option
@click.option("--target", type=click.IntRange(1), help="Total number of instructions, for the estimated cost.")
@click.option("--requests", type=click.IntRange(1), default=1, show_default=True, help="Number of requests to show.")
@paid_options
def command(out: Path, target: int | None, requests: int, **given: Any) -> None:
    """Start a run with its first request. Show the prompt, the reply, what was kept and dropped and why, and the cost.

    The reply is paid for and stays in the run: selfinstruct run with the same options continues from it. The run keeps
    the seed tasks and settings of this start; to change them, use another --out or delete the folder.
    """
    print_preview(out, target, requests, given=given)


def print_preview(out: Path, target: int | None, requests: int, *, given: dict[str, Any]) -> None:
    """Print the first `requests` requests of a run, sent if they were not before, and the estimated cost."""
    from selfinstruct.cli.generate import print_estimate
    from selfinstruct.cli.progress import say
    from selfinstruct.cli.signals import run_with_signals
    from selfinstruct.run.run import Run
    from selfinstruct.types import GENERATE

    silence_clients()
    known = known_so_far()
    with Run(settings_from(out, given), registry=known.registry, sources=known.sources, say=say) as run:

        async def work() -> None:
            run.store.facts.record_again(previewed=requests)
            await run.stage(GENERATE, target, most_requests=requests)

        try:
            run_with_signals(run, work)
        finally:
            for index in range(requests):
                for line in _request_lines(run.store, index):
                    click.echo(line)
    goal = print_estimate(out, target, given, is_free=False)
    click.echo(f"to continue from here: selfinstruct run --out {shlex.quote(str(out))} --target {goal}")
    click.echo("to change a setting that affects replies, start again with another --out")


def _request_lines(store: RunStore, index: int) -> Iterator[str]:
    """The lines about one request and its reply; none if it was not sent."""
    from selfinstruct.types import GENERATE, Reply

    entry = store.journal_entry(GENERATE, index, None)
    if entry is None:
        return
    yield f"prompt of request {index}"
    for message in entry.request.messages:
        yield f"  {message.role}"
        yield from block(message.text, True, "    ")
    if not isinstance(entry.answer, Reply):
        yield f"no reply: {clip(entry.answer.message, 400)}" if entry.answer else "no reply yet"
        return
    reply, usage = entry.answer, entry.answer.usage
    finish = "" if reply.finish == "stop" else f", finish: {reply.finish}"
    tokens = f"{usage.prompt_tokens or 0:,} prompt and {usage.completion_tokens or 0:,} completion tokens"
    yield f"reply ({clip(reply.model or 'unnamed model')}, {tokens}{finish})"
    yield from block(reply.text, True, "    ")
    found = store.ledger().of_reply(GENERATE, index)
    kept = sum(one.row.decision.fate == "accepted" for one in found)
    yield f"{pluralize(len(found), 'candidate')}, {kept} kept"
    for one in found:
        decision = one.row.decision
        yield f"  {one.id} {fate_text(decision.fate, decision.filter, decision.reason)}"
        yield f"    {clip(decision.text, 400)}"
        if decision.fate != "accepted":
            yield from (f"    {line}" for line in evidence_lines(decision.evidence, False))
