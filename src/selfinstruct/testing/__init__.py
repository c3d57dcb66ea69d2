"""For authors of plugins: contracts to derive tests from, builders, a scripted model, and small offline runs.

    # pyproject.toml: [tool.pytest.ini_options] addopts = "-p selfinstruct.testing", or in the top conftest.py:
    pytest_plugins = ["selfinstruct.testing"]        # the fixtures `grow` and `script`

    class TestNoHaiku(FilterContract):               # some ten tests
        plugin = selfinstruct_haiku
        name = "no-haiku"

Needs the extra `testing`: pytest and hypothesis. See docs/writing-a-plugin.md.
"""

try:
    import hypothesis  # noqa: F401 - or what needs it would fail with fewer words
    import pytest
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        f"selfinstruct.testing needs {error.name}: pip install 'selfinstruct[testing]'", name=error.name
    ) from None

_PARTS = ("backends", "contract", "filters", "fixtures", "prompts", "readers")
pytest.register_assert_rewrite(*(f"{__name__}.{part}" for part in _PARTS))

from selfinstruct.testing.backends import BackendContract  # noqa: E402 - after asserts are made to explain themselves
from selfinstruct.testing.builders import (  # noqa: E402
    make_draft,
    make_example,
    make_instruction,
    make_machine,
    make_pool_view,
    make_reply,
    make_request,
    make_seeds,
    members_of,
)
from selfinstruct.testing.contract import ComponentContract  # noqa: E402
from selfinstruct.testing.errors import odd_errors  # noqa: E402
from selfinstruct.testing.filters import FilterContract  # noqa: E402
from selfinstruct.testing.fixtures import grow, script  # noqa: E402
from selfinstruct.testing.prompts import (  # noqa: E402
    PromptEncoderContract,
    SamplerContract,
    TrainingEncoderContract,
)
from selfinstruct.testing.readers import PostProcessorContract  # noqa: E402
from selfinstruct.testing.run import FinishedRun, grow_in  # noqa: E402
from selfinstruct.testing.script import Script, ScriptEnded  # noqa: E402
from selfinstruct.testing.texts import NASTY, any_text, for_any  # noqa: E402

__all__ = [
    "NASTY",
    "BackendContract",
    "ComponentContract",
    "FilterContract",
    "FinishedRun",
    "PostProcessorContract",
    "PromptEncoderContract",
    "SamplerContract",
    "Script",
    "ScriptEnded",
    "TrainingEncoderContract",
    "any_text",
    "for_any",
    "grow",
    "grow_in",
    "make_draft",
    "make_example",
    "make_instruction",
    "make_machine",
    "make_pool_view",
    "make_reply",
    "make_request",
    "make_seeds",
    "members_of",
    "odd_errors",
    "script",
]
