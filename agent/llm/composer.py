"""From a model's words with slots to text that may be shown: facts filled in, each sentence checked, every item of the slate named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from convrec.agent.answers import value_words
from convrec.agent.checking.splitting import SentenceStream
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.wording import is_kind, listed, small
from convrec.catalogue.schema import Schema
from convrec.core.reply import ReplyItem

_SLOT = re.compile(r"\[\[\s*(item|fact)\s*:\s*([^\[\]]+?)\s*\]\]")
_LINE = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•–])\s+(?=\**\[\[\s*item)")
_MARKUP = re.compile(r"https?:|www\.|<[a-z/!]|!\[|\]\(|\[\[|\]\]|\{\{|`|^#", re.IGNORECASE)
_LONGEST = 500  # characters of a sentence
_MOST = 4_000  # of a reply
_AGAIN = 3  # times that a sentence may come before its speaker is stuck
_VALUES = 4  # of a fact that are said
_RUN = 8  # words in a row that are nobody's own
Check = Callable[[str], str]


class Composer:
    """Takes a model's text piece by piece and gives back sentences that may be shown."""

    def __init__(
        self,
        items: Sequence[ReplyItem],
        lines: Callable[[ReplyItem, int], str],
        check: Check,
        schema: Schema,
        secret: str,
    ) -> None:
        """`lines` words an item's line by template, with its number; `check` returns a sentence as it may be said; `secret` is never repeated."""
        self._items = {item.id: item for item in items}
        self._lines, self._check, self._schema = lines, check, schema
        self._secret = _runs(secret)
        self._stream = SentenceStream()
        self._held, self._length = "", 0
        self._named: dict[str, int] = {}
        self._said: dict[str, int] = {}
        self.checked = self.cut = 0

    def feed(self, piece: str) -> Iterator[str]:
        """Yields the sentences that a further piece completes.

        Raises:
            ModelFailure: `looped` or `too_long`.
        """
        for sentence in self._stream.feed(piece):
            yield from self._sentence(sentence)

    def end(self) -> Iterator[str]:
        """Yields the last sentence, and then a line for each item that was not named.

        Raises:
            ModelFailure: `unchecked` where nothing of what the model wrote could be shown.
        """
        for sentence in self._stream.end():
            yield from self._sentence(sentence)
        if not self._length:
            raise ModelFailure("unchecked")
        yield from self.rest()

    def rest(self) -> Iterator[str]:
        """Yields a line for each item that was not named yet."""
        for item in [item for item in self._items.values() if item.id not in self._named]:
            yield self._templated(item)

    def _templated(self, item: ReplyItem) -> str:
        """Returns the line that code words; the check hears it, since the next sentence may be about it."""
        line = self._lines(item, self._number(item))
        self._check(line)
        return self._out(f"{line}\n", line=True)

    def _sentence(self, segment: str) -> Iterator[str]:
        body = segment.rstrip()
        if not body.strip() or body.strip().isdigit():
            return
        line = _LINE.match(body)
        ids = [match[2] for match in _SLOT.finditer(body) if match[1] == "item" and match[2] in self._items]
        if line and ids and ids[0] in self._named:
            return
        text = self._spoken(body[line.end() :] if line else body.strip())
        if line and ids:
            item = self._items[ids[0]]
            if not text or f"**{item.title}**" not in text:
                yield self._templated(item)
                return
            self._note(ids)
            yield self._out(f"{self._named[item.id]}. {text}{_space(segment)}", line=True)
        elif text:
            self._note([one for one in ids if f"**{self._items[one].title}**" in text])
            yield self._out(text + _space(segment))

    def _spoken(self, body: str) -> str:
        """Returns a sentence as it may be said; "" where it may not."""
        self.checked += 1
        filled = self._filled(body)
        text = self._check(filled).strip() if filled and self._sound(filled) else ""
        self.cut += not text
        if text:
            self._said[text] = self._said.get(text, 0) + 1
            if self._said[text] >= _AGAIN:
                raise ModelFailure("looped")
            text = text if self._said[text] == 1 else ""
        return text

    def _sound(self, text: str) -> bool:
        return len(text) <= _LONGEST and not _MARKUP.search(text) and not self._secret & _runs(text)

    def _filled(self, body: str) -> str:
        """Returns the sentence with its slots filled; "" where a slot names what there is not."""
        unknown: list[str] = []

        def fill(match: re.Match[str]) -> str:
            found = self._title(match[2]) if match[1] == "item" else self._fact(match[2])
            if not found:
                unknown.append(match[0])
            return found

        text = _SLOT.sub(fill, re.sub(r"\*+(?=\[\[)|(?<=\]\])\*+", "", body))
        return "" if unknown else text

    def _title(self, item_id: str) -> str:
        item = self._items.get(item_id)
        return f"**{item.title}**" if item is not None else ""

    def _fact(self, slot: str) -> str:
        item_id, _, name = slot.rpartition(".")
        item = self._items.get(item_id)
        if item is None or name not in self._schema.names or item.facts.get(name) in (None, "", []):
            return ""
        field, value = self._schema.field(name), item.facts[name]
        if field.type in ("text", "url", "image", "bool"):
            return ""
        values = value[:_VALUES] if isinstance(value, list) else [value]
        said = [value_words(one)[:4] if field.type == "date" else value_words(one) for one in values]
        return listed([small(one) for one in said] if is_kind(field) else said)

    def _note(self, ids: Sequence[str]) -> None:
        for one in ids:
            self._named.setdefault(one, len(self._named) + 1)

    def _number(self, item: ReplyItem) -> int:
        self._note([item.id])
        return self._named[item.id]

    def _out(self, text: str, *, line: bool = False) -> str:
        """Returns the text after the white space that was held back, and holds back its own: a reply ends in a word."""
        body = text.rstrip()
        before = "" if not self._length else "\n" if line and "\n" not in self._held else self._held or " "
        self._held = text[len(body) :]
        self._length += len(before + body)
        if self._length > _MOST:
            raise ModelFailure("too_long")
        return before + body


def _space(segment: str) -> str:
    """Returns the white space that ends a segment: at most an empty line."""
    space = segment[len(segment.rstrip()) :]
    return "\n\n" if space.count("\n") > 1 else "\n" if "\n" in space else " "


@lru_cache(maxsize=64)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[at : at + _RUN]) for at in range(len(words) - _RUN + 1))


def facts_shown(item: ReplyItem, schema: Schema, longest: int) -> Mapping[str, object]:
    """Returns an item's facts as a prompt shows them: no addresses, texts and lists cut short."""
    shown: dict[str, object] = {}
    for field in schema.fields:
        value = item.facts.get(field.name)
        if field.type in ("url", "image") or field.name == "title" or value in (None, "", []):
            continue
        shown[field.name] = (
            value[:longest] if isinstance(value, str) else value[:8] if isinstance(value, list) else value
        )
    return shown
