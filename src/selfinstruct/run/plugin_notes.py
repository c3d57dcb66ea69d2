"""Notes to the user about plugins: one that is broken or has changed, and a filter that no stage uses."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from selfinstruct import __version__
from selfinstruct.config import RunConfig
from selfinstruct.config.resolve import add_filter
from selfinstruct.errors import WARNING
from selfinstruct.plugins.registry import FILTER, Registry
from selfinstruct.store import RunStore
from selfinstruct.types import ENGINE_STAGES, GENERATE


def report_plugins(registry: Registry, config: RunConfig, *, is_new: bool, say: Callable[[str], None]) -> None:
    """Report the broken plugins, and for a new run the filters of the user's plugins that no stage uses."""
    for plugin in registry.broken:
        say(f"{WARNING}plugin '{plugin.name}' is broken and left out: {plugin.broken}")
    for line in _unused_filters(registry, config) if is_new else ():
        say(f"{WARNING}{line}")


def report_changed_plugins(store: RunStore, registry: Registry, say: Callable[[str], None]) -> None:
    """Record the user's plugins as they are now, and report each that has changed since decisions were made."""
    recorded = store.facts.plugins
    changed = {
        name: version
        for name, version in registry.versions.items()
        if version not in (recorded.get(name), __version__)  # ours change with this program, which has its own fact
    }
    if not changed:
        return
    store.facts.record_again(plugins=recorded | changed)
    again = f"selfinstruct reprocess {shlex.quote(str(store.folder))} --out NEW_FOLDER"
    if any(store.totals(stage).candidates for stage in ENGINE_STAGES):
        for name in changed:
            if recorded.get(name):  # older versions recorded no digests of files
                say(
                    f"{WARNING}plugin '{name}' has changed: decisions up to here were made by its former text; to "
                    f"apply it to all, start a new run, or: {again}"
                )


def _unused_filters(registry: Registry, config: RunConfig) -> Iterator[str]:
    """A line for each filter of a plugin that the user named, if no stage uses any filter of that plugin."""
    used = {config.distance.name, *(one.name for stage in config.stages.values() for one in stage.filters)}
    for named in config.tree["plugins"]:
        names = {Path(named).stem, *(plugin.name for plugin in registry.plugins if plugin.source == named)}
        offers = [offer.component for offer in registry.offers(FILTER) if offer.plugin in names]
        for component in offers if not any(one.name in used for one in offers) else ():
            stage = component.stages[0] if component.stages else GENERATE
            add = add_filter(stage, component.name)
            if GENERATE in (component.stages or (GENERATE,)):
                add = f"--filter {component.name}"
            yield f"plugin {named} offers the filter '{component.name}', which no stage uses; add {add}"
