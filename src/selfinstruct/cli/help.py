"""How a command's help is laid out: its options under titles, and examples at the end."""

from __future__ import annotations

from collections.abc import Mapping

import click

TITLES: Mapping[str, tuple[str, ...]] = {
    "What it works on": ("out", "target", "seeds", "config"),
    "Components and settings": ("recipe", "seed", "plugin", "filter", "set", "min-score", "unrated", "judge"),
    "Model and budget": (
        "backend",
        "concurrency",
        "estimate",
        "max-requests",
        "max-tokens",
        "max-usd",
        "max-hours",
        "wait",
        "batch",
        "batch-file",
    ),
    "What is told": ("quiet", "json", "help"),
}
"""The titles that commands share, and which flags, by their first names without dashes, stand under each."""

OTHER = "Options"


class TitledOption(click.Option):
    """An option that says itself under which title it stands."""

    @property
    def title(self) -> str:
        """The title."""
        return OTHER


def sections(command: click.Command, context: click.Context) -> dict[str, list[click.Option]]:
    """A command's options by title: its own first, then those that it shares with others."""
    found: dict[str, list[click.Option]] = {OTHER: [], **{title: [] for title in TITLES}}
    for param in command.get_params(context):
        if isinstance(param, click.Option) and not param.hidden:
            found.setdefault(_title(param), []).append(param)
    return {title: options for title, options in found.items() if options}


def _title(option: click.Option) -> str:
    if isinstance(option, TitledOption):
        return option.title
    flag = option.opts[-1 if "--help" in option.opts else 0].lstrip("-")
    return next((title for title, names in TITLES.items() if flag in names), OTHER)


class TitledCommand(click.Command):
    """A command whose help has its options under titles."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Its options by title."""
        for title, options in sections(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])


def examples(*lines: str, more: str = "") -> str:
    """The end of a help text: commands to copy, and what else is to be known."""
    shown = "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
    return f"{shown}\n\n{more}" if more else shown
