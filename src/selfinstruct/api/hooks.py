"""The hooks with which a plugin registers components and observes runs. Each docstring is the hook's manual page.

A registering hook is called before there is an event loop. A plugin that is left out is listed as broken, and fatal
only if the user named it or needs one of its components. Observing hooks are called one at a time, in the main thread
of a command and in another thread for `SelfInstruct` in Python.
"""

# mypy: disable-error-code="empty-body"

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from selfinstruct.api import (
        Backend,
        Component,
        Filter,
        PostProcessor,
        PromptEncoder,
        Retry,
        Sampler,
        Settlement,
        StageStart,
        StageSummary,
        TrainingEncoder,
    )

hookspec = pluggy.HookspecMarker("selfinstruct")


@hookspec
def selfinstruct_backends() -> list[Component[Backend]]:
    """Offer language models.

    Called once, when components are first needed, in the thread that loads plugins; if it raises, its plugin is left
    out. Import the client only in `build`, so that listing is fast. A backend wraps any LangChain chat model, and
    leaves retries, waiting and limits to the core.

        @hookimpl
        def selfinstruct_backends():
            return [Component("mine", "My provider", MyOptions, build)]

    Used by name: `--backend mine`, or `use = "mine"` under `[backend]`.
    """


@hookspec
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Offer ways to choose the examples that a prompt shows.

    Called once, when components are first needed, in the thread that loads plugins; if it raises, its plugin is left
    out. A sampler reads a snapshot of the pool and uses only the random generator in it, so that a resumed run samples
    like an uninterrupted one.

        @hookimpl
        def selfinstruct_samplers():
            return [Component("mine", "Show the shortest seeds", MyOptions, Shortest, stages=("generate",))]

    Used by name: `sampler = { use = "mine" }` under `[generate]`.
    """


@hookspec
def selfinstruct_encoders() -> list[Component[PromptEncoder | TrainingEncoder]]:
    """Offer ways to write prompts, and ways to write training rows.

    Called once, when components are first needed, in the thread that loads plugins; if it raises, its plugin is left
    out. A `PromptEncoder` lists in `stages` the stages for which it writes prompts; a `TrainingEncoder` lists `export`.
    Both are pure.

        @hookimpl
        def selfinstruct_encoders():
            return [
                Component("mine", "Ask in French", MyOptions, French, stages=("generate",)),
                Component("my-rows", "One text per row", NoOptions, lambda _: Rows(), stages=("export",)),
            ]

    Used by name: `encoder = { use = "mine" }` under a stage, or `export --format mine`.
    """


@hookspec
def selfinstruct_post_processors() -> list[Component[PostProcessor]]:
    """Offer ways to read replies into items.

    Called once, when components are first needed, in the thread that loads plugins; if it raises, its plugin is left
    out. A post-processor is pure, accepts any text, and returns the items it finds, in order. It does not evaluate:
    everything that looks like a candidate goes to the filters.

        @hookimpl
        def selfinstruct_post_processors():
            return [Component("mine", "One task per line", NoOptions, lambda _: Lines(), stages=("generate",))]

    Used by name: `post_processor = { use = "mine" }` under a stage.
    """


@hookspec
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer filters, which keep or drop items.

    Called once, when components are first needed, in the thread that loads plugins; if it raises, its plugin is left
    out. The config says which filters run, in which order. A filter listed twice is built twice. A filter remembers
    through `observe`, which is called for every seed of `generate` and every accepted item in order.

        @hookimpl
        def selfinstruct_filters():
            return [Component("no-haiku", "Drop tasks about haiku", NoOptions, NoHaiku, stages=("generate",))]

    Used by name: `[[generate.filters]]` with `use = "no-haiku"`.
    """


@hookspec
def selfinstruct_stage_started(stage: StageStart) -> None:
    """Observe the start of a stage.

    Called once for each stage of a command, before its first request, with a `StageStart`: the stage, its target, and
    the counts of earlier commands. It runs in the thread of the run's event loop; if it raises, its plugin is reported
    once and not called again in this run.

        @hookimpl
        def selfinstruct_stage_started(stage):
            print(f"{stage.stage}: {stage.accepted} of {stage.target} accepted so far")
    """


@hookspec
def selfinstruct_settled(settlement: Settlement) -> None:
    """Observe a reply's decisions, after they are committed, in the order of the requests.

    Called once for each settled request, including failures, with a `Settlement`: the request, the reply (`None` for a
    failure), the decisions, and the stage's accepted total. It runs in the thread of the run's event loop, so move long
    work to your own thread. If it raises, its plugin is reported once and not called again in this run.

        @hookimpl
        def selfinstruct_settled(settlement):
            for decision in settlement.decisions:
                print(decision.fate, decision.reason, decision.text)
    """


@hookspec
def selfinstruct_request_retried(retry: Retry) -> None:
    """Observe that a request will be sent again, before the core waits.

    Called once for each repeated attempt, with a `Retry`: the stage and the request's index, the number of the attempt
    that failed, the provider's words, and the seconds that the core will wait. It runs in the thread of the run's event
    loop; if it raises, its plugin is reported once and not called again in this run.

        @hookimpl
        def selfinstruct_request_retried(retry):
            print(f"request {retry.index}: {retry.message}; again in {retry.wait:.0f} s")
    """


@hookspec
def selfinstruct_stage_finished(summary: StageSummary) -> None:
    """Observe the end of a stage, also after a failure or Ctrl-C.

    Called once for each stage, after its last commit and when the run's files are written, with a `StageSummary`: the
    reason in words, the exit code, and the totals over the whole run. It runs in the thread of the run's event loop;
    if it raises, its plugin is reported once.

        @hookimpl
        def selfinstruct_stage_finished(summary):
            print(f"{summary.stage}: {summary.reason}, {summary.accepted} accepted")
    """
