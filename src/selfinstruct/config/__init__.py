"""Reads TOML and overrides into a `RunConfig`: components are looked up in the registry and options are checked."""

from selfinstruct.config.resolve import ChosenComponent, RunConfig, StageConfig, resolve
from selfinstruct.config.tables import LimitOptions
from selfinstruct.config.tree import (
    FILE,
    Tree,
    assign,
    changed,
    component_names,
    differences,
    merge,
    parse_assignment,
    read_file,
    read_recipe,
    read_value,
    recipe_text,
    recipes,
    without_secrets,
)

__all__ = [
    "FILE",
    "ChosenComponent",
    "LimitOptions",
    "RunConfig",
    "StageConfig",
    "Tree",
    "assign",
    "changed",
    "component_names",
    "differences",
    "merge",
    "parse_assignment",
    "read_file",
    "read_recipe",
    "read_value",
    "recipe_text",
    "recipes",
    "resolve",
    "without_secrets",
]
