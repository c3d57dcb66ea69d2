"""The hooks with which a plugin registers components and observes runs. Each docstring is the hook's manual page.

Registering hooks are called in the thread that loads the plugins, before there is an event loop. If one raises, or
returns anything but a list of valid components, its plugin is left out and listed as broken, with the cause. This is
fatal only if the user named the plugin or needs one of its components.

Observing hooks are called in the thread of the run's event loop (the main thread of a command; another thread for
`SelfInstruct` in Python), one at a time. If one raises, its plugin is reported once by name and not called again in
this run, and the run continues.
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

    Called once, when a command first needs components. Return descriptors; import the client only in `build`, so
    that listing plugins is fast and works without the client. A backend wraps any LangChain chat
    model. It leaves retries, waiting and limits to the core, and only interprets its client's exceptions. The hook
    runs in the thread that loads the plugins; if it raises, its plugin is left out and listed as broken.

        @hookimpl
        def selfinstruct_backends():
            return [Component("mine", "My provider", MyOptions, build)]

    Used by name: `--backend mine`, or `use = "mine"` under `[backend]`.
    """


@hookspec
def selfinstruct_samplers() -> list[Component[Sampler]]:
    """Offer ways to choose the examples that a prompt shows.

    Called once, when a command first needs components. A sampler is pure: it reads a snapshot of the pool and
    uses only the random generator in it, so that a resumed run samples like an uninterrupted one. The hook
    runs in the thread that loads the plugins; if it raises, its plugin is left out and listed as broken.

        @hookimpl
        def selfinstruct_samplers():
            return [Component("mine", "Show the shortest seeds", MyOptions, Shortest, stages=("generate",))]

    Used by name: `sampler = { use = "mine" }` under `[generate]`.
    """


@hookspec
def selfinstruct_encoders() -> list[Component[PromptEncoder | TrainingEncoder]]:
    """Offer ways to write prompts, and ways to write training rows.

    Called once, when a command first needs components. A `PromptEncoder` lists in `stages` the stages for which it
    writes prompts; a `TrainingEncoder` lists `export`. Both are pure. In the stage `judge` a prompt asks for ratings of
    examples: each subject carries the `example` to rate. The hook runs in the thread that loads the plugins;
    if it raises, its plugin is left out and listed as broken.

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

    Called once, when a command first needs components. A post-processor is pure and accepts any text. It
    returns the items it finds, in order. It does not judge: everything that looks like a candidate goes to the filters,
    so that each has a fate and a reason. In the stage `judge` the items are `Rating`s, and an unclear answer
    is "unknown", never "yes". The hook runs in the thread that loads the plugins; if it raises, its plugin is
    left out and listed as broken.

        @hookimpl
        def selfinstruct_post_processors():
            return [Component("mine", "One task per line", NoOptions, lambda _: Lines(), stages=("generate",))]

    Used by name: `post_processor = { use = "mine" }` under a stage.
    """


@hookspec
def selfinstruct_filters() -> list[Component[Filter[Any]]]:
    """Offer filters, which keep or drop items.

    Called once, when a command first needs components. The config says which filters run, in which order and with
    which options. A filter listed twice is built twice. The first filter that drops an item decides its fate. A
    filter with memory keeps it through `observe`, which the core calls for every seed and every accepted item in
    order, also when a run is resumed. The hook runs in the thread that loads the plugins; if it raises, its plugin is
    left out and listed as broken.

        @hookimpl
        def selfinstruct_filters():
            return [Component("no-haiku", "Drop tasks about haiku", NoOptions, NoHaiku, stages=("generate",))]

    Used by name: `[[generate.filters]]` with `use = "no-haiku"`.
    """


@hookspec
def selfinstruct_stage_started(stage: StageStart) -> None:
    """Observe the start of a stage.

    Called once for each stage of a command, before its first request, with a `StageStart`: the stage, its target, and
    the counts of earlier commands. It runs in the thread of the run's event loop. Like all observers it
    returns nothing; if it raises, its plugin is reported once by name and not called again in this run.

        @hookimpl
        def selfinstruct_stage_started(stage):
            print(f"{stage.stage}: {stage.accepted} of {stage.target} accepted so far")
    """


@hookspec
def selfinstruct_settled(settlement: Settlement) -> None:
    """Observe a reply's decisions, after they are committed, in the order of the requests.

    Called once for each settled request, including failures, with a `Settlement`: the request, the reply (`None` for a
    failure), the decisions, and the stage's accepted total. The values are frozen, so an observer cannot change
    the run. It runs in the thread of the run's event loop, so a slow observer delays the run: move long work to
    your own thread. If it raises, its plugin is reported once by name and not called again in this run.

        @hookimpl
        def selfinstruct_settled(settlement):
            for decision in settlement.decisions:
                print(decision.fate, decision.reason, decision.text)
    """


@hookspec
def selfinstruct_request_retried(retry: Retry) -> None:
    """Observe that a request will be sent again, before the core waits.

    Called once for each repeated attempt, with a `Retry`: the stage and the request's index, the number of the attempt
    that failed, the provider's words, and the seconds that the core will wait. The journal records it too. It runs in
    the thread of the run's event loop; if it raises, its plugin is reported once by name and not called again in
    this run.

        @hookimpl
        def selfinstruct_request_retried(retry):
            print(f"request {retry.index}: {retry.message}; again in {retry.wait:.0f} s")
    """


@hookspec
def selfinstruct_stage_finished(summary: StageSummary) -> None:
    """Observe the end of a stage, also after a failure or Ctrl-C.

    Called once for each stage, after its last commit and when the run's files are written, with a `StageSummary`: the
    reason in words, the exit code, the totals over the whole run, and how often each filter dropped for each reason. It
    runs in the thread of the run's event loop; if it raises, its plugin is reported once by name, and the stage's
    result does not change.

        @hookimpl
        def selfinstruct_stage_finished(summary):
            print(f"{summary.stage}: {summary.reason}, {summary.accepted} accepted")
    """
