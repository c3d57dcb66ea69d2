"""`selfinstruct status`: how far a run is."""

from __future__ import annotations

from pathlib import Path

import click

from selfinstruct.cli.options import out_option


@click.command("status")
@out_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of text.")
def command(out: Path, as_json: bool) -> None:
    """Tell how far a run is, also while another process works on it."""
    import json
    from dataclasses import asdict

    from selfinstruct.cli.progress import printable, tell_totals
    from selfinstruct.store import RunStore
    from selfinstruct.types import CLASSIFY, GENERATE, INSTANCES, PREPARE

    store = RunStore.look(out)
    try:
        begun = [stage for stage in (CLASSIFY, INSTANCES, PREPARE) if store.has_begun(stage)]
        summaries = [store.summary(stage, "", 0) for stage in (GENERATE, *begun)]
        config, backend = store.fact("config") or {}, store.fact("backend") or {}
    finally:
        store.close()
    if as_json:
        stages = {summary.stage: asdict(summary) for summary in summaries}
        for totals in stages.values():
            del totals["stage"], totals["reason"], totals["exit_code"]
        click.echo(json.dumps({"stages": stages, "backend": backend, "config": config}))
        return
    model = f" ({printable(backend['model'])})" if backend.get("model") else ""
    click.echo(f"{out}: backend {(config.get('backend') or {}).get('use', '?')}{model}")
    for summary in summaries:
        click.echo(summary.stage)
        tell_totals(summary)
