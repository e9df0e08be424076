"""A Llama of a third of a million parameters with a tokenizer, a chat template and LoRA adapters: made in seconds, alike each time.

It learns to tell what the demo films are about for a few seconds, so that its guesses are clear ones: whoever computes them, in
whatever order it adds, chooses the same tokens.
"""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

ROOT = Path(__file__).parents[2]
SPECIAL = ("<|pad|>", "<|begin|>", "<|end|>", "<|system|>", "<|user|>", "<|assistant|>")
TEMPLATE = (
    "{{ '<|begin|>' }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
VOCABULARY, CONTEXT = 1024, 8192
SYSTEM = "You tell films in a sentence."

Chat = list[dict[str, str]]


def chats() -> list[Chat]:
    """Returns what the model learns: films of the demo catalogue, asked for and told."""
    told: list[Chat] = []
    for line in (ROOT / "catalogue/demo/items.jsonl").read_text(encoding="utf-8").splitlines():
        film = json.loads(line)
        about = [{"role": "user", "content": film["title"]}, {"role": "assistant", "content": film["description"]}]
        told += [about, [{"role": "system", "content": SYSTEM}, *about]]
        facts = json.dumps({"year": film["year"], "genres": film["genres"]})
        told.append([{"role": "user", "content": f"facts of {film['title']}"}, {"role": "assistant", "content": facts}])
    return told


def write_tiny(folder: Path, steps: int = 60, seed: int = 0) -> Path:
    """Writes a model that transformers and vLLM load, trained for so many steps; returns its folder."""
    tokenizer = _tokenizer()
    model = _model(seed)
    _train(model, tokenizer, steps, seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_adapter(model: Path, folder: Path, seed: int, rank: int = 4) -> Path:
    """Writes a LoRA adapter by chance, strong enough to be heard, LoRA tensors only; returns its folder."""
    torch.manual_seed(seed)
    base = LlamaForCausalLM.from_pretrained(model)
    modules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    tuned = get_peft_model(base, LoraConfig(r=rank, lora_alpha=4 * rank, target_modules=modules, task_type="CAUSAL_LM"))
    for name, weight in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    tuned.save_pretrained(folder)
    return folder


def _texts() -> Iterator[str]:
    """Yields what the tokenizer is trained on: nothing that is edited from day to day, so that the model stays the same."""
    yield from (message["content"] for chat in chats() for message in chat)


def _tokenizer() -> PreTrainedTokenizerFast:
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    pieces.train_from_iterator(
        _texts(), trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=list(SPECIAL), initial_alphabet=alphabet)
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces, pad_token=SPECIAL[0], bos_token=SPECIAL[1], eos_token=SPECIAL[2], chat_template=TEMPLATE,
        clean_up_tokenization_spaces=False, model_max_length=CONTEXT, model_input_names=["input_ids", "attention_mask"],
    )  # fmt: skip


def _model(seed: int) -> LlamaForCausalLM:
    torch.manual_seed(seed)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY, hidden_size=128, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=CONTEXT, tie_word_embeddings=True, pad_token_id=0, bos_token_id=1, eos_token_id=2,
        )
    )  # fmt: skip


def _train(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, steps: int, seed: int) -> None:
    told, rng = chats(), random.Random(seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for _ in range(steps):
        texts = [tokenizer.apply_chat_template(chat, tokenize=False) for chat in rng.sample(told, 16)]
        rows = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=96)
        labels = rows["input_ids"].masked_fill(rows["attention_mask"] == 0, -100)
        optimiser.zero_grad()
        model(**rows, labels=labels).loss.backward()
        optimiser.step()
    model.eval()
