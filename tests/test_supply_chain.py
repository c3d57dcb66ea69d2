"""What the project is built from: licences of every dependency, and workflows that run nothing unpinned or injected."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))

ALLOWED = {
    "0BSD",
    "Apache-2.0",
    "Apache Software License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSD License",
    "CC0-1.0",
    "CNRI-Python",
    "ISC",
    "MIT",
    "MIT License",
    "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
    "PSF-2.0",
    "Python Software Foundation License",
    "Zlib",
}
"""Licences that let anyone use, change and pass on a program that depends on the package unchanged."""

READ_BY_HAND = {"httpx-aiohttp": "BSD-3-Clause"}
"""Packages whose metadata names no licence, with the one that their licence file has."""


def licences(package: Distribution) -> set[str]:
    """The licences of a distribution, by its expression or else its classifiers."""
    data = package.metadata
    classifiers = [line.split(" :: ")[-1] for line in data.get_all("Classifier") or () if line.startswith("License ::")]
    text = "".join(data.get_all("License-Expression") or ())
    if not (text or classifiers):
        text = "".join(data.get_all("License") or ["none"]).splitlines()[0]
    return set(re.split(r" (?:AND|OR) ", re.sub(r"\B[()]|[()]\B", "", text))) if text else set(classifiers)


def dependencies() -> Iterator[tuple[str, Distribution]]:
    """Every installed distribution that the package, or one of its extras, needs."""
    waiting, seen = [("selfinstruct", frozenset({"all", "ray", "testing"}))], set()
    while waiting:
        name, extras = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # an extra that is not installed here
        yield name, found
        needed = [
            one
            for one in map(Requirement, found.requires or ())
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, ""))
        ]
        waiting += [(one.name, frozenset(one.extras)) for one in needed]


def test_every_dependency_has_a_licence_that_lets_anyone_pass_it_on() -> None:
    found = {name: {READ_BY_HAND[name]} if name in READ_BY_HAND else licences(one) for name, one in dependencies()}
    assert {"pydantic", "langchain-core", "numpy"} <= set(found)
    assert {name: said for name, said in found.items() if said - ALLOWED} == {}


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_actions_are_pinned_by_commit_and_the_version_is_named(workflow: Path) -> None:
    used = re.findall(r"uses: *(.*)", workflow.read_text("utf-8"))
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", one)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_no_shell_line_of_a_workflow_holds_an_expression(workflow: Path) -> None:
    """An expression is pasted into the shell's text; as an environment variable it stays a value."""
    lines, inside = workflow.read_text("utf-8").splitlines(), -1
    runs = []
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if 0 <= inside < indent:
            runs.append(line)
            continue
        inside = -1
        if command := re.match(r"( *(?:- )?)run:(.*)", line):
            runs.append(command[2])
            inside = len(command[1])
    assert runs
    assert [line for line in runs if "${{" in line] == []


def test_dependabot_looks_at_actions_and_packages() -> None:
    text = (ROOT / ".github" / "dependabot.yml").read_text("utf-8")
    assert set(re.findall(r"package-ecosystem: (\S+)", text)) == {"github-actions", "pip"}
