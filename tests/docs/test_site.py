"""Whatever there is, is documented; every page can be found; the reference says what the code says."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any, Literal

import click
import pytest
from scripts import reference_pages

from selfinstruct import api, errors
from selfinstruct.api import hooks as hookspecs
from selfinstruct.cli import COMMANDS, cli
from selfinstruct.cli.help import TitledOption
from selfinstruct.plugins.registry import FILTER, Registry

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def text(page: str) -> str:
    return (DOCS / page).read_text("utf-8")


def navigated(entries: list[dict[str, Any]]) -> set[str]:
    """The pages of a navigation, sections included."""
    found: set[str] = set()
    for entry in entries:
        for target in entry.values():
            found |= {target} if isinstance(target, str) else navigated(target)
    return found


@pytest.mark.parametrize("page", reference_pages.PAGES)
def test_a_reference_page_says_what_the_code_says(page: str) -> None:
    assert text(page) == reference_pages.page(page), "run: make docs-reference"


def test_every_page_is_in_the_navigation_or_in_the_list_of_decisions() -> None:
    pages = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    nav = navigated(tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]["nav"])
    listed = {f"decisions/{name}" for name in re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", text("decisions/index.md"))}
    assert pages == nav | listed


def test_the_readme_links_to_what_is_there() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^):#]+)\)", (ROOT / page).read_text("utf-8")):
            assert (ROOT / target).exists(), f"{page}: {target}"


def test_every_command_and_option_is_documented() -> None:
    context = click.Context(cli, info_name="selfinstruct")
    page = text("reference/commands.md")
    common = page.partition("\n## Common options")[2].partition("\n## ")[0]
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        part = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        also = " ".join(re.findall(r"^(?:Also|Options): (.*)\.$", part, re.MULTILINE))
        _, all_but, missing = also.partition("all [common options](#common)")
        below = command.commands.values() if isinstance(command, click.Group) else ()
        for param in [param for one in (command, *below) for param in one.params]:
            if isinstance(param, click.Option) and not isinstance(param, TitledOption):
                row = re.compile(rf"^\| `[^`]*{re.escape(param.opts[0])}\b", re.MULTILINE)
                is_listed = (f"`{param.opts[0]}`" not in missing) if all_but else (f"`{param.opts[0]}`" in also)
                assert row.search(part) or (is_listed and row.search(common)), (name, param.opts)
                assert param.help, (name, param.opts)


def test_every_hook_error_and_exported_name_is_documented() -> None:
    for name, _ in inspect.getmembers(hookspecs, inspect.isfunction):
        if name.startswith("selfinstruct_"):
            assert f"## {name}\n" in text("reference/hooks.md")
    tree: list[tuple[str, Any]] = inspect.getmembers(errors, inspect.isclass)
    for name, one in tree:
        if one.__module__ != errors.__name__:  # an import of that module, such as Path
            continue
        assert f"| `{name}` |" in text("reference/errors.md")
        assert f"| {one.exit_code} |" in text("reference/errors.md")
    for name in api.__all__:
        value = getattr(api, name)
        is_error = inspect.isclass(value) and issubclass(value, errors.SelfInstructError)
        if (inspect.isclass(value) and not is_error) or inspect.isfunction(value):
            assert f"### {name}\n" in text("reference/python.md")


def test_every_component_and_option_is_documented() -> None:
    for offer in Registry.load().offers():
        name = offer.component.name
        own = text("filters.md").partition(f"\n## {name}\n")[2].partition("\n## ")[0] if offer.kind == FILTER else ""
        kind = text("reference/components.md").partition(f"\n## {offer.kind.capitalize()}s\n")[2].partition("\n## ")[0]
        part = own or kind.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        assert part, (offer.kind, name)
        for key in offer.component.options.model_fields:
            is_shared = f"| `{key}` |" in kind.partition("\n### ")[0] and f"`{key}`" in part.partition("\nAlso: ")[2]
            assert f"| `{key}` |" in part or is_shared, (offer.kind, name, key)


def test_a_list_of_values_keeps_their_names() -> None:
    assert reference_pages.annotated(list[Literal["old", "self"]]) == "list of `old` or `self`"


def test_a_setting_without_a_description_makes_no_page() -> None:
    from pydantic import BaseModel

    class Bare(BaseModel):
        silent: int = 1

    with pytest.raises(ValueError, match=r"Bare\.silent has no description"):
        list(reference_pages.fields(Bare))


def test_nothing_is_fetched_by_a_page_of_the_site() -> None:
    config = tomllib.loads((ROOT / "zensical.toml").read_text("utf-8"))["project"]
    assert config["theme"]["font"] is False
    assert all((DOCS / one).is_file() for one in (*config["extra"]["polyfills"], *config["extra_css"]))
    assert config["use_directory_urls"] is False
