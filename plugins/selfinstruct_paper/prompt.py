"""The paper's prompt for new tasks: a header, the sampled instructions as a numbered list, and the next number."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from selfinstruct.api import Instruction, Message, Options, PromptEncoder, Sampling

# Both headers are quoted from Self-Instruct (Wang et al. 2023, appendix A), because other words are another method.
TASKS_HEADER = "Come up with a series of tasks:\n"
CLASSIFICATION_HEADER = (
    "Come up with a series of classification tasks. Try to specify the possible output labels when possible.\n"
)


def encode_prompt(prompt_instructions: Sequence[str], classification: bool = False) -> str:
    """The prompt that asks for new tasks: `prompt_instructions` numbered from 1, then the next number alone.

    Each instruction is put on one line without trailing colons. `classification` selects the header that asks for
    classification tasks only. Source: Wang et al. 2023, appendix A, and the reference's function of this name.
    """
    header = CLASSIFICATION_HEADER if classification else TASKS_HEADER
    one_line = (" ".join(instruction.split()).rstrip(":") for instruction in prompt_instructions)
    items = "".join(f"{number}. {text}\n" for number, text in enumerate(one_line, start=1))
    return f"{header}{items}{len(prompt_instructions) + 1}."


class PaperTasksOptions(Options):
    """Options of the encoder `paper-tasks`."""

    classification: bool = Field(
        False, description="Ask for classification tasks only, with the paper's second header."
    )


class PaperTasksPrompt(PromptEncoder):
    """Asks for new tasks in one user message, with the sampling that the reference uses for this prompt."""

    sampling = Sampling(
        temperature=0.7,
        top_p=0.5,
        max_tokens=1024,
        frequency_penalty=0.0,
        presence_penalty=2.0,
        stop=("\n\n", "\n16", "16.", "16 ."),
    )

    def __init__(self, options: PaperTasksOptions) -> None:
        self._options = options

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:  # noqa: ARG002 - this stage has no subjects
        """One user message; see `encode_prompt`."""
        return [Message("user", encode_prompt([example.text for example in examples], self._options.classification))]
