"""The paper's prompts about one task: is it classification, and what are its instances?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from selfinstruct.api import ConfigError, Instance, Instruction, Message, PromptEncoder, Sampling, SeedTask

# The form is that of Self-Instruct (Wang et al. 2023, appendix A, and the reference's templates): "Task:", "Is it
# classification? Yes", "Class label:", "Example 1", "Output:". The sentences and the demonstrations are our own.
CLASSIFY_HEADER = (
    "Say of every task whether it is a classification task: one whose right answers all come from a small, fixed set "
    "of output labels."
)
INPUT_FIRST_HEADER = (
    "Work out examples of every task: write an input, then the right output. Where the task allows it, give several "
    "examples; where it needs no input, write the output alone."
)
OUTPUT_FIRST_HEADER = (
    "Work out examples of every classification task: name one of its class labels, then write an input that has this "
    "label, and so on for the other labels. Where the task needs no input, name the labels alone."
)


def encode_classify_prompt(instruction: str, demonstrations: Iterable[SeedTask]) -> str:
    """The prompt that asks whether `instruction` is a classification task, after seeds with their answers."""
    shown = (
        f"{_task(seed.instruction)}\nIs it classification? {'Yes' if seed.is_classification else 'No'}"
        for seed in demonstrations
    )
    return "\n\n".join([CLASSIFY_HEADER, *shown, f"{_task(instruction)}\nIs it classification?"])


def encode_instances_prompt(instruction: str, classification: bool, demonstrations: Iterable[SeedTask]) -> str:
    """The prompt that asks for instances of `instruction`, after seeds of the same kind.

    For a classification task, the label comes first, so that labels are balanced. For other tasks, the input does.
    Source: Wang et al. 2023, section 2.2.
    """
    same_kind = [seed for seed in demonstrations if seed.is_classification == classification]
    header, write = (OUTPUT_FIRST_HEADER, _labelled) if classification else (INPUT_FIRST_HEADER, _numbered)
    shown = ("\n".join([_task(seed.instruction), *write(seed.instances)]) for seed in same_kind)
    return "\n\n".join([header, *shown, f"{_task(instruction)}\n"])


def _task(instruction: str) -> str:
    return f"Task: {instruction.strip()}"


def _labelled(instances: Sequence[Instance]) -> Iterator[str]:
    for instance in instances:
        yield f"Class label: {' '.join(instance.output.split())}"  # the form has one line for a label
        if text := instance.input.strip():
            yield text


def _numbered(instances: Sequence[Instance]) -> Iterator[str]:
    """The instances in the input-first form. A single output without input has no number."""
    for number, instance in enumerate(instances, start=1):
        text = instance.input.strip()
        if text or len(instances) > 1:
            yield f"Example {number}"
        if text:
            yield text
        yield f"Output: {instance.output.strip()}"


class PaperClassifyPrompt(PromptEncoder):
    """Asks whether one task is classification, with the sampling of the reference.

    The reference also sends a `top_p` of 0, which some providers refuse. A temperature of 0 is greedy without it.
    """

    sampling = Sampling(temperature=0.0, max_tokens=3, frequency_penalty=0.0, presence_penalty=0.0, stop=("\n", "Task"))

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:
        """One user message. Raises `ConfigError` unless there is exactly one subject."""
        subject = _only(subjects, "paper-classify", "classify")
        return [Message("user", encode_classify_prompt(subject.text, _seeds(examples)))]


class PaperInstancesPrompt(PromptEncoder):
    """Asks for instances of one task, with the sampling of the reference.

    The reference allows 350 tokens, and 300 for a batch with a classification task. Here the limit is always 350. As in
    `PaperClassifyPrompt`, no `top_p` is sent.
    """

    sampling = Sampling(
        temperature=0.0, max_tokens=350, frequency_penalty=0.0, presence_penalty=1.5, stop=("Example 6", "Task:")
    )

    def encode(self, examples: Sequence[Instruction], subjects: Sequence[Instruction]) -> Sequence[Message]:
        """One user message. A task of unknown kind counts as not classification, as in the reference.

        Raises `ConfigError` unless there is exactly one subject.
        """
        subject = _only(subjects, "paper-instances", "instances")
        return [
            Message("user", encode_instances_prompt(subject.text, bool(subject.is_classification), _seeds(examples)))
        ]


def _seeds(examples: Iterable[Instruction]) -> list[SeedTask]:
    return [example.seed for example in examples if example.seed is not None]


def _only(subjects: Sequence[Instruction], encoder: str, stage: str) -> Instruction:
    if len(subjects) != 1:
        raise ConfigError(
            f"encoder '{encoder}' asks about one instruction at a time, and was given {len(subjects)}",
            f"Set {stage}.batch to 1.",
        )
    return subjects[0]
