"""A typed facade over pluggy: finds and checks plugins, isolates broken ones, and looks up components."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pluggy

from selfinstruct.api import (
    Backend,
    Component,
    Filter,
    Options,
    PostProcessor,
    PromptEncoder,
    Sampler,
    TrainingEncoder,
    hooks,
)
from selfinstruct.api.environment import environment_problem
from selfinstruct.api.secret_finder import find_secrets, mask_secrets
from selfinstruct.errors import ConfigError, PluginError, SelfInstructError, UsageError, plugin_cause, suggest
from selfinstruct.plugins.checks import check_component, check_plugin
from selfinstruct.plugins.sources import LOAD_HINTS, module_from_file, source_digest

GROUP = "selfinstruct"
BACKEND, SAMPLER, ENCODER, POST_PROCESSOR, FILTER = "backend", "sampler", "encoder", "post-processor", "filter"
KINDS: Mapping[str, str] = {
    BACKEND: "selfinstruct_backends",
    SAMPLER: "selfinstruct_samplers",
    ENCODER: "selfinstruct_encoders",
    POST_PROCESSOR: "selfinstruct_post_processors",
    FILTER: "selfinstruct_filters",
}
"""Each kind of component, and the hook that offers it."""

BASES: Mapping[str, tuple[type, ...]] = {
    BACKEND: (Backend,),
    SAMPLER: (Sampler,),
    ENCODER: (PromptEncoder, TrainingEncoder),
    POST_PROCESSOR: (PostProcessor,),
    FILTER: (Filter,),
}
"""The classes that components of each kind must build."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A plugin: its source, its version or else a digest of its file, and, if it is left out, the reason."""

    name: str
    source: str
    version: str = ""
    broken: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A component and the plugin that offers it."""

    kind: str
    plugin: str
    component: Component[Any]


BUILD_HINT = "A component is built from its options: Component(..., lambda options: MyFilter())."
"""What to do about a `build` that does not take the options."""


@dataclass(slots=True)
class Registry:
    """All plugins of a process and their components."""

    plugins: list[Plugin] = field(default_factory=list)
    _offers: dict[tuple[str, str], Offer] = field(default_factory=dict)
    _clashes: dict[tuple[str, str], str] = field(default_factory=dict)
    _manager: pluggy.PluginManager = field(default_factory=lambda: _manager())

    @classmethod
    def load(cls, named: Sequence[str] = ()) -> Registry:
        """Register every installed plugin, then those named: paths of Python files, or modules.

        An installed plugin that is broken is listed as such; a named one that is broken raises `PluginError`.
        """
        registry = cls()
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
            version = (entry.dist.version if entry.dist else "") or ""
            registry._admit(entry.name, entry.value, entry.load, version=version)
        for name in named:
            registry.add(name)
        return registry

    def add(self, named: str) -> Plugin:
        """Register a plugin that the user named, unless it is registered; raises `PluginError` if it cannot be used."""
        is_file = named.endswith(".py") or "/" in named or "\\" in named
        name = Path(named).stem if is_file else named
        plugin = self._known(name, named, is_file)
        if plugin is None:
            self._admit(name, named, partial(module_from_file if is_file else importlib.import_module, named))
            plugin = self.plugins[-1]
        if plugin.broken:
            beside = Path(f"{named}.py")
            is_unknown = beside.is_file() or f"'{named}'" in plugin.broken
            hint = next((hint for words, hint in LOAD_HINTS.items() if words in plugin.broken), "")
            hint = f"For the file write: --plugin ./{beside}" if not is_file and is_unknown else hint
            hint = f"Name a file in this folder: --plugin ./{named}/FILE.py" if Path(named).is_dir() else hint
            raise PluginError(f"plugin {named} cannot be used: {plugin.broken}", hint)
        return plugin

    def _known(self, name: str, named: str, is_file: bool) -> Plugin | None:
        """The plugin that the user named, if it was already found."""
        for plugin in self.plugins:
            if is_file and plugin.name == name:
                if Path(plugin.source).resolve() == Path(named).resolve():
                    return plugin
                raise PluginError(f"plugin {named}: another plugin is already called '{name}'", "Rename the file.")
            if not is_file and named in (plugin.name, plugin.source):
                return plugin
        return None

    def register(self, plugin: object, name: str) -> None:
        """Register a plugin given as an object (from Python); raises `PluginError` if it cannot be used."""
        self._admit(name, repr(plugin), lambda: plugin)
        if broken := self.plugins[-1].broken:
            raise PluginError(f"plugin {name} cannot be used: {broken}")

    def _admit(self, name: str, source: str, load: Callable[[], object], *, version: str = "") -> None:
        broken = digest = ""
        try:
            plugin = load()
            self._enter(name, plugin)
            digest = "" if version else source_digest(plugin)
        except BaseException as error:
            broken = plugin_cause(error)
        self.plugins.append(Plugin(name, source, version, broken, digest))

    def _enter(self, name: str, plugin: object) -> None:
        """Register a plugin with all its components, or not at all."""
        if other := next((other for other in self.plugins if other.name == name), None):
            raise PluginError(f"another plugin is already called '{name}' ({other.source})")
        check_plugin(plugin)
        if self._manager.is_registered(plugin):
            raise PluginError(f"it is registered already, as '{self._manager.get_name(plugin)}'")
        try:
            self._manager.register(plugin, name)
            offers = self._collect(name)
        except BaseException:
            self._manager.unregister(name=name)
            raise
        self._offers.update({(offer.kind, offer.component.name): offer for offer in offers})

    def _collect(self, name: str) -> list[Offer]:
        offers: list[Offer] = []
        for kind, hook in KINDS.items():
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin_name == name:
                    listed = implementation.function()
                    if not isinstance(listed, list | tuple):
                        raise PluginError(f"{hook} must return a list of components, not {type(listed).__name__}")
                    offers += [Offer(kind, name, check_component(component, hook)) for component in listed]
        for index, offer in enumerate(offers):
            key = (offer.kind, offer.component.name)
            if any((other.kind, other.component.name) == key for other in offers[:index]):
                raise PluginError(f"{offer.kind} '{offer.component.name}' is offered twice")
            if taken := self._offers.get(key):
                clash = f"{offer.kind} '{offer.component.name}' is offered by both '{taken.plugin}' and '{name}'"
                self._clashes[key] = clash
                raise PluginError(clash)
        return offers

    @property
    def broken(self) -> list[Plugin]:
        """The plugins that were left out because they are broken."""
        return [plugin for plugin in self.plugins if plugin.broken]

    @property
    def versions(self) -> dict[str, str]:
        """The usable plugins, each with its version or the digest of its file."""
        return {plugin.name: plugin.version or plugin.digest for plugin in self.plugins if not plugin.broken}

    def offers(self, kind: str | None = None) -> list[Offer]:
        """All components, sorted by kind and name."""
        found = [offer for offer in self._offers.values() if kind in (None, offer.kind)]
        return sorted(found, key=lambda offer: (list(KINDS).index(offer.kind), offer.component.name))

    def find(self, kind: str, name: str, *, stage: str = "") -> Component[Any]:
        """Look a component up, for a `stage` if one is given.

        Raises `ConfigError` with a suggestion, or `PluginError` if two plugins claim the name.
        """
        if clash := self._clashes.get((kind, name)):
            raise PluginError(clash, "Uninstall one of the two plugins, or rename its component.")
        if offer := self._offers.get((kind, name)):
            return offer.component
        fitting = [offer.component for offer in self.offers(kind)]
        known = [one.name for one in fitting if not (stage and one.stages) or stage in one.stages]
        is_format = kind == ENCODER and stage == "export"
        problem = f"no {'format' if is_format else kind} is called '{name}'{suggest(name, known)}"
        faults = "; ".join(f"plugin '{plugin.name}' is broken: {plugin.broken}" for plugin in self.broken)
        hint = f"Known: {', '.join(known) or 'none'}. If it is your own, name its file: --plugin ./my_plugin.py."
        if kind == BACKEND:
            hint += (
                " For any other provider: --backend langchain --model openai:gpt-4o-mini, for example; in Python "
                'backend="langchain", settings={"backend.model": "openai:gpt-4o-mini"}.'
            )
        if is_format:
            hint += " The type of the file is another option: --file jsonl or --file parquet."
        if "=" in name:
            hint = "Give the name only: options are set in the config, or with --set."
        raise ConfigError(f"{problem} ({faults})" if faults else problem, hint)

    def build(self, kind: str, name: str, options: Options) -> Any:
        """Build a component; raises `PluginError` naming plugin and component when it cannot be built."""
        component = self.find(kind, name)
        where = self.describe(kind, name)
        try:
            built = component.build(options)
        except SelfInstructError:
            raise
        except ModuleNotFoundError as error:
            raise PluginError(missing_module(kind, component, error)) from error
        except BaseException as error:
            if problem := environment_problem(error):
                raise problem from None
            secrets = find_secrets(options)  # a traceback could not be masked
            cause = mask_secrets(plugin_cause(error), secrets)
            hint = BUILD_HINT if isinstance(error, TypeError) and ("argument" in cause or "callable" in cause) else ""
            raise PluginError(f"{where} could not be built: {cause}", hint) from (None if secrets else error)
        if not isinstance(built, BASES[kind]):
            bases = " or ".join(base.__name__ for base in BASES[kind])
            raise PluginError(f"{where} was built as {type(built).__name__}, which is not derived from {bases}")
        return built

    def describe(self, kind: str, name: str) -> str:
        """Describe a component for error messages, with its plugin."""
        return f"plugin '{self._offers[kind, name].plugin}': {kind} '{name}'"

    def observers(self, hook: str) -> list[tuple[str, Callable[..., None]]]:
        """The implementations of an observing hook with their plugins' names, in order of registration."""
        implementations = getattr(self._manager.hook, hook).get_hookimpls()
        callers = [(impl.plugin_name, _caller(impl)) for impl in implementations]
        order = [plugin.name for plugin in self.plugins]
        return sorted(callers, key=lambda caller: order.index(caller[0]))


def missing_module(kind: str, component: Component[Any], error: ModuleNotFoundError) -> str:
    """One sentence for a component whose extra is not installed."""
    if component.extra:
        return f"{kind} '{component.name}' needs: pip install 'selfinstruct[{component.extra}]'"
    return f"{kind} '{component.name}' needs the module '{error.name}', which is not installed"


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("selfinstruct")
    manager.add_hookspecs(hooks)
    return manager


def _caller(implementation: Any) -> Callable[..., None]:
    def call(value: Any) -> None:
        implementation.function(*([value] if implementation.argnames else []))

    return call


def no_backend(registry: Registry) -> UsageError:
    """The error for a command without a backend."""
    known = ", ".join(offer.component.name for offer in registry.offers("backend"))
    again = "Without --config, selfinstruct.toml is read from the folder that you are in."
    return UsageError(
        "no backend is chosen", f"Name one: --backend NAME, in Python backend=NAME. Known: {known}. {again}"
    )
