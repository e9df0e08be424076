"""How much of something: more or less of it, and fields whose values are degrees ("low", "moderate", "high"), heard in everyday words."""

import re

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.message import Message
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.compact.values import Value
from convrec.agent.wording import field_words
from convrec.core.text import fold
from convrec.tools.attributes.model import plain

_DEGREES = {"low", "little", "moderate", "medium", "average", "high", "very low", "very high"}
_LITTLE = (
    r"(?:(?:very |too )?(?:little|low|less|minimal|hardly any|not (?:too |very |that )?much|no|without much|barely any)"
    r"|(?:(?:does|do|wo|should)nt|(?:does|do|should|will) not|never|hardly|barely)(?: really| ever| actually)? (?:needs?|wants?|requires?|takes?|drinks?|asks? for|likes?)"
    r" (?:(?:too |that |very |so )?(?:much|many|regular|constant)|a lot of|lots of|loads of|plenty of|tons of|any))"
)
_MUCH = r"(?:high|lots of|plenty of|much|a lot of|constant|regular)"
_LOW_WORDS = {
    "water": r"drought(?: tolerant| resistant| proof)?|dry(?: spot| soil| ones?| places?| corner| shade)?|forgets? (?:to|the) water|(?:never|rarely|hardly(?: ever)?|seldom|dont|wont) water",
}  # fmt: skip
_HIGH_WORDS = {"water": r"boggy|wet(?: feet| soil| spot| corner)?|damp|soggy|marshy|thirsty|pond(?:side)?"}
_COMPARING = re.compile(r"\b(?:more|less|too|not (?:quite )?(?:as|so|that))(?: of)?(?: the| a)? ?$")


def is_degree(before: str, said: str) -> bool:
    """Tells whether words ask for more or less of something than there is: they are a comparative ("funnier"), or what stands before
    them makes them one ("more", "not so").
    """
    return plain(said) != said or _COMPARING.search(before) is not None


class DegreeReader:
    """Reads degrees against the fields of a catalogue whose values are degrees."""

    def __init__(self, fields: Fields) -> None:
        self._patterns: list[tuple[re.Pattern[str], Value]] = []
        for field in fields.plain:
            values = fields.catalogue.values(field.name).values
            named = {fold(value): value for value in values} if len(values) <= len(_DEGREES) else {}
            if not named or not named.keys() <= _DEGREES or not {"low", "high"} <= named.keys():
                continue
            for name in field_words(field):
                low = "|".join(filter(None, (rf"{_LITTLE} {name}\b", _LOW_WORDS.get(name))))
                high = "|".join(filter(None, (rf"{_MUCH} {name}\b", _HIGH_WORDS.get(name))))
                for pattern, value in ((low, named["low"]), (high, named["high"])):
                    self._patterns.append((re.compile(rf"\b(?:{pattern})\b"), Value(field, value, 1)))

    def read(self, message: Message) -> list[ValueHit]:
        """Returns the degrees that the message asks for."""
        found = [
            ValueHit(start, end, value, firm=fold(value.value) == "low")  # "not much" is no negation of it
            for pattern, value in self._patterns
            for start, end, _ in message.find(pattern)
        ]
        return [hit for hit in found if not any(other.start < hit.start < hit.end <= other.end for other in found)]
