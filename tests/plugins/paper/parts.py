"""Finds the plugin's components through its hooks, and makes what they are tried on."""

from typing import Any

import pluggy

import selfinstruct_paper as paper
from selfinstruct.api import Component, Instance, Instruction, Reply, Request, SeedTask
from selfinstruct.api import hooks as hookspecs


def found(kind: str) -> dict[str, Component[Any]]:
    manager = pluggy.PluginManager("selfinstruct")
    manager.add_hookspecs(hookspecs)
    manager.register(paper)
    manager.check_pending()
    (components,) = getattr(manager.hook, f"selfinstruct_{kind}")()
    return {component.name: component for component in components}


def built(kind: str, name: str, **options: object) -> Any:
    component = found(kind)[name]
    return component.build(component.options(**options))


def seed_entry(number: int, clf: bool = False, *instances: Instance) -> Instruction:
    text = f"Seed instruction number {number}."
    return Instruction(f"seed_{number}", text, SeedTask(f"seed_{number}", text, instances, clf), clf)


def read(post_processor: Any, subject: Instruction, text: str, finish: Any = "stop") -> list[Any]:
    return list(post_processor.process(Request("any", 0, (), subjects=(subject,)), Reply(text, finish)))
