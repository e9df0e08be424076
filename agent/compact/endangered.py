"""Who could come to harm by an item: "my cat chews everything" asks for what is safe for pets, where a field says so."""

import re

from convrec.agent.compact.fields import Fields
from convrec.agent.compact.message import Message
from convrec.agent.compact.value_linker import ValueHit
from convrec.agent.compact.values import Value, flag_kin

_BETWEEN = r"(?: (?!never|not|hardly|rarely|(?:do|does|did|would|wo|is|are)nt)\w+){0,4}?"
_EATS = (
    r"(?:chew|eat|nibble|bite|lick|gnaw|swallow|graze|taste|snack|feast)(?:s|ing)?(?: (?:on|at|up|off))?|munch(?:es|ing)?(?: on)?"
    r"|(?:chewing|nibbling|biting|grazing|tasting)(?: (?:on|at))?|(?:gets?|getting) (?:into|at)|(?:tries|trying) everything"
)
_ELSE = r"(?! (?:only|just|nothing|no|fish|meat|kibble|dry|wet|cat|dog|his|her|their|its)\b)"


class EndangeredReader:
    """Reads what a message tells of creatures that eat what they find, against the fields that say for whom an item is safe."""

    def __init__(self, fields: Fields) -> None:
        self._patterns = [
            (re.compile(rf"\b(?:{'|'.join(kin)}){_BETWEEN} (?:{_EATS})\b{_ELSE}"), Value(field, "true", 1))
            for field in fields.flags
            if (kin := flag_kin(field, "safe"))
        ]

    def read(self, message: Message) -> list[ValueHit]:
        """Returns that an item must be safe for them, where the message tells so."""
        return [
            ValueHit(start, end, value, firm=True)
            for pattern, value in self._patterns
            for start, end, _ in message.find(pattern)
        ]
