"""Values that are one person's alone: wherever another person gets to see one, memory leaks. Numbers and days are none: they are dates, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from convrec.catalogue.catalogue import Catalogue
from convrec.evaluation.memory.facts import Value
from convrec.evaluation.memory.reading import stems


class Secrets:
    """The values that only one person ever says, and that the catalogue does not have either."""

    def __init__(
        self, values: Mapping[str, Sequence[Value]], said: Mapping[str, Iterable[str]], catalogue: Catalogue
    ) -> None:
        known = {stem for text in (*catalogue.texts(), *catalogue.titles) for stem in stems(text)}
        forms = {
            person: {tuple(stems(form) for form in value.forms) for value in each} for person, each in values.items()
        }
        self._longest = max((len(form) for each in forms.values() for one in each for form in one), default=0)
        holds = {person: {run for text in texts for run in self._runs(text)} for person, texts in said.items()}
        told = {person: [one for one in each if holds[person].intersection(one)] for person, each in forms.items()}
        for person, each in forms.items():  # whoever has a value may see it in every form
            holds[person].update(form for one in each for form in one)
        holders = Counter(run for runs in holds.values() for run in runs)
        self._owner = {
            form: person
            for person, each in told.items()
            for one in each
            for form in one
            if holders[form] == 1 and not known.issuperset(form) and not any(stem.isdecimal() for stem in form)
        }

    def __len__(self) -> int:
        return len(self._owner)

    def foreign(self, person: str, texts: Iterable[str]) -> list[str]:
        """Returns the values of others that stand in texts that a person gets to see."""
        runs = {run for text in texts for run in self._runs(text)}
        return sorted(" ".join(run) for run in runs if self._owner.get(run, person) != person)

    def _runs(self, text: str) -> Iterable[tuple[str, ...]]:
        found = stems(text)
        return (found[at : at + n] for n in range(1, self._longest + 1) for at in range(len(found) - n + 1))
