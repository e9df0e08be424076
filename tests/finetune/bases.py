"""Bases small enough to be made and tuned in a second, in several styles of chat template."""

import json
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from convrec.finetune.sets.rows import Row

CHATML = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\\n' + m['content'] + '<|im_end|>\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
LLAMA3 = (
    "{{ '<|begin_of_text|>' }}{% for m in messages %}{{ '<|start_header_id|>' + m['role'] + '<|end_header_id|>\\n\\n' + m['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"
)
MISTRAL = (
    "{{ '<s>' }}{% set ns = namespace(system='') %}{% for m in messages %}{% if m['role'] == 'system' %}{% set ns.system = m['content'] + '\\n\\n' %}"
    "{% elif m['role'] == 'user' %}{{ '[INST] ' + ns.system + m['content'] + ' [/INST]' }}{% set ns.system = '' %}{% else %}{{ ' ' + m['content'] | trim + '</s>' }}{% endif %}{% endfor %}"
)
PLAIN = (
    "{{ '<s>' }}{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '</s>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
SPECIAL = {
    "chatml": ("<|im_start|>", "<|im_end|>"), "llama3": ("<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    "mistral": ("<s>", "[INST]", "[/INST]", "</s>"), "plain": ("<s>", "<|system|>", "<|user|>", "<|assistant|>", "</s>"),
}  # fmt: skip
TEMPLATES = {"chatml": CHATML, "llama3": LLAMA3, "mistral": MISTRAL, "plain": PLAIN}
END = {"chatml": "<|im_end|>", "llama3": "<|eot_id|>", "mistral": "</s>", "plain": "</s>"}


def tokenizer(style="plain", *, template=True, pad=True, context=512):
    """Returns a byte-level tokenizer with a chat template in a style."""
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    special = ["<pad>", *SPECIAL[style]]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator([row().answer, row().messages[0].content], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, eos_token=END[style], chat_template=TEMPLATES[style] if template else None, model_max_length=context,
        additional_special_tokens=[*SPECIAL[style]], model_input_names=["input_ids", "attention_mask"], **({"pad_token": "<pad>"} if pad else {}),
    )  # fmt: skip


def write_base(
    folder: Path, style="plain", *, template=True, pad=True, tied=True, quantised=False, seed=0, width=32, context=512
):
    """Writes a base of some thousand parameters; returns its folder."""
    words = tokenizer(style, template=template, pad=pad, context=context)
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1,
        max_position_embeddings=context, tie_word_embeddings=tied, eos_token_id=words.eos_token_id, bos_token_id=None, pad_token_id=words.pad_token_id,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    words.save_pretrained(folder)
    if quantised:
        document = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(
            json.dumps(document | {"quantization_config": {"quant_method": "gptq", "bits": 4}})
        )
    return folder


def row(number=0, part="train", message="", answer="", **about):
    """Returns a row of the task understand."""
    said = message or f"any westerns with actor {number}?"
    heard = answer or json.dumps({"acts": ["request"], "preferences": [{"facet": "genres", "value": "Western", "polarity": 1, "strength": "hard", "scope": "session", "quote": "westerns"}], "references": [], "n": number % 5})  # fmt: skip
    messages = [{"role": "system", "content": "You put messages into JSON, one by one."}, {"role": "user", "content": json.dumps({"draft": {"acts": ["request"], "preferences": []}, "message": said}, ensure_ascii=False)}]  # fmt: skip
    return Row.model_validate(
        {
            "id": f"{part}-{number}",
            "task": "understand",
            "part": part,
            "source": "grammar",
            "synthetic": True,
            "message": said,
            "messages": messages,
            "answer": heard,
            "kind": "request",
            **about,
        }
    )


def rows(n, part="train", start=0):
    """Returns so many rows of a part, each with a message of its own."""
    return [row(number, part) for number in range(start, start + n)]


ANSWERS = {
    "plan": lambda number: json.dumps({"calls": [{"tool": "explore", "field": "genres", "value": f"kind {number % 5}"}], "stop": False}),
    "explain": lambda number: f"Try this:\n1. [[item:w{number}]]: genres [[fact:w{number}.genres]].",
    "profile": lambda number: json.dumps({"tastes": [{"field": "genres", "value": f"kind {number % 5}", "weight": 3}]}),
}  # fmt: skip


def task_row(task, number=0, part="train", **about):
    """Returns a row of any task, in the shape of its prompt and answer."""
    if task == "understand":
        return row(number, part, **about)
    items = [{"id": f"w{number}", "facts": {"genres": f"kind {number % 5}"}, "reasons": [f"kind {number % 5}"]}]
    document = {"plan": {"liked": items, "top": []}, "profile": {"events": items}}.get(task, {"items": items})
    answer = ANSWERS["explain" if task == "preference" else task](number)
    pair = {"rejected": f"Try this:\n1. [[item:w{number}]]: you will love it!"} if task == "preference" else {}
    messages = [{"role": "system", "content": "You answer with what the document says, and nothing else."}, {"role": "user", "content": json.dumps(document)}]  # fmt: skip
    synthetic = task != "profile"
    return row(number, part, f"something like {number}?", answer, **{"task": task, "messages": messages, "synthetic": synthetic, **pair, **about})  # fmt: skip


def task_rows(task, n, part="train", start=0):
    """Returns so many rows of a task, no two alike."""
    return [task_row(task, number, part) for number in range(start, start + n)]
