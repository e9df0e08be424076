"""The tokenizer: byte-level BPE with single digits, four role tokens, and the chat template around them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from convrec.finetune.grammar.mixture import Chat

PAD, BEGIN, END = "<|pad|>", "<|begin|>", "<|end|>"
ROLES = {"system": "<|system|>", "user": "<|user|>", "assistant": "<|assistant|>"}
SPECIAL = (PAD, BEGIN, END, *ROLES.values())
CHAT_TEMPLATE = (
    "{{ '<|begin|>' }}{% for message in messages %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)


@dataclass(frozen=True)
class Encoded:
    """One document: token ids, and for each the weight of predicting it, in hundredths."""

    ids: list[int]
    weights: list[int]


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Tokenizer:
    """Returns a tokenizer of at most `vocabulary` tokens, learned from the texts; every text comes back byte for byte."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=3,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Writes `tokenizer.json` and the files that make transformers and vLLM use it with our chat template."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": BEGIN, "eos_token": END, "pad_token": PAD, "chat_template": CHAT_TEMPLATE,
        "model_max_length": 2048, "clean_up_tokenization_spaces": False, "padding_side": "left", "model_input_names": ["input_ids", "attention_mask"],
    }  # fmt: skip
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")


class Encoder:
    """Turns chats and texts into token ids with the weight of each token's loss."""

    def __init__(self, tokenizer: Tokenizer, prompt_weight: int = 5) -> None:
        tokenizer.encode_special_tokens = True  # what people type is never a special token
        self._tokenizer = tokenizer
        self._prompt_weight = prompt_weight
        self.pad, self.begin, self.end = (self.token(name) for name in (PAD, BEGIN, END))
        self._roles = {role: self.token(name) for role, name in ROLES.items()}

    @classmethod
    def load(cls, folder: Path, prompt_weight: int = 5) -> "Encoder":
        """Returns the encoder of the tokenizer in a folder."""
        return cls(Tokenizer.from_file(str(folder / "tokenizer.json")), prompt_weight)

    @property
    def size(self) -> int:
        """Returns the number of tokens in the vocabulary."""
        return int(self._tokenizer.get_vocab_size())

    def token(self, name: str) -> int:
        """Returns the id of a special token."""
        found = self._tokenizer.token_to_id(name)
        if found is None:
            raise ValueError(f"The tokenizer has no token {name}: make it again with `prepare`.")
        return int(found)

    def plain(self, text: str) -> list[int]:
        """Returns the ids of a text."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def text(self, ids: Iterable[int]) -> str:
        """Returns the text of ids, special tokens left out."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True))

    def chats(self, chats: list[Chat], *, everything: bool = False) -> list[Encoded]:
        """Returns the chats encoded; only the assistant's words and their end weigh in full, unless `everything` does."""
        pieces = self._tokenizer.encode_batch_fast(
            [text for chat in chats for _, text in chat], add_special_tokens=False
        )
        found, place = [], 0
        for chat in chats:
            found.append(self._chat(chat, [piece.ids for piece in pieces[place : place + len(chat)]], everything))
            place += len(chat)
        return found

    def _chat(self, chat: Chat, pieces: list[list[int]], everything: bool) -> Encoded:
        ids, weights = [self.begin], [0]
        for (role, _), piece in zip(chat, pieces, strict=True):
            weight = 100 if everything or role == "assistant" else self._prompt_weight
            ids += [self._roles[role], *piece, self.end]
            weights += [0, *([weight] * len(piece)), weight if everything or role == "assistant" else 0]
        return Encoded(ids, weights)

    def prompt(self, chat: Chat) -> list[int]:
        """Returns the ids of a chat up to where the assistant is to speak."""
        return [*self._chat(chat, [self.plain(text) for _, text in chat], False).ids, self._roles["assistant"]]

    def document(self, text: str) -> Encoded:
        """Returns a plain text encoded; all of it weighs in full."""
        ids = [self.begin, *self.plain(text), self.end]
        return Encoded(ids, [0, *([100] * (len(ids) - 1))])
