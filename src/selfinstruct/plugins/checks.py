"""Checks a plugin: its API version, its hooks, and the components that the hooks return."""

from __future__ import annotations

import inspect
import re
from typing import Any, get_args

from pydantic import SecretBytes, SecretStr

from selfinstruct.api import API_VERSION, STAGES, Component, Options, hooks
from selfinstruct.errors import PluginError, UsageError, suggest

HOOKS = tuple(name for name in vars(hooks) if name.startswith("selfinstruct_"))
"""The names of all hooks."""

OBSERVERS = tuple(name for name in HOOKS if inspect.signature(getattr(hooks, name)).parameters)
"""The names of the hooks that observe a stage, each with one argument; the others return components."""

SECRET_NAME = re.compile(
    r"(key|api_?keys|token|secrets?|password|passwd|passphrase|credentials?|authorization|cookie)$", re.IGNORECASE
)
"""Names of options that hold secrets. They are never recorded, whatever their type."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def check_plugin(plugin: object) -> None:
    """Raise `PluginError` for another API version, an unknown hook, or a hook that is not marked."""
    made_for = getattr(plugin, "SELFINSTRUCT_API", API_VERSION)
    if made_for != API_VERSION:
        raise PluginError(f"it is for plugin API {made_for!r}, and this is {API_VERSION}")
    functions = {name: getattr(plugin, name, None) for name in dir(plugin)}
    marked = [name for name, function in functions.items() if hasattr(function, "selfinstruct_impl")]
    for name in marked:
        if name not in HOOKS:
            raise PluginError(f"no hook is called '{name}'{suggest(name, HOOKS)}")
        _check_function(name, functions[name])
    for name, function in functions.items():
        if name in HOOKS and name not in marked and callable(function):
            raise PluginError(f"'{name}' lacks @hookimpl")
    if not marked:
        unknown = _unknown_hook(plugin) or ", such as a function selfinstruct_filters"
        raise PluginError(f"it implements no hook{unknown}")


def check_observer(observer: object) -> None:
    """Raise `UsageError` for an observer without a method named like an observing hook, or with an async one."""
    methods = {name: method for name in OBSERVERS if callable(method := getattr(observer, name, None))}
    kind = f"the observer {type(observer).__name__}"
    if (unknown := _unknown_hook(observer)) or not methods:
        known = f"Observing hooks: {', '.join(OBSERVERS)}."
        raise UsageError(f"{kind} has no method named like a hook{unknown}", known)
    if waiting := next((name for name, method in methods.items() if inspect.iscoroutinefunction(method)), None):
        raise UsageError(f"{waiting} of {kind} is async", "Write it as a plain method.")


def _unknown_hook(plugin: object) -> str:
    for name in dir(plugin):
        if name.startswith("selfinstruct_") and name not in HOOKS and inspect.isroutine(getattr(plugin, name, None)):
            return f": '{name}' is not a hook{suggest(name, HOOKS)}"
    return ""


def _check_function(name: str, function: Any) -> None:
    if inspect.iscoroutinefunction(function):
        raise PluginError(f"{name} must not be async: hooks are plain functions")
    takes = list(inspect.signature(getattr(hooks, name)).parameters)
    for argument in inspect.signature(function).parameters.values():
        needed = argument.default is argument.empty and argument.kind is argument.POSITIONAL_OR_KEYWORD
        if needed and argument.name not in takes:
            known = f"only '{takes[0]}'" if takes else "none"
            object_first = "; it is a method, so give an object of the class" if argument.name == "self" else ""
            raise PluginError(f"{name} has no argument '{argument.name}', {known}{object_first}")


def check_component(component: object, hook: str) -> Component[Any]:
    """Check a component that a hook returned, and return it. Raises `PluginError`."""
    if not isinstance(component, Component):
        example = 'such as [Component("my-name", "What it does", NoOptions, build)]'
        raise PluginError(f"{hook} must return components, not {type(component).__name__}: {example}")
    if not (isinstance(component.name, str) and _NAME.fullmatch(component.name)):
        raise PluginError(f"the name {component.name!r} must be lower-case words joined by hyphens")
    if not (isinstance(component.options, type) and issubclass(component.options, Options)):
        raise PluginError(f"the options of '{component.name}' must be a class derived from Options")
    for name, option in component.options.model_fields.items():
        if not option.description:
            raise PluginError(f"option '{name}' of '{component.name}' has no description")
        if name == "use":
            raise PluginError(f"no option can be called 'use', which names the component, as in '{component.name}'")
        if is_secret(option.annotation) and not SECRET_NAME.search(name):
            raise PluginError(
                f"option '{name}' of '{component.name}' is secret, so its name must end in '_key' or a similar word"
            )
    if not isinstance(component.stages, tuple):
        raise PluginError(f"the stages of '{component.name}' must be a tuple, such as ('generate',)")
    if unknown := [stage for stage in component.stages if stage not in STAGES]:
        raise PluginError(f"'{component.name}' names an unknown stage '{unknown[0]}'{suggest(unknown[0], STAGES)}")
    return component


def is_secret(annotation: Any) -> bool:
    """Whether an option of this type is a secret, which is never a flag and never recorded."""
    kinds = (annotation, *get_args(annotation))
    return SecretStr in kinds or SecretBytes in kinds
