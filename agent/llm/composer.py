"""From a model's words with slots to text that may be shown: facts filled in, each sentence checked, every item of the slate named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from convrec.agent.answers import value_words
from convrec.agent.checking.splitting import SentenceStream
from convrec.agent.compact.measures import UNITS
from convrec.agent.llm.failures import ModelFailure
from convrec.agent.llm.leaks import Secrets, unreadable
from convrec.agent.wording import is_kind, listed, small
from convrec.catalogue.schema import Field, Schema
from convrec.core.reply import ReplyItem
from convrec.core.text import visible, words

_SLOT = re.compile(r"\[\[\s*(item|fact)\s*:\s*([^\[\]]+?)\s*\]\]")
_LINE = re.compile(r"^\s*(?:\d{1,2}[.)]|[-*•–])\s+(?=\**\[\[\s*item)")
_MARKUP = re.compile(r"https?:|www\.|<[a-z/!]|!\[|\]\(|\[\[|\]\]|[{}]|`|^#", re.IGNORECASE)
_SIGNS = ("€", "$", "£", "¥")
_BEHIND = re.compile(r"[\s-]*([^\W\d_]+|[^\w\s])")  # the word or sign behind a number
_LONGEST = 500  # characters of a sentence
_MOST = 4_000  # of a reply
_AGAIN = 3  # times that a sentence may come before its speaker is stuck
_VALUES = 4  # of a fact that are said
Check = Callable[[str], str]


class Composer:
    """Takes a model's text piece by piece and gives back sentences that may be shown, items in the slate's order."""

    def __init__(
        self,
        items: Sequence[ReplyItem],
        lines: Callable[[ReplyItem, int], str],
        check: Check,
        schema: Schema,
        secrets: Secrets,
    ) -> None:
        """`lines` words an item's line by template, with its number; `check` returns a sentence as it may be said; `secrets` are never told."""
        self._items = {item.id: item for item in items}
        self._lines, self._check, self._schema = lines, check, schema
        self._secrets, self._known = secrets, _words_of(items)
        self._mentions = {item.id: _mention(item.title) for item in items}
        self._waiting: dict[str, str] = {}
        self._told = ""
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
        for sentence in self._stream.feed(visible(piece)):
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
        for one in self._unnamed():
            yield self._line(self._items[one], self._waiting.get(one, ""))

    def _sentence(self, segment: str) -> Iterator[str]:
        body = segment.rstrip()
        if not body.strip() or body.strip().isdigit():
            return
        line = _LINE.match(body)
        ids = [match[2] for match in _SLOT.finditer(body) if match[1] == "item" and match[2] in self._items]
        if line and ids and (ids[0] in self._named or ids[0] in self._waiting):
            return
        text = self._spoken(body[line.end() :] if line else body.strip())
        if line and ids:
            self._waiting[ids[0]] = text + _space(segment) if text else ""
            while (following := next(iter(self._unnamed()), "")) in self._waiting:
                yield self._line(self._items[following], self._waiting[following])
        elif text and (named := self._in_order(text, ids)) is not None:
            self._note(named)
            yield self._out(text + _space(segment))

    def _line(self, item: ReplyItem, worded: str) -> str:
        """Returns an item's line, as it was worded where that names no item before its turn, else by template."""
        named = self._in_order(worded, [item.id]) if f"**{item.title}**" in worded else None
        if named is None:
            line = self._lines(item, self._number(item))
            self._check(line)  # it hears what code words, too, for the next sentence may be about it
            return self._out(f"{line}\n", line=True)
        self._note(named)
        return self._out(f"{self._named[item.id]}. {worded}", line=True)

    def _unnamed(self) -> list[str]:
        return [one for one in self._items if one not in self._named]

    def _in_order(self, text: str, ids: Sequence[str]) -> list[str] | None:
        """Returns the items that a text is the first to name; None where one of them is named before its turn in the slate.

        Of items with one title it is the one in `ids`.
        """
        titles = {self._items[one].title for one in ids}
        new = [one for one in self._unnamed() if one in ids or self._items[one].title not in titles]
        places = {one: found.start() for one in new if (found := self._mentions[one].search(text)) is not None}
        named = sorted(places, key=places.__getitem__)
        return named if named == self._unnamed()[: len(named)] else None

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
        return (
            len(text) <= _LONGEST
            and not _MARKUP.search(text)
            and not unreadable(text, self._known)
            and not self._secrets.told(text, self._told)
        )

    def _filled(self, body: str) -> str:
        """Returns the sentence with its slots filled; "" where a slot names what there is not."""
        unknown: list[str] = []

        def fill(match: re.Match[str]) -> str:
            found = self._title(match[2]) if match[1] == "item" else self._fact(match)
            if not found:
                unknown.append(match[0])
            return found

        text = _SLOT.sub(fill, re.sub(r"\*+(?=\[\[)|(?<=\]\])\*+", "", body))
        return "" if unknown else text

    def _title(self, item_id: str) -> str:
        item = self._items.get(item_id)
        return f"**{item.title}**" if item is not None else ""

    def _fact(self, slot: re.Match[str]) -> str:
        item_id, _, name = slot[2].rpartition(".")
        item = self._items.get(item_id)
        if item is None or name not in self._schema.names or item.facts.get(name) in (None, "", []):
            return ""
        field, value = self._schema.field(name), item.facts[name]
        if field.type in ("text", "url", "image", "bool"):
            return ""
        values = value[:_VALUES] if isinstance(value, list) else [value]
        said = [value_words(one)[:4] if field.type == "date" else value_words(one, field) for one in values]
        if _is_measured(slot, field):
            said = [one.removeprefix(field.currency).removesuffix(field.unit).strip() for one in said]
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
        self._told = f"{self._told} {body}"[-_MOST:]
        before = "" if not self._length else "\n" if line and "\n" not in self._held else self._held or " "
        self._held = text[len(body) :]
        self._length += len(before + body)
        if self._length > _MOST:
            raise ModelFailure("too_long")
        return before + body


def _is_measured(slot: re.Match[str], field: Field) -> bool:
    """Tells whether the words about a slot give its number a currency or unit of their own: "€[[fact:w7.price]]", "[[fact:w7.runtime]] minutes"."""
    before, behind = slot.string[: slot.start()].rstrip(), _BEHIND.match(slot.string, slot.end())
    own = {field.currency, field.unit} - {""}
    return before.endswith((*_SIGNS, *own - {field.unit})) or (
        behind is not None and (behind[1] in own or behind[1].casefold() in UNITS)
    )


def _space(segment: str) -> str:
    """Returns the white space that ends a segment: at most an empty line."""
    space = segment[len(segment.rstrip()) :]
    return "\n\n" if space.count("\n") > 1 else "\n" if "\n" in space else " "


def _words_of(items: Sequence[ReplyItem]) -> frozenset[str]:
    """Returns the folded words of what is known of the items and was computed about them."""
    texts = (
        str(part)
        for item in items
        for part in (item.title, *item.facts.values(), *(reason.text for reason in item.reasons))
    )
    return frozenset(word for text in texts for word in words(text))


def _mention(title: str) -> re.Pattern[str]:
    """Returns what finds a title in a text: of several words in any letters, of one only where it is marked, dated, or a capital amid a sentence."""
    escaped = re.escape(title)
    if len(title.split()) > 1:
        return re.compile(rf"(?<!\w){escaped}(?!\w)", re.IGNORECASE)
    return re.compile(rf"(?:(?<=[*\"“‘'])|(?<=[\w,;:]\s)){escaped}(?!\w)|(?<!\w){escaped}(?= \(\d{{4}})")
