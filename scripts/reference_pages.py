"""Writes docs/reference/ from the code itself: commands, settings, components, files, errors, hooks, Python.

Also the page of clients, from the tables of their tests, and docs/decisions/index.md, from the titles of the decisions.

    python -m scripts.reference_pages            write the pages
    python -m scripts.reference_pages --check    name those that are out of date (exit code 1)
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from tests.clients import page as clients_page

from selfinstruct import Result, SelfInstruct, api, errors
from selfinstruct.api import hooks as hookspecs
from selfinstruct.cli import COMMANDS, cli
from selfinstruct.cli.help import TitledOption, sections
from selfinstruct.config import tables
from selfinstruct.config.seeds import SeedRecord
from selfinstruct.config.tree import Tree, read_recipe
from selfinstruct.export import records
from selfinstruct.export.dataset import Exported
from selfinstruct.files import names
from selfinstruct.insight.status import RunStatus, StageStatus
from selfinstruct.plugins.registry import FILTER, KINDS, Registry

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
NOTE = "<!-- Written by scripts/reference_pages.py -->\n"

Lines = Iterator[str]


# --- commands


SHARED_BY = 3
"""An option that so many commands have with the same words is explained once, in a table for all."""


def commands() -> Lines:
    """Every command, its arguments and options."""
    yield "# Commands\n"
    yield NOTE
    yield "`selfinstruct --help` lists the commands, and `selfinstruct COMMAND --help` prints one with examples. A"
    yield "command with `--backend`, except `init`, also takes the options of [that backend](components.md#backends)."
    yield "All commands share the [exit codes](errors.md).\n"
    shared = shared_options()
    yield "## Common options { #common }\n"
    yield "| option | meaning |\n|---|---|"
    yield from (f"| `{flags}` | {cell(words)} |" for flags, words in shared)
    yield ""
    for name in COMMANDS:
        command = command_of(name)
        yield from one_command(command, context_of(command, name), "##", shared=shared)


def command_of(name: str) -> click.Command:
    """The command with a name."""
    command = cli.get_command(click.Context(cli, info_name="selfinstruct"), name)
    assert command is not None
    return command


def context_of(command: click.Command, name: str) -> click.Context:
    """The context in which a command prints its help."""
    return click.Context(command, click.Context(cli, info_name="selfinstruct"), info_name=name)


def shared_options() -> list[tuple[str, str]]:
    """The options that several commands have with the same words, in the order of the commands."""
    found = Counter(
        (flag, record)
        for name in COMMANDS
        for command in [command_of(name)]
        for flag, record in options(command, context_of(command, name))
    )
    first = {flag: record for (flag, record), count in reversed(found.items()) if count >= SHARED_BY}
    return [record for flag, record in found if first.get(flag) == record]


def one_command(command: click.Command, context: click.Context, level: str, *, shared: list[tuple[str, str]]) -> Lines:
    """A command and those below it."""
    yield f"{level} {context.command_path.removeprefix('selfinstruct ')}\n"
    if (usage := command.collect_usage_pieces(context)) != ["[OPTIONS]"]:
        yield f"`{' '.join([context.command_path, *usage])}`\n"
    yield from blocks(command.help or "")
    found = list(options(command, context))
    own = [record for _, record in found if record not in shared]
    if own:
        yield "| option | meaning |\n|---|---|"
        yield from (f"| `{flags}` | {cell(words)} |" for flags, words in own)
        yield ""
    if names := [f"`{flag}`" for flag, record in found if record in shared]:
        others = [flag for flags, _ in shared if (flag := f"`{flags.split()[0]}`") not in names]
        but = f" but {', '.join(others)}" if others else ""
        listed = f"all [common options](#common){but}" if len(others) < len(names) else ", ".join(names)
        yield f"{'Also' if own else 'Options'}: {listed}.\n"
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from one_command(below, click.Context(below, context, info_name=name), level + "#", shared=shared)


def options(command: click.Command, context: click.Context) -> Iterator[tuple[str, tuple[str, str]]]:
    """First flag and help of a command's own options, without what a backend brought in this process."""
    for found in sections(command, context).values():
        for option in found:
            if "--help" not in option.opts and not isinstance(option, TitledOption):
                record = option.get_help_record(context)
                assert record is not None, option
                flags, words = record
                yield (
                    option.opts[0],
                    (re.sub(r"\b(INTEGER|FLOAT)( RANGE)?$", "NUMBER", flags), re.sub(r" +\[x>=?[01]\]", "", words)),
                )


def blocks(text: str) -> Lines:
    """The paragraphs of a command's help; those that click does not rewrap are code."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = paragraph.splitlines()
        if lines[0].strip() != "\b":
            yield paragraph + "\n"
            continue
        title, body = (
            ([lines[1]], lines[2:]) if lines[1].endswith(":") and not lines[1].startswith(" ") else ([], lines[1:])
        )
        yield from [f"{line}\n" for line in title]
        yield "```text\n" + inspect.cleandoc("\n" + "\n".join(body)) + "\n```\n"


# --- settings


TABLES: Mapping[str, type[BaseModel]] = {
    "run": tables.RunOptions,
    "limits": tables.LimitOptions,
    "budget": tables.BudgetOptions,
    "generate": tables.GenerateTable,
    "classify": tables.ClassifyTable,
    "instances": tables.AskTable,
    "prepare": tables.PrepareTable,
    "judge": tables.JudgeTable,
    "export": tables.ExportTable,
}
SAMPLING = "sampling"

SETTINGS = """\
# Settings

{note}
A run reads `selfinstruct.toml` in the working directory, or the file that `--config` names; `selfinstruct init` writes
one. What is not set there comes from the recipe. Options of a command override the file, and `--set PATH=VALUE`
overrides everything: `--set generate.filters.rouge-l.threshold=0.6`. The column *value* has the default in the recipe
`chat`, or else what to write. `selfinstruct init --full` writes the recipe's components.

| key | value | meaning |
|---|---|---|
| `recipe` | `"chat"` | The components to start from: `chat`, `paper`, or a TOML file. |
| `plugins` | list of texts | Python files or modules with hooks of your own. Their code runs. |
| `backend` | component | The model backend: `use` and its options. |

A component is written `{{ use = "NAME", OPTION = VALUE }}`, as listed in [Components](components.md) and
[Filters](../filters.md). Paths are relative to the working directory; seeds and plugins are also looked for beside the
file.

`[[generate.filters]]` replaces the recipe's list of filters. To change single filters, name them in one table:

```toml
[generate.filters]
rouge-l = {{ threshold = 0.6 }}
keywords = "off"  # leaves it out

[[generate.add_filters]]
use = "unsafe"
```

A run freezes the settings of a stage with its first result, because its results must not mix two configurations.
`[prepare]`, `[export]`, `run.on_plugin_error`, and what says where, how far or how fast, such as addresses, limits,
budget, `concurrency` and `target`, may change later.
"""


def settings() -> Lines:
    """Every table of a config file."""
    yield SETTINGS.format(note=NOTE)
    chat = read_recipe("chat")
    stages = [name for name, table in TABLES.items() if SAMPLING in table.model_fields]
    rows = {name: field_rows(table, skip=(SAMPLING,), recipe=chat.get(name, {})) for name, table in TABLES.items()}
    found = Counter(row for name in stages for row in rows[name].items())
    shared = {key: row for (key, row), count in found.items() if count >= SHARED_BY}
    for name, table in TABLES.items():
        if name == stages[0]:
            yield "## Every stage { #stages }\n"
            yield f"In {', '.join(f'`[{stage}]`' for stage in stages)}, unless the stage's own table says otherwise.\n"
            yield from rows_of_table(shared.values())
        yield f"## [{name}]\n"
        yield f"{first_sentence(table)}\n"
        yield from rows_of_table(row for key, row in rows[name].items() if name not in stages or shared.get(key) != row)
        if name in stages and (without := [f"`{key}`" for key in shared if key not in rows[name]]):
            yield f"It has no {alternatives(without)}.\n"
    yield "## Sampling\n"
    yield (
        "In every stage that asks a model, as in `[generate.sampling]`. "
        + first_sentence(tables.SamplingOptions)
        + "\n"
    )
    yield from fields(tables.SamplingOptions)


def fields(model: type[BaseModel]) -> Lines:
    """The fields of a model as a table."""
    yield from rows_of_table(field_rows(model).values())


def rows_of_table(rows: Iterable[str]) -> Lines:
    """A table of fields."""
    yield "| key | value | meaning |\n|---|---|---|"
    yield from rows
    yield ""


def field_rows(model: type[BaseModel], skip: tuple[str, ...] = (), recipe: Tree | None = None) -> dict[str, str]:
    """The rows of a table by field, with the values of a recipe as defaults.

    Raises `ValueError` for a field without a description.
    """
    rows = {}
    for key, field in model.model_fields.items():
        if key not in skip:
            words = field.description or COMPONENT_WORDS.get(key)
            if not words:
                raise ValueError(f"{model.__name__}.{key} has no description")
            cells = (given(field, (recipe or {}).get(key)), words)
            rows[key] = f"| `{key}` | {' | '.join(map(cell, cells))} |"
    return rows


COMPONENT_WORDS = {
    "sampler": "Chooses the examples that a prompt shows.",
    "encoder": "Writes the prompt; in `[export]`, the training row.",
    "post_processor": "Reads the reply.",
    "filters": "Keep or drop what was read, in this order; the first that drops decides.",
    "add_filters": "Filters to run after those of the recipe.",
}
"""What the keys mean that name components: the same in every table."""


# --- components


def components() -> Lines:
    """Every component but the filters that stand with examples on a page of their own."""
    yield "# Components\n"
    yield NOTE
    yield "`selfinstruct plugins list` shows what is installed, `selfinstruct plugins show KIND:NAME` one with its"
    yield "options. The column *value* has the default, which a recipe may override, or else what to write.\n"
    registry = Registry.load()
    shown = (DOCS / "filters.md").read_text("utf-8")
    for one in KINDS:
        yield f"## {one.capitalize()}s\n"
        if one == FILTER:
            yield "Those that are not on [the page of filters](../filters.md).\n"
        offered = [
            offer.component
            for offer in registry.offers(one)
            if one != FILTER or f"\n## {offer.component.name}\n" not in shown
        ]
        rows = {component.name: field_rows(component.options) for component in offered}
        found = Counter(row for own in rows.values() for row in own.values())
        shared = [row for row, count in found.items() if count >= SHARED_BY]
        if shared:
            yield "Options of several:\n"
            yield from rows_of_table(shared)
        for component in offered:
            yield f"### {component.name}\n"
            stages = f" Stages: {', '.join(component.stages)}." if component.stages else ""
            needs = f" Needs `pip install 'selfinstruct[{component.extra}]'`." if component.extra else ""
            yield f"{component.summary}.{stages}{needs}\n"
            if own := [row for row in rows[component.name].values() if row not in shared]:
                yield from rows_of_table(own)
            if also := [f"`{key}`" for key, row in rows[component.name].items() if row in shared]:
                yield f"Also: {', '.join(also)}.\n"


# --- files


REJECTED_WORDS = (
    "Every candidate that was not kept. Rows of later stages also have `subject` and `instruction` (id and text of the "
    "instruction; in `judge`, a digest of the example and no text), and what was dropped: `input` and "
    "`is_classification` of an example, the answers of a rating."
)

FILES: Mapping[str, tuple[str, type[BaseModel]]] = {
    names.INSTRUCTIONS: ("Accepted instructions, oldest first.", records.InstructionRecord),
    names.REJECTED: (REJECTED_WORDS, records.RejectedRecord),
    names.LABELS: ("Which instructions are classification tasks.", records.LabelRecord),
    names.RAW_INSTANCES: ("Instances as the model wrote them.", records.RawInstancesRecord),
    names.EXAMPLES: ("Finished training examples.", records.ExampleRecord),
    names.RATINGS: ("The judge's ratings of the examples.", records.RatingRecord),
}

FIELD_WORDS: Mapping[str, str] = {
    "instruction": "the task",
    "input": "what the task is about; empty where none is needed",
    "output": "the answer",
    "most_similar": "the ten nearest entries of the pool at that time, with their ROUGE-L F1",
    "avg_similarity_score": "mean ROUGE-L F1 against the whole pool at that time",
    "metadata": "the request: `prompt`, `response.choices[0]` with `text` and `finish_reason`, `created_at`",
    "instance_metadata": "the request, as `metadata` above",
    "request_idx": "the request of its stage, from 0",
    "id": "`g<request>.<position>`, or of an example `e<raw text>.<position>`",
    "raw_instances": "the model's text as it came",
    "text": "the candidate",
    "filter": "the filter that dropped it",
    "reason": "a fixed phrase of the filter, `missing-from-reply` or `request-failed`; in ratings, the judge's words",
    "evidence": "what the filter found",
    "position": "its place in the reply, from 0",
    "stage": "the stage it was made in",
    "fate": "`rejected`, or `quarantined` where a plugin failed on it",
    "valid_task": "is the instruction a valid task?",
    "suitable_input": "does the input fit it?",
    "correct_output": "is the output right?",
    "score": "how many of the three were yes",
    "facts": "topic, difficulty and others, by name, if `[classify] facts` asks for them",
    "grade": "from 1 to 5, if the judge was asked for grades",
    "model": "the model that rated",
    "is_classification": "whether the answer is one of a few labels; as text `Yes`, `No` or `Unknown`",
}

SEED_WORDS: Mapping[str, str] = {
    "id": "a name, such as `seed_task_0`; not `g1.0`, as machine-written instructions are called",
    "name": "a label of your own",
    "instruction": "the task",
    "instances": "at least one worked example: `output`, and `input` if the task has one",
    "is_classification": "whether the answer is one of a few labels",
}

SEEDS_HEAD = """\
What you write, for `--seeds`: JSON Lines, a JSON array, or CSV with named columns. `input` and `output` may also stand
beside the instruction, in place of `instances`. Ids and instructions must be unique; other keys are ignored.
"""

FILES_HEAD = """\
# Files

{note}
A run folder holds `run.sqlite`, which is the run, and these files, written from it whenever a command ends and by
`selfinstruct export`. They are UTF-8, one JSON object a line. [Versions](../versions.md) says how long keys stay.
[Training data](../formats.md) has a page of its own.
"""


def files() -> Lines:
    """The seed file and every file that a run writes."""
    yield FILES_HEAD.format(note=NOTE)
    yield "## Seed tasks { #seeds }\n"
    yield SEEDS_HEAD
    yield "| key | type | | meaning |\n|---|---|---|---|"
    for key, field in SeedRecord.model_fields.items():
        needed = "required" if field.is_required() else "optional"
        yield f"| `{key}` | {cell(kind(field))} | {needed} | {SEED_WORDS[key]} |"
    yield ""
    for name, (words, model) in FILES.items():
        yield f"## {name} {{ #{Path(name).stem} }}\n"
        yield f"{words}\n"
        yield from keys(model)


def keys(model: type[BaseModel]) -> Lines:
    """The keys of one line."""
    yield "| key | type | meaning |\n|---|---|---|"
    for key, field in model.model_fields.items():
        words = FIELD_WORDS[key].partition("; as text")[0] if field.annotation is bool else FIELD_WORDS[key]
        yield f"| `{key}` | {cell(kind(field))} | {cell(words)} |"
    yield ""


# --- errors


EXITS = {
    0: "done; requests that failed for good are counted at the end of their stage, and `status` lists their causes",
    1: "a bug of ours: run it again with `--debug` and report what it prints",
    2: "the command line, the config, a seed file or the run folder; mostly before a model is asked",
    3: "a plugin that fails, or whose package is not installed: the message names it",
    4: "the model cannot be used: key, name, server",
    5: "stopped before its goal; the same command continues (after a used-up budget, with a larger one)",
}

ERRORS_HEAD = """\
# Errors and exit codes

{note}
Every error is a sentence that says what is wrong and where, and a hint that says what to do.

| exit code | meaning |
|---|---|
{exits}

In Python the same errors are exceptions with `message`, `hint` and `exit_code`. `selfinstruct` has all but
`DiskFullError`, `selfinstruct.api` all but that and `RunError`:

| exception | is a | exit code | meaning |
|---|---|---|---|
{tree}
"""


def error_pages() -> Lines:
    """The exit codes and the tree of exceptions."""
    tree = [one for one in vars(errors).values() if inspect.isclass(one) and issubclass(one, errors.SelfInstructError)]
    undocumented = {one.exit_code for one in tree} - set(EXITS)
    if undocumented:
        raise ValueError(f"exit codes without words: {undocumented}")
    yield ERRORS_HEAD.format(
        note=NOTE,
        exits="\n".join(f"| {code} | {words} |" for code, words in EXITS.items()),
        tree="\n".join(
            f"| `{one.__name__}` | `{one.__bases__[0].__name__}` | {one.exit_code} | {cell(prose(one))} |"
            for one in tree
        ),
    )


# --- hooks and Python


def hooks() -> Lines:
    """Each hook's docstring, which is its manual page."""
    yield "# Hooks\n"
    yield NOTE
    yield docstring(hookspecs) + "\n"
    yield "[Writing a plugin](../writing-a-plugin.md) shows how they are used.\n"
    for name, hook in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("selfinstruct_"):
            yield f"## {name}\n"
            yield docstring(hook) + "\n"


PYTHON_HEAD = """\
# Python

{note}
`from selfinstruct import SelfInstruct` is the whole method for scripts and notebooks; [a page](../python.md) shows it
at work. Everything below [Plugin API](#plugin-api) is in `selfinstruct.api`, which is all that a plugin may import.
[Errors](errors.md) has the errors. A field without a type is a `str`.
"""


def python() -> Lines:
    """The Python client with the values it returns, and everything that the plugin API exports."""
    yield PYTHON_HEAD.format(note=NOTE)
    yield from one_class(SelfInstruct, "##")
    for value in (Result, RunStatus, StageStatus, Exported):
        yield from one_class(value, "##")
    yield "## Plugin API\n"
    yield docstring(api) + "\n"
    for name in api.__all__:
        value = getattr(api, name)
        if inspect.isclass(value) and not issubclass(value, errors.SelfInstructError):
            yield from one_class(value, "###")
        elif inspect.isfunction(value):
            yield f"### {name}\n"
            yield f"`{name}{signature(value)}`\n"
            yield docstring(value) + "\n"
        elif inspect.ismodule(value):
            yield f"### {name}\n"
            yield docstring(value) + "\n"


def one_class(one: type, level: str) -> Lines:
    """A class with its fields and public methods, those of our own base classes that are not public too."""
    yield f"{level} {one.__name__}\n"
    if "__dataclass_fields__" in vars(one):
        fields = [(name, what) for name, what in inspect.get_annotations(one).items() if "ClassVar" not in what]
        yield f"`({', '.join(name if what == 'str' else f'{name}: {what}' for name, what in fields)})`\n"
    yield docstring(one) + "\n"
    found = members(one)
    if twins := [name for name in found if is_twin(name, found)]:
        yield f"Async twins, with the same arguments: {', '.join(f'`{name}`' for name in twins)}.\n"
    for name, method in found.items():
        bare = getattr(method, "fget", None) or method
        if name.startswith("_") or not inspect.isfunction(bare) or name in twins or explained(one, name):
            continue
        if isinstance(method, property):
            yield f"`{name}: {inspect.signature(bare).return_annotation}`<br>"
        else:
            yield f"`{'async ' if inspect.iscoroutinefunction(bare) else ''}{name}{signature(bare)}`<br>"
        yield docstring(bare) + "\n"


def explained(one: type, name: str) -> bool:
    """Whether a base class with an entry of its own explains this member."""
    return any(name in vars(base) for base in one.__mro__[1:] if base.__name__ in api.__all__)


def is_twin(name: str, found: Mapping[str, object]) -> bool:
    """Whether a method is the async twin of another, `agenerate` of `generate`."""
    return inspect.iscoroutinefunction(found[name]) and name.startswith("a") and name[1:] in found


def members(one: type) -> dict[str, object]:
    """The members of a class in order, with those that it inherits from classes that have no entry of their own."""
    found = dict(vars(one))
    for base in one.__mro__[1:]:
        if base.__module__.startswith("selfinstruct.client"):
            found |= {name: member for name, member in vars(base).items() if name not in found}
    return found


# --- words


def kind(field: FieldInfo) -> str:
    """A field's type in a user's words."""
    return annotated(field.annotation)


def annotated(annotation: Any) -> str:
    """An annotation in words, without the bounds that pydantic checks and without `None`."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return annotated(inner[0])
    if origin in (Union, UnionType):
        return " or ".join(annotated(one) for one in inner if one is not NoneType)
    if origin is Literal:
        return alternatives([f"`{one}`" for one in inner])
    if origin in (list, tuple):
        words = annotated(inner[0])
        return f"list of {words}" if words.endswith("`") else f"list of {words}s"
    if origin in (dict, Mapping) or (inspect.isclass(annotation) and issubclass(annotation, BaseModel)):
        return WORDS.get(annotation, "object")
    return WORDS[annotation]


WORDS: Mapping[Any, str] = {
    str: "text",
    bool: "`true` or `false`",
    int: "whole number",
    float: "number",
    Path: "path",
    SecretStr: "secret",
    tables.ComponentTable: "component",
    tables.LimitOptions: "table, as `[limits]`",
    tables.BudgetBounds: "table, as `[budget]`",
}


def alternatives(words: list[str]) -> str:
    """Words of which one is chosen: "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def given(field: FieldInfo, of_recipe: Any = None) -> str:
    """A field's default as TOML has it, with the other words it takes, or else what to give it.

    The default is the value of the recipe, or else that of the field; a component's is left to the recipe.
    """
    words = kind(field)
    if "component" in words:
        return words
    value = of_recipe if of_recipe is not None else field.get_default(call_default_factory=True)
    if field.is_required():
        return f"{words}, required"
    if value is None or isinstance(value, SecretStr | BaseModel) or value in ((), [], {}, ""):
        return words
    shown = json.dumps(list(value) if isinstance(value, tuple) else value)
    others = [one for one in re.findall("`[^`]*`", words) if one.strip("`") != shown.strip('"')]
    return f"`{shown}`" + (f", or {alternatives(others)}" if others and not isinstance(value, bool) else "")


class Annotation(str):
    """An annotation that a signature shows without quotes."""

    __repr__ = str.__str__


def signature(function: Callable[..., Any]) -> str:
    """A function's parameters and result, without self."""
    found = inspect.signature(function)
    parameters = [
        one.replace(annotation=Annotation(one.annotation)) for name, one in found.parameters.items() if name != "self"
    ]
    return str(found.replace(parameters=parameters, return_annotation=Annotation(found.return_annotation)))


def docstring(thing: Any) -> str:
    """A docstring as Markdown: indented lines are code, and names beside their meanings are a listing."""
    text = inspect.getdoc(thing)
    if not text:
        raise ValueError(f"{thing} has no docstring")
    parts: list[tuple[str, str]] = []
    for paragraph in re.split(r"\n{2,}", text):
        lines = paragraph.split("\n")
        listed = next((at for at, line in enumerate(lines) if re.match(r"\w[\w, ]*? {2,}\S", line)), len(lines))
        for is_code, group in groupby(lines[:listed], lambda line: line.startswith("    ")):
            parts.append(("python" if is_code else "", "\n".join(group)))
        if listed < len(lines):
            parts.append(("text", "\n".join(lines[listed:])))
    return "\n\n".join(_block(language, texts) for language, texts in groupby(parts, lambda part: part[0]))


def _block(language: str, parts: Iterable[tuple[str, str]]) -> str:
    """Paragraphs, or one block of code for neighbours in the same language."""
    body = "\n\n".join(text for _, text in parts)
    return f"```{language}\n{inspect.cleandoc(chr(10) + body)}\n```" if language else body


def prose(thing: Any) -> str:
    """A whole docstring on one line."""
    return " ".join(docstring(thing).split())


def first_sentence(thing: type[BaseModel]) -> str:
    """What a table is for: its docstring without the words that name the table."""
    words = prose(thing)
    after = re.sub(r"^The tables? (?:`\[\w+\]`(?: and )?)+[:,.]? ?", "", words)
    return after[:1].upper() + after[1:]


def cell(text: str) -> str:
    """A text that does not end its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def decisions() -> Lines:
    """The list of decisions."""
    yield "# Decisions\n"
    yield "Written by `scripts/reference_pages.py` from the titles. Each says what was decided, and why.\n"
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = path.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        number, _, words = title.partition(". ")
        yield f"- {number.zfill(4)}: [{words}]({path.name})"


PAGES: Mapping[str, Callable[[], Lines]] = {
    "reference/commands.md": commands,
    "reference/settings.md": settings,
    "reference/components.md": components,
    "reference/files.md": files,
    "reference/errors.md": error_pages,
    "reference/hooks.md": hooks,
    "reference/python.md": python,
    "reference/clients.md": lambda: clients_page.lines(NOTE),
    "decisions/index.md": decisions,
}


def page(name: str) -> str:
    """One page, as it should be."""
    return "\n".join(PAGES[name]()).rstrip("\n") + "\n"


def main() -> None:
    """Write the pages, or check them."""
    stale = [name for name in PAGES if not (DOCS / name).is_file() or (DOCS / name).read_text("utf-8") != page(name)]
    if "--check" in sys.argv:
        if stale:
            sys.exit(f"out of date in docs: {', '.join(stale)}; run: make docs-reference")
        return
    for name in stale:
        (DOCS / name).write_text(page(name), "utf-8", newline="\n")


if __name__ == "__main__":
    main()
