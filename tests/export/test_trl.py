"""TRL trains on the exported rows as they are: one real step of a tiny model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.export.runs import make_run, strange_examples
from tests.export.test_dataset import export

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

TEMPLATE = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>\n\n{{ m['content'] }}"
    "<|eot_id|>{% endfor %}"
)
SPECIAL = ["<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|pad|>"]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A tokenizer of bytes with Llama 3's special tokens, which puts the first of them before every text."""
    for module in ("torch", "trl"):
        pytest.importorskip(module, reason=f"{module} is not installed")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    own = Tokenizer(models.BPE({token: number for number, token in enumerate(alphabet)}, []))
    own.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    own.decoder = decoders.ByteLevel()
    own.add_special_tokens(SPECIAL)
    begin = SPECIAL[0]
    own.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", special_tokens=[(begin, own.token_to_id(begin))]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=own, bos_token=begin, eos_token="<|eot_id|>", pad_token="<|pad|>"
    )
    tokenizer.chat_template = TEMPLATE
    return tokenizer


def trained(tokenizer: Any, folder: Path, tmp_path: Path) -> Any:
    """The trainer after one step on the folder's train part."""
    from datasets import load_dataset
    from transformers import LlamaConfig, LlamaForCausalLM
    from trl import SFTConfig, SFTTrainer

    size = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = LlamaConfig(vocab_size=len(tokenizer), **size, pad_token_id=tokenizer.pad_token_id)
    parts = load_dataset(str(folder), cache_dir=tmp_path / "cache")
    arguments = SFTConfig(
        str(tmp_path / "model"), max_steps=1, per_device_train_batch_size=2, report_to=[], use_cpu=True, bf16=False,
        save_strategy="no", eval_strategy="no", max_length=None, disable_tqdm=True,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    trainer = SFTTrainer(
        model, arguments, train_dataset=parts["train"], eval_dataset=parts["validation"], processing_class=tokenizer
    )
    trainer.train()
    return trainer


@pytest.mark.parametrize("name", ["messages", "text", "prompt-completion", "conversational-prompt-completion"])
def test_a_step(tokenizer: Any, tmp_path: Path, name: str) -> None:
    examples = strange_examples()
    store = make_run(tmp_path / "run", examples)
    exported = export(store, tmp_path / "set", name, split=0.8)
    store.close()
    trainer = trained(tokenizer, exported.folder, tmp_path)
    assert trainer.state.global_step == 1
    rows = trainer.train_dataset
    assert len(rows) == exported.counts["train"]
    if name == "conversational-prompt-completion":
        for row in rows:
            learned = [token for token, label in zip(row["input_ids"], row["completion_mask"], strict=True) if label]
            assert "<|eot_id|>" in tokenizer.decode(learned), "the end of the turn is learned"
    if name in ("messages", "text"):
        begin = tokenizer.bos_token_id
        for row in rows:
            assert row["input_ids"].count(begin) == 1
            assert row["input_ids"][0] == begin


def test_messages_and_text_are_the_same_to_a_llama(tokenizer: Any, tmp_path: Path) -> None:
    """The template `llama-3` of the format `text` writes what the model's own template makes of the messages."""
    from selfinstruct_formats.chat import ChatOptions, MessagesEncoder
    from selfinstruct_formats.text import TextEncoder, TextOptions

    messages, text = MessagesEncoder(ChatOptions(system="Hi")), TextEncoder(TextOptions(system="Hi", begin=True))
    for example in strange_examples():
        rendered = tokenizer.apply_chat_template(messages.encode(example)["messages"], tokenize=False)
        assert text.encode(example) == {"text": rendered}
