"""`selfinstruct export`: write a run's files again, or its training examples as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.help import TitledCommand, examples
from selfinstruct.cli.options import out_option

if TYPE_CHECKING:
    from selfinstruct.config import ChosenComponent
    from selfinstruct.export.dataset import Exported
    from selfinstruct.plugins.registry import Registry
    from selfinstruct.store import RunStore

FORMATS = "Formats: selfinstruct plugins list, and there the encoders of the stage export. See also docs/formats.md."


@click.command(
    "export",
    cls=TitledCommand,
    epilog=examples(
        "selfinstruct export --out runs/first",
        "selfinstruct export --out runs/first --to data/first --format alpaca --license llama3.1",
        "selfinstruct export --out runs/first --to data/best --best 1000",
        more=FORMATS,
    ),
)
@out_option
@click.option("--to", "folder", type=click.Path(path_type=Path), help="The folder of the data set; makes it one.")
@click.option("--format", "name", help="messages, alpaca, sharegpt, text, or a plugin's; default: the run's own.")
@click.option(
    "--file", "file_format", type=click.Choice(["jsonl", "parquet"]), default="jsonl", show_default=True, help="Kind."
)
@click.option(
    "--split",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.95,
    show_default=True,
    help="The share of train; the rest is validation. 1: all is train.",
)
@click.option("--best", type=click.IntRange(1), default=None, help="Only so many, those that the judge rated best.")
@click.option("--license", default="", metavar="ID", help="The data's licence, for its card, such as llama3.1.")
@click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="Such as export.encoder.system=TEXT.")
@click.option("--plugin", "plugins", multiple=True, help="A Python file or module with a format of your own.")
@click.option("--push-to-hub", "repo", metavar="ORG/NAME", help="Upload it too, as a private data set.")
@click.option("--public", is_flag=True, help="Upload it for everyone; needs --license.")
def command(out: Path, folder: Path | None, repo: str | None, public: bool, **given: Any) -> None:
    """Write a run's JSONL files again, from its database; or, with --to, its training examples as a data set."""
    from selfinstruct.errors import UsageError
    from selfinstruct.store import RunStore

    if public and not given["license"]:
        raise UsageError("a public data set needs a licence", "Name that of the model's text: --license llama3.1")
    if public and not repo:
        raise UsageError("--public says how to upload, and nothing is uploaded", "Add --push-to-hub ORG/NAME.")
    store = RunStore.open_readonly(out)
    try:
        if folder is not None:
            _dataset(store, folder, repo, public, given)
        elif repo or any(given[key] for key in ("name", "license", "best", "assigned", "plugins")):
            raise UsageError("where should the data set go?", "Say it with --to FOLDER.")
        else:
            _contracts(store, out)
    finally:
        store.close()


def _contracts(store: RunStore, out: Path) -> None:
    from selfinstruct.export.contracts import write_contracts

    for name, rows in write_contracts(store, out).items():
        click.echo(f"{out / name}: {rows} rows")


def _dataset(store: RunStore, folder: Path, repo: str | None, public: bool, given: dict[str, Any]) -> None:
    from selfinstruct.api import TrainingEncoder
    from selfinstruct.errors import ConfigError
    from selfinstruct.export.dataset import export_dataset

    registry = registry_of(store, given["plugins"])
    chosen = format_of(store, registry, given["name"], given["assigned"])
    encoder = chosen.build(registry)
    if not isinstance(encoder, TrainingEncoder):
        raise ConfigError(f"export.encoder.use: encoder '{chosen.name}' writes prompts, not training rows")
    exported = export_dataset(
        store,
        encoder,
        folder,
        chosen=chosen.frozen(),
        file_format=given["file_format"],
        split=given["split"],
        license=given["license"],
        best=given["best"] or 0,
    )
    _print_result(exported, bool(given["license"]))
    if repo:
        from selfinstruct.export.hub import push_to_hub

        click.echo(f"pushed to {push_to_hub(folder, exported.paths, repo, public=public)}")


def registry_of(store: RunStore, plugins: Sequence[str]) -> Registry:
    """Every plugin there is; those that the run named and are gone by now are missed only if they have the format."""
    from selfinstruct.errors import PluginError
    from selfinstruct.plugins.registry import Registry

    registry = Registry.load(plugins)
    for name in (store.fact("tree") or {}).get("plugins", []):
        try:
            registry.add(name)
        except PluginError as error:
            click.echo(f"left out: {error.message}", err=True)
    return registry


def format_of(store: RunStore, registry: Registry, name: str | None, assigned: Sequence[str]) -> ChosenComponent:
    """The format, checked. Of the run's config only the table `export` matters, so no other part of it can fail."""
    from selfinstruct.config import assign, merge, read_recipe, resolve
    from selfinstruct.errors import ConfigError

    recorded = (store.fact("tree") or {}).get("export", {})
    tree = read_recipe("chat") | {"export": merge(recorded, {"encoder": {"use": name}} if name else {})}
    for setting in assigned:
        if not setting.strip().startswith("export."):
            raise ConfigError(f"--set {setting}: only settings of export matter here", "Such as export.encoder.system")
        assign(tree, setting)
    return resolve(tree, registry).export


def _print_result(exported: Exported, licensed: bool) -> None:
    for part, rows in exported.counts.items():
        path = next(path for path in exported.paths if path.stem == part)
        click.echo(f"{path}: {rows} rows")
    if exported.note:
        click.echo(exported.note)
    if not licensed:
        click.echo(f"before you share it, fill in the licence in {exported.folder / 'README.md'}, or use --license")
    click.echo(f"read it with: datasets.load_dataset({str(exported.folder)!r})")
