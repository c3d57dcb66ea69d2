"""The options that several commands share, and those of the chosen backend, which are read from its plugin."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin

import click

from selfinstruct.errors import SelfInstructError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from selfinstruct.api import Backend, Component
    from selfinstruct.registry import Registry
    from selfinstruct.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

OUT = "runs/default"

REGISTRY = "selfinstruct.registry"
"""Where a command keeps the registry that it loaded to know its backend's options."""


def out_option(command: F) -> F:
    """`--out`."""
    option = click.option(
        "--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="The run folder."
    )
    return option(command)


def config_options(command: F) -> F:
    """What decides a run's config."""
    options = [
        click.option("--backend", help="Who answers: demo, groq, ollama, langchain, replay, or a plugin's."),
        click.option("--recipe", help="chat (the default), paper, or a TOML file."),
        click.option("--seeds", help="Seed tasks, a JSONL file; builtin: those that come with the package."),
        click.option(
            "--config", "file", type=click.Path(path_type=Path), help="Default: ./selfinstruct.toml if there."
        ),
        click.option("--seed", type=int, help="Where all randomness starts."),
        click.option("--concurrency", type=click.IntRange(1), help="Requests sent at once; changes only speed."),
        click.option(
            "--plugin",
            "plugins",
            multiple=True,
            help="A Python file or module with hooks of your own. Its code runs: name only what you trust.",
        ),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="NAME",
            help="A filter of generate after the recipe's, such as one of your own plugin.",
        ),
        click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="Any setting of the config."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


BUDGET = {
    "max_requests": (click.IntRange(1), "calls to the model"),
    "max_tokens": (click.IntRange(1), "tokens, prompt and reply"),
    "max_usd": (click.FloatRange(0, min_open=True), "US dollars; needs prices, from the backend or in [budget]"),
    "max_hours": (click.FloatRange(0, min_open=True), "hours"),
}
"""What bounds a run, and how it is told."""


def paid_options(command: F) -> F:
    """`config_options`, what a run may cost, and what happens when a quota is used up."""
    command = click.option("--wait", is_flag=True, help="Wait for a used-up quota, even until tomorrow.")(command)
    for name, (kind, words) in reversed(BUDGET.items()):
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=f"Stop, resumably, after so many {words}.")(command)
    return config_options(command)


def settings_from(out: Path, given: dict[str, Any]) -> Settings:
    """The settings from the values of `config_options` and a backend's own."""
    from selfinstruct.settings import Settings

    overrides: dict[str, Any] = {}
    if given.get("backend"):
        overrides["backend"] = {"use": given["backend"]}
    for name, value in given.get("backend_options", {}).items():
        overrides.setdefault("backend", {})[name] = value
    for name in ("seeds", "seed", "concurrency"):
        if given.get(name) is not None:
            overrides.setdefault("run", {})[name] = given[name]
    for name in BUDGET:
        if given.get(name) is not None:
            overrides.setdefault("budget", {})[name] = given[name]
    if given.get("filters"):
        overrides["generate"] = {"add_filters": [{"use": name} for name in given["filters"]]}
    for table, option, value in (
        ("prepare", "min_score", given.get("min_score")),
        ("prepare", "unrated", given.get("unrated")),
        ("judge", "enabled", given.get("rate")),
        ("judge", "backend", given.get("judge")),
    ):
        if value is not None:
            overrides.setdefault(table, {})[option] = value
    wait = bool(given.get("wait"))
    return Settings(out, given["recipe"], given["file"], overrides, given["assigned"], given["plugins"], wait)


class BackendCommand(click.Command):
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
        """The command's own options, then the backend's under a title."""
        own = [param.get_help_record(ctx) for param in self.get_params(ctx) if not isinstance(param, BackendOption)]
        backend = [param for param in self.get_params(ctx) if isinstance(param, BackendOption)]
        with formatter.section("Options"):
            formatter.write_dl([record for record in own if record])
        if backend:
            with formatter.section(f"Options of the backend {backend[0].backend}"):
                records = [param.get_help_record(ctx) for param in backend]
                formatter.write_dl([record for record in records if record])
        else:
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


class BackendOption(click.Option):
    """An option that the chosen backend brought."""

    backend = ""


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
    from selfinstruct.checks import is_secret

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
    from selfinstruct.registry import BACKEND, Registry
    from selfinstruct.settings import Settings, read_tree

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
