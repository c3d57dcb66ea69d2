"""Command-line flags for the options of the chosen backend, read from its plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import click

from selfinstruct.cli.help import TitledCommand, TitledOption
from selfinstruct.cli.options import OUT
from selfinstruct.errors import SelfInstructError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from selfinstruct.api import Backend, Component
    from selfinstruct.plugins.registry import Registry
    from selfinstruct.run.settings import ConfigSources

KNOWN = "selfinstruct.cli.known"
"""The key under which click's context keeps the registry and config that were already read."""


@dataclass(frozen=True, slots=True)
class KnownSoFar:
    """The registry and config that were read to find the backend's options, so that a command reads them once.

    registry   the plugins, or `None` if they were not needed
    sources    the sources of the config, or `None` if it was not needed
    """

    registry: Registry | None = None
    sources: ConfigSources | None = None


class BackendCommand(TitledCommand):
    """A command whose help and flags include the options of the backend named on the same command line."""

    tolerant = False
    """Whether the command itself reports why the backend's options could not be read."""

    tables: tuple[str, ...] = ("backend",)
    """The tables that lead to the backend in the config."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> click.Context:
        """Find the backend's name in the line, add its options to the command, then parse the line."""
        self._own = getattr(self, "_own", list(self.params))
        taken = {"--help", "--debug", *(flag for param in self._own for flag in param.opts)}
        known, parameters = _backend_parameters(args, taken, self.tables, tolerant=self.tolerant)
        self.params = [*self._own, *parameters]
        try:
            context = super().make_context(info_name, args, *rest, **extra)
        except click.NoSuchOption as error:
            raise _explained(error, self.params) from None
        context.meta[KNOWN] = known
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Gather the backend's options into one argument."""
        names = [param.name for param in self.params if isinstance(param, BackendOption)]
        chosen = {str(name): ctx.params.pop(str(name)) for name in names}
        own = {name.removeprefix("backend_"): value for name, value in chosen.items() if value is not None}
        self.take(ctx.params, own)
        return super().invoke(ctx)

    def take(self, given: dict[str, Any], options: dict[str, Any]) -> None:
        """Pass on the options of the backend that the command line or the run names."""
        given["backend_options"] = options

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the command's own options by title, then those of the backend."""
        super().format_options(ctx, formatter)
        if not any(isinstance(param, BackendOption) for param in self.params):
            with formatter.section("Options of a backend"):
                formatter.write_text("To see them, name one: --backend NAME --help")


class JudgeCommand(BackendCommand):
    """A command whose `--backend` and backend options set the judge's own backend."""

    tables = ("judge", "backend")

    def take(self, given: dict[str, Any], options: dict[str, Any]) -> None:
        """Pass on the judge's backend, if the command line sets any part of it."""
        named = given.pop("backend") or next(
            (param.backend for param in self.params if options and isinstance(param, BackendOption)), None
        )
        given["judge"] = {"use": named, **options} if named else None


class BackendOption(TitledOption):
    """An option that belongs to the chosen backend."""

    backend = ""

    @property
    def title(self) -> str:
        """The title above the option in the help."""
        return f"Options of the backend {self.backend}"


def _explained(error: click.NoSuchOption, params: Sequence[click.Parameter]) -> Exception:
    """The error, or one that says which backends have the option, if it is one of a backend."""
    from selfinstruct.errors import UsageError
    from selfinstruct.plugins.registry import BACKEND, Registry

    key = error.option_name.lstrip("-").replace("-", "_")
    having = [
        offer.component.name for offer in Registry.load().offers(BACKEND) if key in offer.component.options.model_fields
    ]
    if not having:
        return error
    chosen = next((param.backend for param in params if isinstance(param, BackendOption)), "")
    which = f"the backend {chosen} has no such option" if chosen else "the command names no backend"
    first = "ollama" if "ollama" in having else having[0]
    others = f" ({', '.join(having)} have {error.option_name})" if len(having) > 1 else ""
    return UsageError(f"{error.option_name}: {which}", f"Name the backend: --backend {first}{others}.")


def _peek(args: Sequence[str], name: str) -> list[str]:
    """The values of one option in an unparsed command line."""
    found = []
    for index, argument in enumerate(args):
        if argument == name and index + 1 < len(args):
            found.append(args[index + 1])
        elif argument.startswith(f"{name}="):
            found.append(argument.partition("=")[2])
    return found


def known_so_far() -> KnownSoFar:
    """The registry and config that were already read for the current command line."""
    known: KnownSoFar = click.get_current_context().meta.get(KNOWN, KnownSoFar())
    return known


def _backend_parameters(
    args: Sequence[str], taken: set[str], tables: Sequence[str], *, tolerant: bool
) -> tuple[KnownSoFar, list[click.Parameter]]:
    try:
        known, component = _chosen_backend(args, tables)
    except SelfInstructError:
        if tolerant or {"-h", "--help"} & set(args):
            return KnownSoFar(), []  # the command reports the problem when it runs
        raise
    if component is None:
        return known, []
    from selfinstruct.plugins.checks import is_secret

    return known, [
        _parameter(component.name, key, option, taken=taken)
        for key, option in component.options.model_fields.items()
        if not is_secret(option.annotation) and _is_plain(option.annotation)
    ]


def _chosen_backend(args: Sequence[str], tables: Sequence[str]) -> tuple[KnownSoFar, Component[Backend] | None]:
    """The backend named by the command line, or else by the config or the run.

    `tables` lead to the backend in the config; without one there, the backend of the run is used. Raises the errors of
    reading plugins and config.
    """
    named, recipe, file = (next(reversed(_peek(args, name)), None) for name in ("--backend", "--recipe", "--config"))
    folder = Path(next(reversed(_peek(args, "--out")), OUT))
    has_run = folder.is_dir() and not {"-h", "--help"} & set(args)
    if not (named or recipe or file or _peek(args, "--set") or has_run or Path("selfinstruct.toml").is_file()):
        return KnownSoFar(), None  # nothing names one, and a plain --help is quick and the same beside any run
    from selfinstruct.config import parse_assignment
    from selfinstruct.plugins.registry import BACKEND, Registry
    from selfinstruct.run.settings import ConfigSources, Settings, read_tree

    settings = Settings(
        folder,
        recipe=recipe,
        file=Path(file) if file else None,
        overrides=_nested(tables, {"use": named}) if named else {},
        assigned=[parse_assignment(text) for text in _peek(args, "--set")],
        plugins=_peek(args, "--plugin"),
    )
    sources = ConfigSources(settings)
    tree = read_tree(settings, sources)
    own: Any = tree
    for key in tables:
        own = own.get(key) if isinstance(own, Mapping) else None
    for table in (own, tree.get("backend")):
        if isinstance(table, Mapping) and isinstance(table.get("use"), str):
            registry = Registry.load(tree["plugins"])
            return KnownSoFar(registry, sources), registry.find(BACKEND, table["use"])
    return KnownSoFar(sources=sources), None


def _nested(tables: Sequence[str], value: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(tables):
        value = {key: value}
    return value


def _parameter(backend: str, key: str, option: FieldInfo, *, taken: set[str]) -> BackendOption:
    from selfinstruct.config import read_value

    flag = f"--{key.replace('_', '-')}"
    words = option.description or ""
    shown = option.get_default(call_default_factory=True)
    if not option.is_required() and shown not in (None, "", ()):
        words += f"  [default: {shown}]"
    parameter = BackendOption(
        [f"--backend-{flag[2:]}" if flag in taken else flag, f"backend_{key}"],
        type=_click_type(option.annotation),
        metavar="VALUE" if _click_type(option.annotation) is read_value else None,
        default=None,
        help=words,
    )
    parameter.backend = backend
    return parameter


def _is_plain(annotation: Any) -> bool:
    """Whether a value can be given as a flag. Tables are set in the config or by `--set`."""
    from pydantic import BaseModel

    return not any(
        kind in (dict, list, tuple, set, frozenset) or (isinstance(kind, type) and issubclass(kind, BaseModel))
        for kind in _kinds(annotation)
    )


def _click_type(annotation: Any) -> Any:
    from selfinstruct.config import read_value

    kinds = [kind for kind in _kinds(annotation) if kind is not type(None)]
    if len(kinds) == 1 and kinds[0] in (int, float, bool):
        return kinds[0]
    if kinds == [Literal]:
        literal = next(kind for kind in (annotation, *get_args(annotation)) if get_origin(kind) is Literal)
        return click.Choice([str(choice) for choice in get_args(literal)])
    several = bool({int, float, bool} & set(kinds))
    return read_value if several else str  # a value of several possible types is read as in the config


def _kinds(annotation: Any) -> list[Any]:
    """The possible types of a value, without parameters: `dict[str, Any] | None` gives `dict` and `NoneType`."""
    origin = get_origin(annotation)
    if origin is None or origin is Literal or (isinstance(origin, type) and not issubclass(origin, UnionType)):
        return [origin or annotation]
    return [kind for part in get_args(annotation) for kind in _kinds(part)]
