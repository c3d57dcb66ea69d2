"""The contract of every component: a valid descriptor, recordable options, and a fast import."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import ModuleType
from typing import Any, ClassVar, TypeVar

import pytest
from pydantic import ValidationError

from selfinstruct.api import GENERATE, STAGES, Component, Options
from selfinstruct.plugins.checks import check_component, check_plugin, is_secret

T = TypeVar("T")

HEAVY = frozenset(
    (
        *("aiohttp", "anthropic", "groq", "httpx", "huggingface_hub", "ollama", "openai", "requests"),
        *("langchain", "langchain_core", "langchain_groq", "langchain_ollama", "langchain_openai"),
        *("datasets", "numpy", "pandas", "pyarrow", "scipy", "sentence_transformers", "sklearn", "spacy"),
        *("tensorflow", "tokenizers", "torch", "transformers"),
    )
)
"""Packages that are slow to import, or installed only by an extra."""

SECRET = "sk-contract-0123456789-never-to-be-seen"  # noqa: S105 - it opens nothing
"""The value that the contracts use for every secret option that is not set."""


class ComponentContract:
    """The part of all contracts. Derive from the contract of your component's kind, and name plugin and component:

        class TestNoHaiku(FilterContract):
            plugin = selfinstruct_haiku
            name = "no-haiku"
            options = {"words": ["haiku"]}

    plugin    the module (or object) whose functions carry `@hookimpl`
    name      the component's name
    options   options to build it with; those that are left out have their defaults
    heavy     packages that registering must not import
    """

    plugin: ClassVar[Any]
    name: ClassVar[str]
    options: ClassVar[Mapping[str, Any]] = {}
    heavy: ClassVar[frozenset[str]] = HEAVY

    hook: ClassVar[str]
    base: ClassVar[type]

    @classmethod
    def component(cls) -> Component[Any]:
        """The descriptor, as the plugin offers it."""
        return next(one for one in cls._offered() if one.name == cls.name)

    @classmethod
    def _offered(cls) -> Sequence[Component[Any]]:
        for needed in ("plugin", "name"):
            if not hasattr(cls, needed):
                pytest.fail(f"{cls.__name__}: set `{needed}`, as the docstring of ComponentContract shows")
        hook = getattr(cls.plugin, cls.hook, None)
        assert hook is not None, f"the plugin has no function {cls.hook}"
        offered: Sequence[Component[Any]] = hook()
        names = [one.name for one in offered]
        assert cls.name in names, f"{cls.hook} offers {names}, and not '{cls.name}'"
        return offered

    @classmethod
    def given(cls) -> Options:
        """The options that the component is built with."""
        component = cls.component()
        fields = component.options.model_fields
        secrets = {name: SECRET for name, option in fields.items() if is_secret(option.annotation)}
        return component.options.model_validate({**secrets, **cls.options})

    @classmethod
    def build(cls) -> Any:
        """Build a new component."""
        return cls.component().build(cls.given())

    @classmethod
    def stages(cls) -> tuple[str, ...]:
        """The stages that it serves."""
        return cls.component().stages or STAGES

    # --- the descriptor -----------------------------------------------------------------------------------------------

    def test_its_plugin_is_sound(self) -> None:
        """API version, names of hooks, marks: what the registry looks at first."""
        check_plugin(self.plugin)

    def test_its_descriptor_is_sound(self) -> None:
        """Name, options with descriptions, known stages."""
        check_component(self.component(), self.hook)

    def test_it_is_offered_once_and_always(self) -> None:
        """A hook gives the same list whenever it is called, with every name once."""
        names = [one.name for one in self._offered()]
        assert names.count(self.name) == 1, f"'{self.name}' is offered {names.count(self.name)} times"
        assert [one.name for one in self._offered()] == names, f"{self.hook} gives another list each time"

    def test_its_summary_is_one_line(self) -> None:
        """`selfinstruct plugins list` shows it."""
        summary = self.component().summary
        assert summary.strip(), "the summary is empty"
        assert summary.isprintable(), f"the summary is not one line of printable text: {summary!r}"

    def test_registering_it_is_cheap(self) -> None:
        """Importing the plugin and calling its hooks imports nothing heavy: `build` may, but not before it is used."""
        if isinstance(self.plugin, ModuleType):
            found = sorted(imported_by(self.plugin.__name__) & self.heavy)
            assert not found, f"importing {self.plugin.__name__} imports {', '.join(found)}: import it in `build`"

    # --- options ------------------------------------------------------------------------------------------------------

    def test_its_options_refuse_unknown_names(self) -> None:
        """A misspelt option is an error, not a default."""
        with pytest.raises(ValidationError):
            self.component().options.model_validate({**self.options, "no_such_option_at_all": 1})

    def test_its_options_are_frozen(self) -> None:
        """What is recorded of a run stays true."""
        options = self.given()
        for name in type(options).model_fields:
            with pytest.raises(ValidationError):
                setattr(options, name, getattr(options, name))

    def test_its_options_can_be_recorded(self) -> None:
        """A run keeps them as JSON and is compared with them when it is resumed; secrets are left out."""
        options = self.given()
        secret = {name for name, option in type(options).model_fields.items() if is_secret(option.annotation)}
        recorded = options.model_dump(mode="json", exclude=secret)
        again = type(options).model_validate(json.loads(json.dumps(recorded, allow_nan=False)))
        assert again.model_dump(mode="json", exclude=secret) == recorded, "the options do not survive being written"

    # --- building -----------------------------------------------------------------------------------------------------

    def test_it_is_built_as_what_its_kind_must_be(self) -> None:
        """The registry refuses anything that is not derived from the base class."""
        built = self.build()
        assert isinstance(built, self.base), f"built as {type(built).__name__}, not derived from {self.base.__name__}"

    def test_each_build_makes_a_new_one(self) -> None:
        """A component that the config lists twice is built twice, and neither knows of the other."""
        assert self.build() is not self.build(), "`build` gave the same object twice"


def without_shared_randomness(work: Callable[..., T], *values: Any) -> T:
    """What `work` gives, if it neither draws from Python's shared generator nor depends on it."""
    kept = random.getstate()
    try:
        random.seed(1)
        before = random.getstate()
        first = work(*values)
        assert random.getstate() == before, "it draws from the shared generator of `random`"
        random.seed(2)
        assert work(*values) == first, "it gives something else the second time"
        return first
    finally:
        random.setstate(kept)


def is_json(value: object) -> bool:
    """Whether a value can be written as JSON."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


def served_stages(stages: Sequence[str], known: Sequence[str]) -> list[str]:
    """Those of the known stages that are served; the first of them if none is named that is known."""
    return [stage for stage in known if stage in stages] or [GENERATE]


@cache
def imported_by(module: str) -> frozenset[str]:
    """The top-level packages that are loaded when a fresh process has imported a module and called its hooks."""
    code = (
        "import importlib, json, sys; sys.path[:] = json.loads(sys.argv[1]);"
        "plugin = importlib.import_module(sys.argv[2]);"
        "from selfinstruct.plugins.registry import KINDS;"
        "[getattr(plugin, hook)() for hook in KINDS.values() if hasattr(plugin, hook)];"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    ended = subprocess.run(  # noqa: S603 - the author's own module
        [sys.executable, "-c", code, json.dumps(sys.path), module], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, f"{module} cannot be imported in a process of its own:\n{ended.stderr}"
    return frozenset(json.loads(ended.stdout.splitlines()[-1]))
