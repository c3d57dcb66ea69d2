"""`selfinstruct export`: write a run's files again, or its training examples as a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import FiniteRange, out_option
from selfinstruct.cli.progress import say
from selfinstruct.errors import pluralize

if TYPE_CHECKING:
    from selfinstruct.export.dataset import Exported

FORMATS = (
    "For the formats, see the encoders of the stage export in: selfinstruct plugins list. See also docs/formats.md."
)


@click.command(
    "export",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct export --out runs/first",
        "selfinstruct export --out runs/first --to data/first --format alpaca --license llama3.1",
        "selfinstruct export --out runs/first --to data/best --best 1000 --balance topic",
        more=FORMATS,
    ),
)
@out_option
@click.option("--to", type=click.Path(path_type=Path), help="Write a dataset to this folder.")
@click.option(
    "--format",
    help="messages, alpaca, sharegpt, prompt-completion, conversational-prompt-completion, text, or a plugin's. "
    "Default: the run's own.",
)
@click.option(
    "--file",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="The type of the data files.",
)
@click.option(
    "--split",
    type=FiniteRange(0, 1, min_open=True),
    default=0.95,
    show_default=True,
    help="The share of examples in the train part. The rest is validation.",
)
@click.option(
    "--best", type=click.IntRange(1), metavar="N", help="Export only N examples, chosen by rating and distance."
)
@click.option(
    "--balance",
    type=click.Choice(["label", "facts", "topic", "difficulty", "self_contained", "harm"]),
    help="With --best: choose evenly over labels, or over the values of a fact, or of all facts together.",
)
@click.option(
    "--license",
    default="",
    metavar="ID",
    help="The licence on the dataset card, as the Hub names it, such as llama3.1 or other.",
)
@click.option(
    "--set",
    "assigned",
    multiple=True,
    metavar="PATH=VALUE",
    help="A setting of export, such as export.encoder.system=TEXT.",
)
@click.option(
    "--language", "languages", multiple=True, metavar="CODE", help="A language of the data for its card, such as en."
)
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME",
    help="Add a column: id, is_classification, or a fact: topic, difficulty, self_contained, harm.",
)
@click.option("--mlx", is_flag=True, help="Name the validation part valid.jsonl, as MLX reads it.")
@click.option("--plugin", "plugins", multiple=True, help="A Python file or module with a format of your own.")
@click.option("--push-to-hub", metavar="ORG/NAME", help="Upload the dataset too, as a private one.")
@click.option(
    "--salvage",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Save the undamaged rows of a damaged run into a new run in this folder.",
)
@click.option("--public", is_flag=True, help="Make the uploaded dataset public; needs --license.")
def command(out: Path, assigned: Sequence[str], plugins: Sequence[str], *, salvage: Path | None, **given: Any) -> None:
    """Write a run's JSONL files again from its database. With --to, write its training examples as a dataset.

    Seed tasks are not in it, unless `selfinstruct prepare --include-seeds` made examples of them.
    """
    from selfinstruct.config import parse_assignment
    from selfinstruct.errors import ConfigError
    from selfinstruct.plugins.registry import Registry
    from selfinstruct.run.dataset_export import (
        EXPORT_TABLE,
        ExportOptions,
        add_recorded_plugins,
        export_run,
        refuse_without_folder,
    )
    from selfinstruct.run.settings import Settings
    from selfinstruct.store import RunStore

    if salvage is not None:
        save_whole_rows(out, salvage)
        return
    options = ExportOptions(**given)
    if options.to is None and (assigned or plugins):
        refuse_without_folder()
    settings = Settings(out, assigned=[parse_assignment(text) for text in assigned])
    for path, _ in settings.assigned:
        if not path.startswith(EXPORT_TABLE):
            raise ConfigError(
                f"--set {path}: this command only uses settings of export", "Such as export.encoder.system"
            )
    with closing(RunStore.open_readonly(out)) as store:
        registry = Registry.load(plugins)
        if options.to is not None:
            add_recorded_plugins(registry, store, say)
        exported = export_run(store, options, settings=settings, registry=registry)
    if options.to is None:
        for name, rows in exported.counts.items():
            click.echo(f"{out / name}: {pluralize(rows, 'row')}")
    else:
        print_dataset(exported, bool(options.license))


def save_whole_rows(out: Path, folder: Path) -> None:
    """Save a damaged run into a new folder and print what was saved and lost; raises `DamagedRunError` if anything was.

    The error comes last, when all that is whole is saved.
    """
    from selfinstruct.export.contracts import write_contracts
    from selfinstruct.store import RunStore
    from selfinstruct.store.damage import DamagedRunError
    from selfinstruct.store.salvage import salvage

    found = salvage(out, folder)
    with closing(RunStore.open_readonly(folder)) as store:
        write_contracts(store, folder)
    for table, rows in found.saved.items():
        click.echo(f"saved: {pluralize(rows, 'row')} of {table}")
    for name, why in found.lost.items():
        click.echo(f"lost: {name}: {why}")
    if found.lost:
        again = f" Make its examples again with: selfinstruct prepare --out {folder}" if found.lacks_examples else ""
        what = f"{len(found.lost):,} parts of {out} are lost, and all others are saved in {folder}"
        raise DamagedRunError(what, f"Continue with --out {folder}.{again}")
    click.echo(f"nothing is lost: continue with --out {folder}")


def print_dataset(exported: Exported, is_licensed: bool) -> None:
    """Print the files of a dataset and the next steps."""
    for part, rows in exported.counts.items():
        path = next(
            path for path in exported.paths if path.stem == part or (part, path.stem) == ("validation", "valid")
        )
        click.echo(f"{path}: {pluralize(rows, 'row')}")
    if exported.note:
        click.echo(exported.note)
    if not is_licensed:
        click.echo(f"before you share it, fill in the licence in {exported.folder / 'README.md'}, or use --license")
    click.echo(f"read it with: datasets.load_dataset({str(exported.folder)!r})")
    if exported.url:
        click.echo(f"pushed to {exported.url}")
