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

    from selfinstruct.cli.progress import tell_totals
    from selfinstruct.store import RunStore
    from selfinstruct.types import GENERATE

    store = RunStore.look(out)
    try:
        summary = store.summary(GENERATE, "", 0)
        config, backend = store.fact("config"), store.fact("backend") or {}
    finally:
        store.close()
    if as_json:
        from dataclasses import asdict

        click.echo(json.dumps({**asdict(summary), "backend": backend, "config": config}, ensure_ascii=False))
        return
    model = f" ({backend['model']})" if backend.get("model") else ""
    click.echo(f"{out}: backend {(config.get('backend') or {}).get('use', '?')}{model}")
    tell_totals(summary)
