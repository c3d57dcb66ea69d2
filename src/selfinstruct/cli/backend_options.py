"""The flags of a command that come from the chosen backend: they are read from its plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

REGISTRY = "selfinstruct.plugins.registry"
"""Where a command keeps the registry that it loaded to know its backend's options."""


class BackendCommand(TitledCommand):
    """A command whose help and flags include the options of the backend that the same line chooses."""

    tolerant = False
    """Whether the command itself tells what keeps the backend's options from being known."""

    tables: tuple[str, ...] = ("backend",)
    """Where in the config that backend stands."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> click.Context:
        """Read the line once for the backend's name, add its options, then read it in earnest."""
        self._own = getattr(self, "_own", list(self.params))
        taken = {"--help", "--debug", *(flag for param in self._own for flag in param.opts)}
        registry, parameters = _backend_parameters(args, taken, self.tables, self.tolerant)
        self.params = [*self._own, *parameters]
        context = super().make_context(info_name, args, *rest, **extra)
        context.meta[REGISTRY] = registry
        return context

    def invoke(self, ctx: click.Context) -> Any:
        """Gather the backend's options into one argument."""
        names = [param.name for param in self.params if isinstance(param, BackendOption)]
        chosen = {str(name): ctx.params.pop(str(name)) for name in names}
        own = {name.removeprefix("backend_"): value for name, value in chosen.items() if value is not None}
        self.take(ctx.params, own)
        return super().invoke(ctx)

    def take(self, given: dict[str, Any], options: dict[str, Any]) -> None:
        """Hand over the options of the backend that the line names or the run has."""
        given["backend_options"] = options

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options by title, then the backend's."""
        super().format_options(ctx, formatter)
        if not any(isinstance(param, BackendOption) for param in self.params):
            with formatter.section("Options of a backend"):
                formatter.write_text("Name one to see them: --backend NAME --help")


class JudgeCommand(BackendCommand):
    """A command whose `--backend`, and the options that come with it, are about the judge's own backend."""

    tables = ("judge", "backend")

    def take(self, given: dict[str, Any], options: dict[str, Any]) -> None:
        """Hand over who is to rate, if the line says anything of it."""
        named = given.pop("backend") or next(
            (param.backend for param in self.params if options and isinstance(param, BackendOption)), None
        )
        given["judge"] = {"use": named, **options} if named else None


class BackendOption(TitledOption):
    """An option that the chosen backend brought."""

    backend = ""

    @property
    def title(self) -> str:
        """Where it stands in the help."""
        return f"Options of the backend {self.backend}"


def _peek(args: Sequence[str], name: str) -> list[str]:
    """The values of one option in a raw command line."""
    found = []
    for index, argument in enumerate(args):
        if argument == name and index + 1 < len(args):
            found.append(args[index + 1])
        elif argument.startswith(f"{name}="):
            found.append(argument.partition("=")[2])
    return found


def known_registry() -> Registry | None:
    """The registry that was loaded for the command line at work, if it was: a plugin's code is to run once."""
    registry: Registry | None = click.get_current_context().meta.get(REGISTRY)
    return registry


def _backend_parameters(
    args: Sequence[str], taken: set[str], tables: Sequence[str], tolerant: bool
) -> tuple[Registry | None, list[click.Parameter]]:
    try:
        registry, component = _chosen_backend(args, tables)
    except SelfInstructError:
        if tolerant or {"-h", "--help"} & set(args):
            return None, []  # what is wrong is told when the command is to work
        raise
    if component is None:
        return registry, []
    from selfinstruct.plugins.checks import is_secret

    return registry, [
        _parameter(component.name, key, option, taken)
        for key, option in component.options.model_fields.items()
        if not is_secret(option.annotation) and _is_plain(option.annotation)
    ]


def _chosen_backend(args: Sequence[str], tables: Sequence[str]) -> tuple[Registry | None, Component[Backend] | None]:
    """The backend that the line, or else the config or the run, names, and where it was found; raises what is wrong.

    `tables` lead to its place in the config; if there is none, it is that of the run.
    """
    named, recipe, file = (next(reversed(_peek(args, name)), None) for name in ("--backend", "--recipe", "--config"))
    folder = Path(next(reversed(_peek(args, "--out")), OUT))
    if not (named or recipe or file or _peek(args, "--set") or folder.is_dir() or Path("selfinstruct.toml").is_file()):
        return None, None  # nothing names one, and a plain --help is to be quick
    from selfinstruct.plugins.registry import BACKEND, Registry
    from selfinstruct.run.settings import Settings, read_tree

    settings = Settings(
        folder,
        recipe,
        Path(file) if file else None,
        _nested(tables, {"use": named}) if named else {},
        _peek(args, "--set"),
        _peek(args, "--plugin"),
    )
    tree = read_tree(settings)
    own: Any = tree
    for key in tables:
        own = own.get(key) if isinstance(own, Mapping) else None
    for table in (own, tree.get("backend")):
        if isinstance(table, Mapping) and isinstance(table.get("use"), str):
            registry = Registry.load(tree["plugins"])
            return registry, registry.find(BACKEND, table["use"])
    return None, None


def _nested(tables: Sequence[str], value: dict[str, Any]) -> dict[str, Any]:
    for key in reversed(tables):
        value = {key: value}
    return value


def _parameter(backend: str, key: str, option: FieldInfo, taken: set[str]) -> BackendOption:
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
    """Whether a value fits on a command line; tables are set in the config or by `--set`."""
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
    return read_value if several else str  # where it may be of several types, it is read as in the config


def _kinds(annotation: Any) -> list[Any]:
    """The types that a value may have, without their parameters: `dict[str, Any] | None` is `dict` or `NoneType`."""
    origin = get_origin(annotation)
    if origin is None or origin is Literal or (isinstance(origin, type) and not issubclass(origin, UnionType)):
        return [origin or annotation]
    return [kind for part in get_args(annotation) for kind in _kinds(part)]
