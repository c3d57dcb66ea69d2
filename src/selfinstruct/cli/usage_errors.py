"""Words for mistakes on the command line that click finds: the option, what is wrong with it, and where to read on."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import click

from selfinstruct.errors import UsageError, suggest


def explain(error: click.UsageError, command: str) -> UsageError:
    """The mistake in the words of our other errors; `command` is the one whose help has the options."""
    path = error.ctx.command_path if error.ctx else f"selfinstruct {command}"
    return UsageError(_problem(error), f"See: {path} --help")


def _problem(error: click.UsageError) -> str:
    said = f"{error.message[:1].lower()}{error.message[1:].rstrip('.')}"
    if isinstance(error, click.NoSuchOption):
        known = error.ctx.command.get_params(error.ctx) if error.ctx else []
        flags = [flag for param in known for flag in param.opts]
        return f"there is no option {error.option_name}{_intended_option(error.option_name, flags, error.ctx)}"
    if isinstance(error, click.BadOptionUsage):
        return f"{error.option_name} {'takes no' if 'not take' in said else 'needs a'} value"
    if isinstance(error, click.MissingParameter):
        return f"{_name(error.param)} is missing"
    if isinstance(error, click.BadParameter) and error.param is not None:
        value = error.message.partition(" is not ")[0]  # click's words begin with the value
        wanted = _wanted(error.param.type, value.strip("'"))
        return f"{_name(error.param)}: {f'{value} is not {wanted}' if wanted else said}"
    if error.ctx and (unknown := re.match(r"no such command '(.*?)'", said)):
        commands = error.ctx.command.list_commands(error.ctx) if isinstance(error.ctx.command, click.Group) else []
        return f"there is no command '{unknown[1]}'{suggest(unknown[1], commands)}"
    return said + _extra_argument(error.ctx) if error.ctx and "extra argument" in said else said


def _intended_option(name: str, flags: Sequence[str], context: click.Context | None) -> str:
    """What may have been meant by an option that the command does not have."""
    from selfinstruct.run.settings import setting_path

    if not name.startswith("--") and (longer := [flag for flag in flags if flag.startswith(f"-{name}")]):
        return f"; did you mean {' or '.join(longer)}?"
    if "--set" in flags and (path := setting_path(name.lstrip("-").replace("-", "_"))):
        return f"; give the setting as --set {path}=VALUE"
    if close := suggest(name, flags):
        return close
    if context is not None and isinstance(context.command, click.Group):
        return f"; options stand after their command, as in: {context.command_path} COMMAND {name}"
    return ""


def _extra_argument(context: click.Context) -> str:
    """What may have been meant by an argument too many."""
    for param in context.command.params:
        value = context.params.get(str(param.name))
        if isinstance(param, click.Option) and str(value).startswith("--"):
            return f": {_name(param)} needs a value, and took {value} for it"
    names = {param.name for param in context.command.params}
    if any(flag == "--plugin" for param in context.command.params for flag in param.opts) and "out" not in names:
        return "; a plugin is named with --plugin"
    if {"to", "out"} <= names:
        return "; the run folder is named with --out, and the folder for the dataset with --to"
    if "out" in names:
        return "; a run folder is named with --out, and a text of several words needs quotes"
    return "; a text of several words needs quotes"


def _name(param: click.Parameter | None) -> str:
    """The option with its dashes, or the argument as the help calls it."""
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return (param.metavar or str(param.name).upper()) if param else "a value"


def _wanted(kind: click.ParamType[Any], value: str) -> str:
    """What a value of this type is, or an empty string for a type whose own words are clear."""
    if isinstance(kind, click.Choice):
        choices = [str(choice) for choice in kind.choices]
        return f"{', '.join(choices[:-1])} or {choices[-1]}{suggest(value, choices)}"
    if isinstance(kind, click.types.BoolParamType):
        return "true or false"
    number = {"integer": "a whole number", "float": "a number"}.get(kind.name.removesuffix(" range"), "")
    if not isinstance(kind, click.IntRange | click.FloatRange):
        return number
    bounds = []
    if kind.min is not None:
        bounds.append(f"{'above' if kind.min_open else 'of at least'} {kind.min}")
    if kind.max is not None:
        bounds.append(f"{'below' if kind.max_open else 'at most'} {kind.max}")
    return f"{number} {' and '.join(bounds)}"
