"""Options that several commands share, and the settings made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from selfinstruct.errors import WARNING
from selfinstruct.types import GENERATE, STAGES

if TYPE_CHECKING:
    from selfinstruct.run.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])

OUT = "runs/default"


class FiniteRange(click.FloatRange):
    """A number between two bounds, which `nan` is not, though it is neither below nor above them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read the number."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


def out_option(command: F) -> F:
    """Add `--out`."""
    option = click.option(
        "--out", type=click.Path(path_type=Path), default=OUT, show_default=True, help="The run folder."
    )
    return option(command)


def config_options(command: F) -> F:
    """Add the options that decide a run's config."""
    options = [
        click.option("--backend", help="Model backend: demo, groq, ollama, langchain, replay, or a plugin's."),
        click.option("--recipe", help="chat (the default), paper, or a TOML file."),
        click.option("--seeds", help="File of seed tasks, or builtin for those of the package."),
        click.option(
            "--config", "file", type=click.Path(path_type=Path), help="Default: ./selfinstruct.toml, if it exists."
        ),
        click.option("--seed", type=int, help="Random seed."),
        click.option(
            "--concurrency", type=click.IntRange(1), help="Number of simultaneous requests. Affects only speed."
        ),
        click.option(
            "--plugin",
            "plugins",
            multiple=True,
            help="A Python file or module with your own hooks. Its code runs: name only files you trust.",
        ),
        click.option(
            "--filter",
            "filters",
            multiple=True,
            metavar="NAME",
            help="A filter to add after those of the recipe; run adds it to generate.",
        ),
        click.option("--set", "assigned", multiple=True, metavar="PATH=VALUE", help="Set any value of the config."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


BUDGET = {
    "max_requests": (click.IntRange(1), "calls to the model"),
    "max_tokens": (click.IntRange(1), "tokens, prompt and reply"),
    "max_usd": (FiniteRange(0, min_open=True), "US dollars, at the prices of [budget] or of selfinstruct[prices]"),
    "max_hours": (FiniteRange(0, min_open=True), "hours"),
}
"""Limits of a run: for each option its type and unit."""


def paid_options(command: F) -> F:
    """Add `config_options`, the limits of a run, and the options to wait for a quota and to use batches."""
    for option in (
        click.option(
            "--wait", is_flag=True, help="Wait for a used-up quota to renew, or for batches, even until tomorrow."
        ),
        click.option(
            "--batch-file",
            "batch_folder",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Write batches into files, and read the results that you put beside them.",
        ),
        click.option(
            "--batch", is_flag=True, help="Send requests in batches if possible: half the price, hours later."
        ),
    ):
        command = option(command)
    for name, (kind, words) in reversed(BUDGET.items()):
        flag = f"--{name.replace('_', '-')}"
        command = click.option(flag, name, type=kind, help=f"Stop after this many {words}.")(command)
    return config_options(command)


def added_filters(names: Sequence[str], stage: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The tree that adds filters to a stage, and the flags that name them in an error."""
    path = f"{stage}.add_filters"
    flags = {f"{path}[{index}]": f"--filter {name}" for index, name in enumerate(names)}
    flags |= {f"{path}.{name}": f"--filter {name}" for name in names}
    return ({stage: {"add_filters": [{"use": name} for name in names]}} if names else {}), flags


def settings_from(out: Path, given: dict[str, Any]) -> Settings:
    """Make the settings from the values of `config_options` and of the backend's options; `.env` is read before."""
    from selfinstruct.config import parse_assignment
    from selfinstruct.run.settings import Settings, read_env

    for line in read_env(Path(".env")):
        click.echo(
            f"{WARNING}.env:{line}: this line sets nothing; write NAME=VALUE, with both quotes or none", err=True
        )
    overrides: dict[str, Any] = {}
    if given.get("backend"):
        overrides["backend"] = {"use": given["backend"]}
    for name, value in given.get("backend_options", {}).items():
        overrides.setdefault("backend", {})[name] = value
    if given.get("batch"):
        overrides["run"] = {"batch": True}
    for name in ("seeds", "seed", "concurrency"):
        if given.get(name) is not None:
            overrides.setdefault("run", {})[name] = given[name]
    for name in BUDGET:
        if given.get(name) is not None:
            overrides.setdefault("budget", {})[name] = given[name]
    names = given.get("filters") or ()
    stage = str(click.get_current_context().info_name)
    filters, filter_flags = added_filters(names, stage if stage in STAGES else GENERATE)
    overrides |= filters
    for table, option, value in (
        ("prepare", "min_score", given.get("min_score")),
        ("prepare", "unrated", given.get("unrated")),
        ("prepare", "include_seeds", given.get("include_seeds")),
        ("judge", "enabled", given.get("rate")),
        ("judge", "backend", given.get("judge")),
    ):
        if value is not None:
            overrides.setdefault(table, {})[option] = value
    flags = {f"{table}.{name}": f"--{name.replace('_', '-')}" for table, own in overrides.items() for name in own}
    if given.get("backend"):
        flags["backend.use"] = f"--backend {given['backend']}"
    flags |= filter_flags
    return Settings(
        out,
        recipe=given["recipe"],
        file=given["file"],
        overrides=overrides,
        assigned=[parse_assignment(text) for text in given["assigned"]],
        plugins=given["plugins"],
        flags=flags,
        wait=bool(given.get("wait")),
        batch_folder=given.get("batch_folder"),
    )
