"""`selfinstruct status`: show the progress of a run."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.insight.current_work import CurrentWork
    from selfinstruct.insight.status import RunStatus
    from selfinstruct.store.reviews import ReviewCounts


@click.command(
    "status",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct status --out runs/first",
        "selfinstruct status --out runs/first --more 2000",
    ),
)
@out_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
@click.option("--more", type=click.IntRange(1), metavar="N", help="Estimate the cost of N more instructions.")
def command(out: Path, as_json: bool, more: int | None) -> None:
    """Show the progress of a run and the fate of its candidates, even while another process works on it."""
    import json

    from selfinstruct.insight.status import read_status
    from selfinstruct.store import RunStore

    with closing(RunStore.open_readonly(out)) as store:
        status = read_status(store, more)
    if as_json:
        click.echo(json.dumps(status.as_json()))
    else:
        print_status(status)


def print_status(status: RunStatus) -> None:
    """Print the status of a run for a person."""
    from selfinstruct.cli.progress import print_ratings
    from selfinstruct.cli.status_funnel import print_funnel
    from selfinstruct.cli.status_growth import print_growth
    from selfinstruct.cli.text import moment, printable
    from selfinstruct.types import CLASSIFY, JUDGE

    model = f" ({printable(status.model)})" if status.model else ""
    click.echo(f"{status.folder}: backend {status.backend_name}{model}")
    if status.current_work is not None:
        click.echo(f"  {_current_work_line(status.current_work)}")
    for name, stage in status.stages.items():
        print_funnel(stage)
        if name == CLASSIFY:
            print_facts(status.facts)
        if name == JUDGE and status.ratings is not None:
            print_ratings(status.ratings)
    for batch in status.batches:
        where = f"with the provider as batch {batch.provider}" if batch.provider else "perhaps with the provider"
        where = f"in {batch.provider}" if Path(batch.provider).is_absolute() else where
        click.echo(
            f"{where} since {moment(batch.sent_at)}: {pluralize(len(batch.indexes), 'request')} of {batch.stage}"
        )
    for name, counts in status.reviews.items():
        print_review_counts(name, counts)
    print_growth(status.growth)


def print_facts(facts: Mapping[str, Mapping[str, int]]) -> None:
    """Print how many instructions have each value of each fact, the most frequent first."""
    for name, counts in facts.items():
        click.echo(f"  {name}: {', '.join(f'{count:,} {value}' for value, count in counts.items())}")


def _current_work_line(work: CurrentWork) -> str:
    from selfinstruct.cli.text import duration

    stage = f": {work.stage}" if work.stage else ""
    last = f", last reply {duration(work.since)} ago" if work.stage else ", no reply yet"
    pace = f", recently {work.per_second:.1f} replies a second" if work.per_second else ""
    return f"process {work.pid} is working on it{stage}{last}{pace}"


def print_review_counts(stage: str, counts: ReviewCounts) -> None:
    """Print how many candidates of a stage people accepted, rejected and edited."""
    click.echo(f"reviewed by hand: {'instructions' if stage == 'generate' else 'examples'}")
    click.echo(f"  {counts.accepted} accepted, {counts.rejected} rejected, {counts.edited} edited")
    if counts.stale:
        click.echo(f"  {counts.stale} stale: prepare ran again and made different examples")
