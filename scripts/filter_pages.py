"""Writes docs/filters.md from the filters themselves: what each drops and why, its options, and real verdicts.

    python scripts/filter_pages.py            write the page
    python scripts/filter_pages.py --check    say whether it is out of date (exit code 1)

A filter's examples stand at the end of its module, which is called as the filter is (`_` for `-`): `KEPT` and
`DROPPED`, an item each, and where they are needed `BEFORE` (items it has observed), `OPTIONS`, and `REASONS` (where the
reasons are no plain words in the calls of `drop`). In a module of several filters each is a mapping from their names.
A function `example_filter` builds the filter where options alone cannot.
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import json
import os
import pkgutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import SecretStr

from selfinstruct.api import Component, Filter, Item, Verdict
from selfinstruct.config.tree import read_recipe

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "filters.md"
RECIPES = ("chat", "paper")
STAGES_WITH_FILTERS = ("generate", "classify", "instances", "prepare")

HEAD = """\
# Filters

<!-- Written by scripts/filter_pages.py -->

A filter keeps or drops one candidate, never edits it, and says why. The first filter that drops a candidate decides
its fate: `rejected.jsonl` names the filter, the reason and the evidence. `[[generate.add_filters]]` adds a filter to
those of `generate`, and `[[prepare.add_filters]]` to those of `prepare`, which check inputs and outputs. `--filter`
adds one to the command's stage, and in `run` to `generate`. `--set generate.filters.NAME.OPTION=VALUE` or
[a table of changes](reference/settings.md) sets an option. [Components](reference/components.md#rouge-l-ray) has
`rouge-l-ray`, which decides as `rouge-l` does. Recipes may set other defaults, as `chat` does with `length` (2 words)
and `keywords` (all languages).
"""

TWINS = {"rouge-l-ray"}
"""Filters that give the verdicts of another, and so need no examples of their own."""


@dataclass(frozen=True, slots=True)
class FilterPage:
    """What the page shows of one filter: its descriptor, the module it stands in, and its constants."""

    component: Component[Filter[Any]]
    module: ModuleType

    @property
    def is_alone(self) -> bool:
        """Whether the module is this filter's own."""
        return not isinstance(vars(self.module)["KEPT"], Mapping)

    def constant(self, name: str, default: Any = None) -> Any:
        """The value of a constant for this filter."""
        value = getattr(self.module, name, default)
        return value if self.is_alone or value is default else value.get(self.component.name, default)

    def verdict(self, item: Item) -> Verdict:
        """The verdict of a new filter on an item, after it has observed the items before."""
        built = self.build()
        for before in self.constant("BEFORE", ()):
            built.observe(before)
        built.prefetch([item])
        return built.evaluate(item)

    def build(self) -> Filter[Any]:
        """Build the filter with the options of its examples; paths in these are relative to the repository."""
        if self.is_alone and hasattr(self.module, "example_filter"):
            built: Filter[Any] = self.module.example_filter()
            return built
        return self.component.build(self.component.options(**self.constant("OPTIONS", {})))

    def reasons(self) -> list[str]:
        """Every reason the filter can give. Raises `ValueError` if some cannot be read out of its source."""
        if given := self.constant("REASONS"):
            return list(given)
        calls = [
            node.args[0]
            for node in ast.walk(ast.parse(inspect.getsource(self.module)))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "drop"
        ]
        if not all(isinstance(reason, ast.Constant) for reason in calls):
            raise ValueError(f"{self.module.__file__}: a reason is no plain word; add REASONS")
        return list(dict.fromkeys(str(reason.value) for reason in calls if isinstance(reason, ast.Constant)))


def shown() -> list[FilterPage]:
    """Every filter of every plugin in this repository, in the order in which the plugins offer them."""
    return [
        FilterPage(component, module)
        for folder in sorted((ROOT / "plugins").glob("selfinstruct_*/__init__.py"))
        if hasattr(package := import_module(folder.parent.name), "selfinstruct_filters")
        for component in package.selfinstruct_filters()
        if component.name not in TWINS
        for module in [module_of(package, component.name)]
    ]


def module_of(package: ModuleType, name: str) -> ModuleType:
    """The module with a filter's examples; raises `LookupError` if there is none."""
    for info in pkgutil.iter_modules(package.__path__):
        module = import_module(f"{package.__name__}.{info.name}")
        kept = getattr(module, "KEPT", None)
        if isinstance(kept, Mapping) and name in kept:
            return module
        if kept is not None and info.name == name.replace("-", "_"):
            return module
    raise LookupError(f"filter '{name}' has no examples: add KEPT and DROPPED to {package.__name__}/{name}.py")


def page() -> str:
    """The whole page."""
    filters = shown()
    return "\n".join([HEAD, *contents(filters), *(line for one in filters for line in section(one))])


def contents(filters: list[FilterPage]) -> Iterator[str]:
    """The filters of each recipe and stage in the order in which they run, and those that no recipe uses."""
    names = [one.component.name for one in filters]
    for recipe in RECIPES:
        for stage in STAGES_WITH_FILTERS:
            if used := [use["use"] for use in read_recipe(recipe).get(stage, {}).get("filters", ())]:
                yield f"- `{recipe}` in `{stage}`: {links(used)}"
                names = [name for name in names if name not in used]
    yield f"- in no recipe: {links(names)}\n"


def links(names: list[str]) -> str:
    """Links to the sections of filters."""
    return ", ".join(f"[{name}](#{name})" for name in names)


def section(one: FilterPage) -> Iterator[str]:
    """What the page says of one filter."""
    component = one.component
    yield f"## {component.name}\n"
    yield described(one) + "\n"
    if component.extra:
        yield f"Needs `pip install 'selfinstruct[{component.extra}]'`.\n"
    if component.options.model_fields:
        yield "| option | default | meaning |\n| --- | --- | --- |"
        for name, option in component.options.model_fields.items():
            default = "" if option.is_required() else short(option.get_default(call_default_factory=True))
            yield f"| `{name}` | {cell(f'`{default}`' if default else 'required')} | {cell(option.description or '')} |"
        yield ""
    reasons = ", ".join(f"`{reason}`" for reason in one.reasons())
    stages = "" if recipes(component.name) else f" Stages: {', '.join(component.stages) or 'all'}."
    yield f"Reasons: {reasons}.{stages}\n"
    if options := one.constant("OPTIONS"):
        yield f"With {', '.join(f'`{name} = {short(value)}`' for name, value in options.items())}:\n"
    before, kept, dropped = one.constant("BEFORE", ()), one.constant("KEPT"), one.constant("DROPPED")
    hidden = {"subject"} if len({item.subject for item in (*before, kept, dropped)}) == 1 else set()
    verdict = one.verdict(dropped)
    yield "```text"
    yield from (f"after    {written(item, hidden)}" for item in before)
    yield f"kept     {written(kept, hidden)}"
    yield f"dropped  {written(dropped, hidden)}"
    yield f"because  {verdict.reason} {json.dumps(dict(verdict.evidence), ensure_ascii=False)}\n```\n"


def described(one: FilterPage) -> str:
    """The docstring of the filter's class if it has one of its own, else the component's summary."""
    text = inspect.getdoc(type(one.build())) if one.is_alone else None
    return text or f"{one.component.summary}."


def recipes(name: str) -> list[str]:
    """The recipes that use a filter."""
    return [
        recipe
        for recipe in RECIPES
        if any(
            use["use"] == name
            for stage in STAGES_WITH_FILTERS
            for use in read_recipe(recipe).get(stage, {}).get("filters", ())
        )
    ]


def written(item: Any, hidden: set[str]) -> str:
    """An item as JSON: its text, or its fields without those that say nothing."""
    fields = dataclasses.asdict(item).items()
    shown = {name: value for name, value in fields if name not in hidden and value not in ("", (), {}, False)}
    return json.dumps(shown if set(shown) != {"text"} else item.text, ensure_ascii=False)


def short(value: object) -> str:
    """A value as TOML has it, cut if it is long."""
    if isinstance(value, SecretStr):
        return "(secret)"
    text = json.dumps(value, ensure_ascii=False) if value is not None else "not set"
    return text if len(text) <= 100 else f"{text[:97]}..."


def cell(text: str) -> str:
    """A text that does not end its cell of a table."""
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the page, or check it."""
    os.chdir(ROOT)
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        sys.exit("docs/filters.md is out of date; run: make docs-filters")


if __name__ == "__main__":
    main()
