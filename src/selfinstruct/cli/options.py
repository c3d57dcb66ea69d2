"""The options that several commands share, and those of the chosen backend, which are read from its plugin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import click
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from selfinstruct.app import Settings, read_tree
from selfinstruct.errors import SelfInstructError
from selfinstruct.registry import BACKEND, Registry

F = TypeVar("F", bound=Callable[..., Any])

OUT = "runs/default"


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
        click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="Any setting of the config."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def settings_from(out: Path, given: dict[str, Any]) -> Settings:
    """The settings from the values of `config_options` and a backend's own."""
    overrides: dict[str, Any] = {}
    if given.get("backend"):
        overrides["backend"] = {"use": given["backend"]}
    for name, value in given.get("backend_options", {}).items():
        overrides.setdefault("backend", {})[name] = value
    for name in ("seeds", "seed", "concurrency"):
        if given.get(name) is not None:
            overrides.setdefault("run", {})[name] = given[name]
    return Settings(out, given["recipe"], given["file"], overrides, given["assigned"], given["plugins"])


class BackendCommand(click.Command):
    """A command whose help and flags include the options of the backend that the same line chooses."""

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> click.Context:
        """Read the line once for the backend's name, add its options, then read it in earnest."""
        self._own = getattr(self, "_own", list(self.params))
        self.params = [*self._own, *_backend_parameters(args, {param.name for param in self._own})]
        return super().make_context(info_name, args, *rest, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Gather the backend's options into one argument."""
        names = [param.name for param in self.params if isinstance(param, BackendOption)]
        chosen = {str(name): ctx.params.pop(str(name)) for name in names}
        ctx.params["backend_options"] = {
            name.removeprefix("backend_"): value for name, value in chosen.items() if value is not None
        }
        return super().invoke(ctx)

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


def _backend_parameters(args: Sequence[str], taken: set[str | None]) -> list[click.Parameter]:
    plugins = _peek(args, "--plugin")
    name, registry = _chosen_backend(args, plugins)
    offers = {offer.component.name: offer for offer in registry.offers(BACKEND)} if registry else {}
    if name not in offers:
        return []
    return [
        _parameter(name, key, option, taken)
        for key, option in offers[name].component.options.model_fields.items()
        if not _is_secret(option) and _is_plain(option)
    ]


def _chosen_backend(args: Sequence[str], plugins: Sequence[str]) -> tuple[str, Registry | None]:
    """The backend that the line, or else the config, names; nothing where that cannot be read (yet)."""
    named = _peek(args, "--backend")
    try:
        if not named:
            from selfinstruct.app import load

            folder = Path((_peek(args, "--out") or [OUT])[-1])
            file = [Path(path) for path in _peek(args, "--config")][-1:]
            registry, config = load(Settings(folder, file=file[0] if file else None, plugins=tuple(plugins)))
            return (config.backend.name if config.backend else ""), registry
        return named[-1], Registry.load(plugins)
    except SelfInstructError:
        return "", None


def _parameter(backend: str, key: str, option: FieldInfo, taken: set[str | None]) -> BackendOption:
    flag = key.replace("_", "-")
    words = option.description or ""
    shown = option.get_default(call_default_factory=True)
    if not option.is_required() and shown not in (None, "", ()):
        words += f"  [default: {shown}]"
    parameter = BackendOption(
        [f"--{'backend-' if key in taken else ''}{flag}", f"backend_{key}"],
        type=_click_type(option),
        default=None,
        help=words,
    )
    parameter.backend = backend
    return parameter


def _is_secret(option: FieldInfo) -> bool:
    return option.annotation is SecretStr or SecretStr in get_args(option.annotation)


def _is_plain(option: FieldInfo) -> bool:
    """Whether a value fits on a command line; tables are set in the config or by `--set`."""
    kinds = (option.annotation, *get_args(option.annotation))
    return not any(get_origin(kind) in (dict, list, tuple) or kind in (dict, list, tuple) for kind in kinds)


def _click_type(option: FieldInfo) -> Any:
    kinds = [kind for kind in (option.annotation, *get_args(option.annotation)) if kind in (int, float, bool)]
    return kinds[0] if kinds else str


__all__ = ["OUT", "BackendCommand", "config_options", "out_option", "read_tree", "settings_from"]
