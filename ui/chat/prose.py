"""A reply's text, laid out: paragraphs, lists, and where it names the reply's items, their cards."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from convrec.core.reply import ReplyItem

_NUMBERED = re.compile(r"(\d{1,4})[.)]\s+(.*)")
_BULLET = re.compile(r"[-*•]\s+(.*)")
_STRONG = re.compile(r"\*\*(.+?)\*\*")


@dataclass
class Block:
    """One piece of a text: `kind` is `text`, `list`, `numbered` or `cards`; a card's line is what the text says of its item."""

    kind: str
    lines: list[Markup] = field(default_factory=list)
    first: int = 1
    items: list[ReplyItem] = field(default_factory=list)


def inline(text: str) -> Markup:
    """Returns the text as HTML: all of it is data, only `**…**` is read as strong."""
    parts = _STRONG.split(text)
    return Markup("").join(
        Markup("<strong>{}</strong>").format(part) if n % 2 else escape(part) for n, part in enumerate(parts)
    )


def blocks(text: str, items: Sequence[ReplyItem] = ()) -> list[Block]:
    """Returns the text's blocks. Lines that name an item of the reply become cards; an item that no line names comes last."""
    laid: list[Block] = []
    waiting = list(items)
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        last: Block | None = None
        for line in paragraph.splitlines():
            kind, number, words = _read(line)
            item = next((i for i in waiting if kind == "numbered" and words.startswith(f"**{i.title}**")), None)
            kind = "cards" if item else kind
            if last is None or last.kind != kind:
                last = Block(kind, first=number)
                laid.append(last)
            if item:
                waiting.remove(item)
                last.items.append(item)
                words = _beyond(words, item)
            last.lines.append(inline(words))
    if waiting:
        laid.append(Block("cards", [Markup("")] * len(waiting), items=waiting))
    return [block for block in laid if any(block.lines) or block.items]


def _read(line: str) -> tuple[str, int, str]:
    """Returns a line's kind, its number, and its words."""
    if numbered := _NUMBERED.match(line.strip()):
        return "numbered", int(numbered[1]), numbered[2]
    if bullet := _BULLET.match(line.strip()):
        return "list", 1, bullet[1]
    return "text", 1, line.strip()


def _beyond(line: str, item: ReplyItem) -> str:
    """Returns what a line says beyond the item's title, facts and reasons, which its card shows anyway."""
    words = re.sub(r"^\s*\(\d{4}\)", "", line.removeprefix(f"**{item.title}**")).lstrip(" :–—").rstrip()
    shown = [reason.text for reason in item.reasons] + [_listed(fact) for fact in item.facts.values()]
    said = " ".join(shown).casefold()
    clauses = [clause.strip() for clause in re.split(r";|\.\s", words.rstrip("."))]
    if all(
        _listed(re.split(r", | and ", clause)).casefold() in said or clause.casefold() in said for clause in clauses
    ):
        return ""
    return words[:1].upper() + words[1:]


def _listed(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
