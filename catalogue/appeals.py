"""What an item's text says to whoever recommends, in place of saying something of the item: orders, pleas, praise by which nothing is said.

It stays among the item's facts, and people see it; what is indexed, encoded or told to a model is read without it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

import yaml

from convrec.catalogue.schema import VALUED, Schema

_READ = 20_000  # characters of one text that are read
_SENTENCES = re.compile(r"(?:[^.!?。！？\n]|[.!?](?=[^\s.!?]))*(?:[.!?。！？]+|\n|$)")
_BROKEN = re.compile(r"(?:(?<=\n)|^)(\S+(?: \S+){0,2}) *\n+(?=\S+(?: \S+){0,2} *(?:\n|$))")
_CLAUSES = re.compile(r"[^,;:.!?()\n–—|。！？，]+")
_LATIN_WITH_LIKENESS = re.compile(r"[a-z][\u0370-\u03ff\u0400-\u04ff]|[\u0370-\u03ff\u0400-\u04ff][a-z]", re.IGNORECASE)
_LIKENESSES = 2  # words of letters from two scripts, or one in three, that make a sentence a disguise
_BETWEEN = " ,;:-–—|(!"  # what stands between a title and what was put behind it
_MARKUP = re.compile(r"</?\w+[^>]*>|\*{2,}")
_CALL = 2  # words of a sentence that leads in what follows it, an order: "Five stars!", "Lovely."
_WORD = re.compile(r"\w+")
_LONG = 24  # letters of a word that may be code
_LEFT = re.compile(r"(?!(?:the|an|my|your|our)\b)[^\W\d_]{2,}|\d{2,}", re.IGNORECASE)


def sincere(facts: Mapping[str, Any], schema: Schema) -> Mapping[str, Any]:
    """Returns an item's facts without appeals in its title, texts, categories and tags; the same object where there are none."""
    changed: dict[str, Any] = {}
    for field in schema.of_type("text", *VALUED):
        value = facts.get(field.name)
        said: str | list[Any]
        if isinstance(value, str):
            said = (
                sincere_title(value) if field.name.endswith("title") or field.type != "text" else without_appeals(value)
            )
        elif isinstance(value, list):
            said = [one for one in value if not is_appeal(str(one))]
        else:
            continue
        if said != value:
            changed[field.name] = said
    return {**facts, **changed} if changed else facts


def without_appeals(text: str) -> str:
    """Returns a text without sentences that give orders or ask to be recommended, and without clauses that do nothing but praise the choice."""
    text = text[:_READ]
    if not _suspect(text):
        return text
    kept: list[str] = []
    for sentence in _SENTENCES.findall(_BROKEN.sub(r"\1 ", text)):
        if not _suspect(sentence):
            kept.append(sentence)
        elif _orders(sentence):
            while kept and 0 < len(kept[-1].split()) <= _CALL:
                kept.pop()
            kept.append("\n" if sentence.endswith("\n") else "")
        else:
            said = _CLAUSES.sub(lambda clause: "" if _is_clause(clause[0]) else clause[0], sentence)
            kept.append(said if _WORD.search(said) else "")
    return "".join(kept)


def sincere_title(title: str) -> str:
    """Returns a title up to where an appeal begins in it; whole where nothing would be left."""
    if not _suspect(title):
        return title
    plain, patterns = _plain(title), _patterns()
    found = [match.start() for pattern in patterns.sentences if (match := pattern.search(plain)) is not None]
    kept = _MARKUP.sub(" ", plain[: min(found, default=len(plain))])
    while (ending := patterns.ending.search(kept)) is not None:
        kept = kept[: ending.start()].rstrip(_BETWEEN)
    words = [word for word in kept.split() if not _LATIN_WITH_LIKENESS.search(word)]
    kept = " ".join(words) if _is_disguised(kept) else kept
    return title if kept == plain or not _LEFT.search(kept) else kept.rstrip(_BETWEEN)


def is_appeal(value: str) -> bool:
    """Tells whether a value, such as a tag, is nothing but an appeal."""
    return _suspect(value) and (_orders(value) or _is_clause(value))


def _orders(sentence: str) -> bool:
    plain = _plain(sentence)
    patterns = _patterns()
    return (
        any(pattern.search(plain) for pattern in patterns.sentences)
        or any(verb.search(plain) and rank.search(plain) for verb, rank in patterns.pairs)
        or _is_disguised(sentence)
    )


def _is_clause(clause: str) -> bool:
    return _patterns().clause.fullmatch(_plain(clause).strip(" -*_\"'“”!.~>")) is not None


def _is_disguised(sentence: str) -> bool:
    """Tells whether words mix Latin letters with such as look like them."""
    if sentence.isascii():
        return False
    said = sentence.split()
    mixed = sum(_LATIN_WITH_LIKENESS.search(word) is not None for word in said)
    return mixed >= _LIKENESSES or 3 * mixed > len(said) > 0


def _plain(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _suspect(text: str) -> bool:
    """Tells whether a text is to be read closely, by the words that stand anywhere in it."""
    patterns = _patterns()
    if not text.isascii() and patterns.scripts.search(text):
        return True
    if any(sign in text for sign in patterns.signs):
        return True
    said = set(_WORD.findall(text.lower()))
    return max(map(len, said), default=0) >= _LONG or any(
        all(not group.isdisjoint(said) for group in groups) for groups in patterns.suspicious
    )


class _Patterns:
    """The patterns of `appeals.yaml`."""

    def __init__(self) -> None:
        said: dict[str, str] = yaml.safe_load(
            resources.files("convrec.catalogue").joinpath("appeals.yaml").read_text(encoding="utf-8")
        )
        lines = {name: text.splitlines() for name, text in said.items()}
        self.suspicious = [[frozenset(group.split()) for group in line.split("&")] for line in lines["suspicious"]]
        self.signs = said["signs"].split()
        self.scripts = re.compile(said["scripts"].strip())
        self.sentences = [re.compile(line, re.IGNORECASE) for line in lines["sentences"]]
        self.pairs = [[re.compile(part, re.IGNORECASE) for part in line.split(" && ")] for line in lines["pairs"]]
        self.clause = re.compile(f"(?:{'|'.join(lines['clauses'])})", re.IGNORECASE)
        endings = f"(?<=[(,:;–—|-])\\s*{self.clause.pattern}|(?<=\\s)(?:{'|'.join(lines['endings'])})"
        self.ending = re.compile(rf"(?:{endings})\W*$", re.IGNORECASE)


@lru_cache(maxsize=1)
def _patterns() -> _Patterns:
    return _Patterns()
