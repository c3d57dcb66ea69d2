"""Plugins of strangers: source texts, installed as a distribution would install them, or written as a file."""

from __future__ import annotations

import importlib
from pathlib import Path

FILTER = """
from typing import ClassVar
from pydantic import Field
from selfinstruct.api import Component, Draft, Filter, Options, drop, hookimpl, keep

class StartOptions(Options):
    letter: str = Field("W", description="Keep only tasks that start with this letter.")

class Start(Filter[Draft]):
    def __init__(self, options):
        self._letter = options.letter

    def evaluate(self, item):
        return keep() if item.text.startswith(self._letter) else drop("other-start", start=item.text[:1])

@hookimpl
def selfinstruct_filters():
    return [Component("starts-with", "Keep tasks by their first letter", StartOptions, Start, ("generate",))]
"""
"""A filter of a user: well."""

_HEAD = "from selfinstruct.api import *\nfrom selfinstruct.api import Component, Filter, NoOptions, Options, hookimpl\n"


def offering(returned: str, before: str = "") -> str:
    """A plugin whose hook for filters returns this expression."""
    return f"{_HEAD}{before}\n@hookimpl\ndef selfinstruct_filters():\n    return {returned}\n"


BROKEN = {
    "missing import": ("import no_such_module_at_all\n", "No module named 'no_such_module_at_all'"),
    "raises at import": ("raise ValueError('no luck')\n", "ValueError: no luck"),
    "exits at import": ("import sys\nsys.exit('leaving')\n", "SystemExit: leaving"),
    "syntax": ("def :\n", "SyntaxError"),
    "other API": ("SELFINSTRUCT_API = 2\n" + offering("[]"), "it is for plugin API 2, and this is 1"),
    "misspelt hook": (
        f"{_HEAD}\n@hookimpl\ndef selfinstruct_filter():\n    return []\n",
        "no hook is called 'selfinstruct_filter'; did you mean 'selfinstruct_filters'?",
    ),
    "wrong argument": (
        f"{_HEAD}\n@hookimpl\ndef selfinstruct_settled(result):\n    pass\n",
        "selfinstruct_settled has no argument 'result', only 'settlement'",
    ),
    "argument where there is none": (
        f"{_HEAD}\n@hookimpl\ndef selfinstruct_filters(config):\n    return []\n",
        "selfinstruct_filters has no argument 'config', none",
    ),
    "async hook": (
        f"{_HEAD}\n@hookimpl\nasync def selfinstruct_settled(settlement):\n    pass\n",
        "selfinstruct_settled must not be async",
    ),
    "hook raises": (offering("1 / 0"), "ZeroDivisionError: division by zero"),
    "no list": (offering("Component('x', 'X', NoOptions, dict)"), "must return a list of components, not Component"),
    "nothing": (offering("None"), "must return a list of components, not NoneType"),
    "no component": (offering("['x']"), "must return components, not str"),
    "option without description": (
        offering("[Component('x', 'X', Own, dict)]", "class Own(Options):\n    width: int = 3\n"),
        "option 'width' of 'x' has no description",
    ),
    "options are no class": (
        offering("[Component('x', 'X', NoOptions(), dict)]"),
        "the options of 'x' must be a class",
    ),
    "unknown stage": (
        offering("[Component('x', 'X', NoOptions, dict, ('genrate',))]"),
        "'x' names an unknown stage 'genrate'; did you mean 'generate'?",
    ),
    "stages are no tuple": (
        offering("[Component('x', 'X', NoOptions, dict, ('generate'))]"),
        "the stages of 'x' must be a tuple, such as ('generate',)",
    ),
    "name with blanks": (offering("[Component('My Filter', 'X', NoOptions, dict)]"), "the name 'My Filter'"),
    "option called use": (
        offering(
            "[Component('x', 'X', Own, dict)]",
            "from pydantic import Field\nclass Own(Options):\n    use: int = Field(3, description='?')\n",
        ),
        "no option can be called 'use'",
    ),
    "secret without the name of one": (
        offering(
            "[Component('x', 'X', Own, dict)]",
            "from pydantic import Field, SecretStr\n"
            "class Own(Options):\n    login: SecretStr | None = Field(None, description='?')\n",
        ),
        "option 'login' of 'x' is secret",
    ),
    "twice": (offering("[Component('x', 'X', NoOptions, dict)] * 2"), "filter 'x' is offered twice"),
    "clash": (
        offering("[Component('length', 'X', NoOptions, dict)]"),
        "filter 'length' is offered by both 'filters' and 'stranger'",
    ),
    "forgotten mark": (
        f"{_HEAD}\ndef selfinstruct_filters():\n    return []\n",
        "'selfinstruct_filters' lacks @hookimpl",
    ),
    "one mark forgotten": (
        f"{offering('[]')}\ndef selfinstruct_settled(settlement):\n    pass\n",
        "'selfinstruct_settled' lacks @hookimpl",
    ),
    "misspelt and not marked": (
        f"{_HEAD}\ndef selfinstruct_filter():\n    return []\n",
        "it implements no hook: 'selfinstruct_filter' is not a hook; did you mean 'selfinstruct_filters'?",
    ),
    "no plugin": ("x = 1\n", "it implements no hook"),
}
"""Every way in which a plugin can be broken before it works, and what is said of it."""


def write(folder: Path, source: str, name: str = "stranger") -> Path:
    """Write a plugin as a file of the user's."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.py"
    path.write_text(source, "utf-8")
    return path


def install(folder: Path, source: str, name: str = "stranger", version: str = "3.4") -> Path:
    """Lay a plugin out as pip would have installed it into `folder`, which must be on `sys.path`."""
    write(folder, source, f"{name}_module")
    about = folder / f"{name}_dist-{version}.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: {version}\n", "utf-8")
    (about / "entry_points.txt").write_text(f"[selfinstruct]\n{name} = {name}_module\n", "utf-8")
    importlib.invalidate_caches()  # Python may have looked for modules in the folder before it was there
    return folder
