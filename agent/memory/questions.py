"""Which messages ask the memory: "where do I live?", "what did you suggest last Tuesday?", "the film I liked in spring"."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from convrec.agent.memory.recall import terms
from convrec.agent.memory.when import Window, window
from convrec.core.text import fold

Matter = Literal["shown", "liked", "disliked", "told"]
_ASKS = re.compile(
    r"^(?:(?:and|so|ok|okay|hey|hi|hello|by the way|btw|um|well|please|now|quick question|remind me|tell me|can you tell me|could you tell me|do you (?:still )?(?:know|remember|recall)|i forgot|i forget|i can'?t remember|i don'?t remember)[,:]? )*"
    r"(?:whats?|wats?|which|whos?|whom|whose|wheres?|wher|when|how (?:old|many|long)|did i|have i|do i|am i|are we|was i|the \w+)\b"
)
_OF_ME = re.compile(  # a question without its mark
    r"\b(?:wh?ere?|wher|what|wat|who|when|how (?:old|many))(?:(?:'?s| is| are| was| were) (?:my|our)\b| (?:do|did|am|was|are|were|have) (?:i|we)\b)"
)
_REMINDS = re.compile(
    r"\b(?:remind me|do you (?:still )?(?:remember|recall)|what did i (?:say|tell)|did i (?:say|tell|mention)|have i (?:told|said|mentioned)|i told you|i mentioned|you know my)\b"
)
_OWN = re.compile(r"\b(?:i|i'm|i've|my|mine|me|we|our|us)\b")
_ADVICE = re.compile(
    r"\b(?:should|could|can|may|might|shall|would|will|want|need|watch (?:next|tonight|now)|looking|going to|if)\b|\b(?:for|suits?|fits?) (?:me|us)\b|\b(?:do|does) (?:it|that|this|they|he|she)\b"
)
_SHOWN = re.compile(
    r"\b(?:you|u|we)\b(?: \w+){0,2}? (?:suggest|recommend|show|propos|offer|pick|mention|give|gave|found|find|talk|discuss|look|name|tell me about|told me about|come up with|came up with)(?:ed|s|d|n)?\b"
    r"|\b(?:your|the) (?:suggestions?|recommendations?|picks?|list)\b(?! for\b)|\b(?:was|were|been) (?:i|we) (?:shown|recommended|offered)\b|\b(?:suggested|recommended|shown|offered) (?:to )?(?:me|us)\b"
)
_EARLIER = re.compile(
    r"\b(?:last time|the time before|earlier|before|previously|back then|already|so far|in the past|the other time|in our last|yet)\b"
)
_LIKED = re.compile(r"\b(?:i|we)\b(?: \w+){0,2}? (?:liked?|loved?|enjoyed|adored|was into)\b|\bmy favou?rites?\b")
_DISLIKED = re.compile(
    r"\b(?:i|we)\b(?: \w+){0,2}? (?:hated?|disliked?|didn'?t like|did not like|rejected|turned down|can'?t stand|couldn'?t stand)\b"
)
_TOLD_OF = re.compile(  # which items, by what the person said of them
    r"\b(?:which|what)\b(?! (?:is|are|was|were)\b).*\b(?:i (?:told|said|mentioned)|did i (?:tell|say|mention)|have i (?:told|said|mentioned))\b.*\bi (?:really )?(?:like|love|enjoy|adore|hate|dislike)d?\b"
)
_JUDGED: tuple[tuple[re.Pattern[str], Matter], ...] = ((_DISLIKED, "disliked"), (_LIKED, "liked"))
LEAST = 0.42
"""How well a memory must fit a question to be told as its answer."""


@dataclass(frozen=True)
class Question:
    """What a message asks of the memory: items that were shown, liked or disliked, or what was told; when, if it says so."""

    matter: Matter
    when: Window | None


def asked_of_memory(text: str, now: datetime) -> Question | None:
    """Returns what a message asks of what was before this conversation; None where it asks for something else."""
    folded = fold(text).strip()
    question = bool(_ASKS.search(folded)) or bool(_REMINDS.search(folded))
    if not question or _ADVICE.search(folded):
        return None
    when = window(text, now)
    if _SHOWN.search(folded) and (when is not None or _EARLIER.search(folded)):
        return Question("shown", when)
    judged = next((matter for pattern, matter in _JUDGED if pattern.search(folded)), None)
    if judged is not None and (when is not None or _TOLD_OF.search(folded)):
        return Question(judged, when)
    if _OWN.search(folded) and terms(text) and ("?" in text or _REMINDS.search(folded) or _OF_ME.search(folded)):
        return Question("told", when)
    return None
