"""Tools whose items are aligned to a catalogue's rows, and so follow a catalogue that changes."""

from __future__ import annotations

from copy import copy
from typing import Self

from convrec.catalogue.laid import LaidCatalogue
from convrec.tools.alignment import Alignment
from convrec.tools.contract import Tool


class AlignedTool(Tool):
    """A tool that knows rows by `_items` alone; its arrays are over its own items, which no change of the catalogue moves."""

    _items: Alignment

    def over(self, catalogue: LaidCatalogue) -> Self:
        """Returns the tool over a catalogue that was laid over its own; new items are unknown to it."""
        if len(catalogue) == self._items.n_rows:
            return self
        laid = copy(self)
        laid._items = self._items.over(catalogue)
        return laid
