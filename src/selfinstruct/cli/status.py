"""`selfinstruct status`: how far a run is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option

if TYPE_CHECKING:
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
@click.option("--more", type=click.IntRange(1), metavar="N", help="Foretell what N more instructions would need.")
def command(out: Path, as_json: bool, more: int | None) -> None:
    """Tell how far a run is, and what became of every candidate, also while another process works on it."""
    import json
    from dataclasses import asdict

    from selfinstruct.cli.board import printable
    from selfinstruct.cli.current_work import as_json as now_json
    from selfinstruct.cli.current_work import print_current_work, read_current_work
    from selfinstruct.cli.forecast import as_json as growth_json
    from selfinstruct.cli.forecast import print_growth, read_growth
    from selfinstruct.cli.funnel import print_funnel
    from selfinstruct.cli.progress import print_ratings
    from selfinstruct.insight.funnel import funnels
    from selfinstruct.insight.ratings import count_ratings
    from selfinstruct.store import RunStore
    from selfinstruct.store.curated import CuratedRun
    from selfinstruct.types import JUDGE

    store = RunStore.open_readonly(out)
    try:
        with store.snapshot():
            flows = funnels(store)
            summaries = [store.summary(flow.stage, "", 0) for flow in flows]
            config, backend = store.fact("config") or {}, store.fact("backend") or {}
            growth, now = read_growth(store, more), read_current_work(store, out)
            ratings, judge = list(store.ratings().values()), store.fact(f"backend.{JUDGE}")
        reviews = CuratedRun(store).review_counts
    finally:
        store.close()
    if as_json:
        stages = {summary.stage: asdict(summary) for summary in summaries}
        for flow in flows:
            totals = stages[flow.stage]
            del totals["stage"], totals["reason"], totals["exit_code"]
            totals["funnel"] = flow.as_json()
        told = {"stages": stages, "backend": backend, "config": config, "growth": growth_json(growth)}
        told["at_work"] = now_json(now)
        told["reviews"] = {stage: asdict(counts) for stage, counts in reviews.items()}
        if JUDGE in stages:
            told |= {"ratings": asdict(count_ratings(ratings)), "judge": judge or backend}
        click.echo(json.dumps(told))
        return
    model = f" ({printable(backend['model'])})" if backend.get("model") else ""
    click.echo(f"{out}: backend {(config.get('backend') or {}).get('use', '?')}{model}")
    print_current_work(now)
    for flow, summary in zip(flows, summaries, strict=True):
        print_funnel(flow, summary)
        if flow.stage == JUDGE:
            print_ratings(ratings)
    for stage, counts in reviews.items():
        print_review_counts(stage, counts)
    print_growth(growth)


def print_review_counts(stage: str, tally: ReviewCounts) -> None:
    """What people did to the candidates of a stage."""
    told = f"  {tally.accepted} accepted, {tally.rejected} rejected, {tally.edited} edited"
    click.echo(f"reviewed by hand: {'instructions' if stage == 'generate' else 'examples'}\n{told}")
    if tally.stale:
        click.echo(f"  {tally.stale} without effect: prepare was run anew, and made other examples")
