"""`selfinstruct export`: write a run's files again."""

from __future__ import annotations

from pathlib import Path

import click

from selfinstruct.cli.options import out_option


@click.command("export")
@out_option
@click.option("--to", type=click.Path(path_type=Path), help="Another folder; default: the run folder.")
def command(out: Path, to: Path | None) -> None:
    """Write a run's JSONL files again, from its database; can be done at any time."""
    from selfinstruct.formats.contracts import write_contracts
    from selfinstruct.store import RunStore

    folder = to or out
    store = RunStore.look(out)
    try:
        written = write_contracts(store, folder)
    finally:
        store.close()
    for name, rows in written.items():
        click.echo(f"{folder / name}: {rows} rows")
