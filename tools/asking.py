"""From a request to what tools are asked: rows for ids, the words as tools read them, vectors made once for all."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np

from convrec.catalogue.catalogue import Catalogue
from convrec.core.errors import InputError
from convrec.tools.bm25 import Bm25
from convrec.tools.contract import Bools, Query, Tool, Vectors
from convrec.tools.encoder import TextEncoder
from convrec.tools.moments import END_LINES, LINE_TOKENS, LINES, TEXT_TOKENS, heard_together, latest_lines, wanted_now
from convrec.tools.request import Request
from convrec.tools.signals import Signal, signals

_REMEMBERED = (
    2048  # texts whose vectors are kept (3 MB): a conversation's lines, wishes and pages are asked about again
)


class Asking:
    """Makes queries for one catalogue's tools. Safe to use from several threads."""

    def __init__(
        self, catalogue: Catalogue, tools: Mapping[str, Tool], left_out: Mapping[str, str], encoder: TextEncoder, candidates: int
    ) -> None:  # fmt: skip
        self._catalogue, self._tools, self._left_out = catalogue, tools, left_out
        self._encoder, self._candidates = encoder, candidates
        self._signals = tuple(signals(tools))
        self._told = any(signal.aspect == "context" for signal in self._signals)
        self._lexical = next((tool for tool in tools.values() if isinstance(tool, Bm25)), None)
        self._vectors: OrderedDict[tuple[str, int], Vectors] = OrderedDict()
        self._guard = threading.Lock()

    def over(self, catalogue: Catalogue, tools: Mapping[str, Tool]) -> Asking:
        """Returns what makes queries for other tools over another catalogue; the vectors of earlier texts are shared."""
        other = Asking(catalogue, tools, self._left_out, self._encoder, self._candidates)
        other._vectors, other._guard = self._vectors, self._guard
        return other

    def signals(self, request: Request) -> list[Signal]:
        """Returns the signals that the request may use.

        Raises:
            InputError: it names a tool that is not there.
        """
        for name in request.tools or ():
            if name not in self._tools:
                reason = f": {self._left_out[name]}" if name in self._left_out else ""
                raise InputError(f"There is no tool {name!r} here{reason}.", f"There are {', '.join(self._tools)}.")
        return [signal for signal in self._signals if request.tools is None or signal.tool in request.tools]

    def query(self, request: Request, mask: Bools | None) -> Query:
        """Returns what tools are asked. A sentence is a conversation where some tool has learned from conversations."""
        pairs = [(self._catalogue.row(item_id), float(weight)) for item_id, weight in request.history.items()]
        history = tuple((row, weight) for row, weight in pairs if row is not None and weight and math.isfinite(weight))
        said = request.text.strip()
        heard = request.conversational and ("\n" in said or self._told)
        text, context = (wanted_now(said), said) if heard else (said, "")
        asked = {s.aspect for s in self.signals(request) if self._tools[s.tool].capabilities.vectors}
        reads = bool(text and asked & {"text", "context"})
        return Query(
            text=text, history=history, mask=mask, k=self._candidates, context=context,
            vector=(self._context(context, END_LINES) if heard else self._text(text)) if reads else None,
            context_vector=self._context(context, LINES) if context and "context" in asked else None,
        )  # fmt: skip

    def forget(self) -> None:
        """Drops the vectors of earlier texts, which are known by the texts themselves."""
        with self._guard:
            self._vectors.clear()

    def titled(self, text: str) -> list[int]:
        """Returns the rows of the items whose whole title the text is, the best first."""
        return self._lexical.titled(text).tolist() if self._lexical is not None else []

    def _spelt(self, text: str) -> str:
        """Returns the text with slips mended by the catalogue's own words, since an encoder makes little of a misspelt word."""
        return self._lexical.spelling.mended(text) if self._lexical is not None else text

    def _context(self, said: str, most: int) -> Vectors:
        """Returns the vector of a conversation's latest lines; only those that are new are encoded."""
        lines = latest_lines(said, most)
        return heard_together(lines, self._encoded(lines, LINE_TOKENS))

    def _text(self, text: str) -> Vectors:
        vector: Vectors = self._encoded([self._spelt(text)], TEXT_TOKENS)[0]
        return vector

    def _encoded(self, texts: Sequence[str], max_tokens: int) -> Vectors:
        """Returns `(n, width)` vectors of texts; what is not remembered is encoded together, a text a core."""
        with self._guard:
            known = {text: self._vectors[text, max_tokens] for text in texts if (text, max_tokens) in self._vectors}
        missing = list(dict.fromkeys(text for text in texts if text not in known))
        known |= zip(missing, self._encoder.encode(missing, max_tokens, full_precision=True), strict=True)
        with self._guard:
            for text in texts:
                self._vectors[text, max_tokens] = known[text]
                self._vectors.move_to_end((text, max_tokens))
            while len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return np.stack([known[text] for text in texts])
