"""The layout of a command's help: options grouped under titles, and examples at the end."""

from __future__ import annotations

from collections.abc import Mapping

import click

TITLES: Mapping[str, tuple[str, ...]] = {
    "Run and input": ("out", "target", "requests", "preview", "seeds", "config"),
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
    "Output": ("quiet", "json", "help"),
}
"""The titles that commands share, each with the names of its options (without dashes)."""

OTHER = "Options"


class TitledOption(click.Option):
    """An option that sets its own title in the help."""

    @property
    def title(self) -> str:
        """The title above the option in the help."""
        return OTHER


def sections(command: click.Command, context: click.Context) -> dict[str, list[click.Option]]:
    """A command's options by title: its own options first, then those shared with other commands."""
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
    """A command whose help groups the options under titles."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options by title."""
        for title, options in sections(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl([record for option in options if (record := option.get_help_record(ctx))])


def examples(*lines: str, more: str = "") -> str:
    """The end of a help text: commands to copy, then further notes."""
    shown = "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
    return f"{shown}\n\n{more}" if more else shown
