"""`selfinstruct plugins`: list, show, check and create plugins."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from selfinstruct.cli.help import examples
from selfinstruct.cli.text import clip

if TYPE_CHECKING:
    from selfinstruct.api import Component
    from selfinstruct.plugins.registry import Registry

_PLUGIN = click.option(
    "--plugin",
    "named",
    multiple=True,
    help="A Python file or module with your own hooks. Its code runs: name only files you trust.",
)


@click.group(
    "plugins",
    epilog=examples(
        "selfinstruct plugins list",
        "selfinstruct plugins show rouge-l",
        "selfinstruct plugins check --plugin ./no_haiku.py",
        "selfinstruct plugins new no-haiku --kind filter",
        "selfinstruct plugins new question-answer --kind format",
    ),
)
def command() -> None:
    """List, show and check plugins, or create a new one."""


@command.command("list")
@_PLUGIN
def list_them(named: Sequence[str]) -> None:
    """List every component with the plugin that offers it."""
    from selfinstruct.plugins.registry import KINDS, Registry

    registry = Registry.load(named)
    for kind in KINDS:
        click.echo(f"{kind}s")
        for offer in registry.offers(kind):
            stages = f" [{', '.join(offer.component.stages)}]" if offer.component.stages else ""
            click.echo(f"  {offer.component.name:<18} {offer.component.summary}{stages} ({offer.plugin})")
    for plugin in registry.broken:
        click.echo(f"broken: {plugin.name} ({plugin.source}): {plugin.broken}", err=True)


@command.command("show", short_help="Show one component and its options.")
@click.argument("component", metavar="[KIND:]NAME")
@_PLUGIN
def show(component: str, named: Sequence[str]) -> None:
    """Show one component and its options, such as rouge-l, or filter:rouge-l where two kinds have the name."""
    from selfinstruct.plugins.registry import Registry

    kind, found = _find(Registry.load(named), component)
    click.echo(f"{kind} {found.name}: {found.summary}")
    if found.stages:
        click.echo(f"stages: {', '.join(found.stages)}")
    if found.extra:
        click.echo(f"needs: pip install 'selfinstruct[{found.extra}]'")
    for key, option in found.options.model_fields.items():
        default = option.get_default(call_default_factory=True)
        default = "required" if option.is_required() else f"default {clip(repr(default), 60)}"
        click.echo(f"  {key} ({_type(option.annotation)}, {default})\n      {option.description}")


@command.command("check")
@_PLUGIN
def check(named: Sequence[str]) -> None:
    """Check the plugins that --plugin names, or else all installed ones. The exit code is 3 if one is broken.

    It loads them and checks hooks, names and options. It builds no component, and does not call one.
    """
    from selfinstruct.plugins.registry import Registry

    registry = Registry.load()
    checked = [registry.add(name) for name in named] or registry.plugins
    for plugin in checked:
        count = sum(offer.plugin == plugin.name for offer in registry.offers())
        state = f"broken: {plugin.broken}" if plugin.broken else f"OK, {count} component{'' if count == 1 else 's'}"
        click.echo(f"{plugin.name} {plugin.version}".strip() + f" ({plugin.source}): {state}")
    if named:
        click.echo("not checked: what the components return; `selfinstruct plugins new` writes tests for that")
    if any(plugin.broken for plugin in checked):
        raise click.exceptions.Exit(3)


@command.command("new", short_help="Write a small plugin package with tests.")
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["filter", "sampler", "encoder", "post-processor", "backend", "format"]),
    default="filter",
    show_default=True,
    help="The kind of component to create.",
)
@click.option(
    "--to", type=click.Path(path_type=Path), default=".", show_default=True, help="The parent of the new folder."
)
def new(name: str, kind: str, to: Path) -> None:
    """Write a small installable package with one component called NAME, and tests that pass."""
    from selfinstruct.cli.scaffold import registered_kind, write_plugin

    folder = write_plugin(name, kind, to)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        click.echo(f"{path} written")
    click.echo(f"Next: cd {shlex.quote(str(folder))} && pip install -e '.[test]' && pytest")
    click.echo(f"Then: selfinstruct plugins show {registered_kind(kind)}:{name}")


def _find(registry: Registry, component: str) -> tuple[str, Component[Any]]:
    """The kind of a component and the component itself; raises `UsageError` if its name does not say which."""
    from selfinstruct.errors import UsageError, suggest
    from selfinstruct.plugins.registry import KINDS

    kind, colon, name = component.rpartition(":")
    if kind in KINDS:
        return kind, registry.find(kind, name)
    if colon:
        raise UsageError(f"'{component}' is not KIND:NAME{suggest(kind, list(KINDS))}", f"Kinds: {', '.join(KINDS)}.")
    offers = [offer for offer in registry.offers() if offer.component.name == name]
    if not offers:
        close = suggest(name, [offer.component.name for offer in registry.offers()])
        raise UsageError(f"no component is called '{name}'{close}", "List them with: selfinstruct plugins list")
    if len(offers) > 1:
        choices = " or ".join(f"{offer.kind}:{name}" for offer in offers)
        raise UsageError(f"{len(offers)} components are called '{name}'", f"Say which: {choices}.")
    return offers[0].kind, offers[0].component


def _type(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
