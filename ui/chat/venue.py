"""Where a conversation takes place: an agent over one catalogue, and how its cards are drawn."""

from typing import TYPE_CHECKING

from convrec.core.dials import Dials
from convrec.ui.chat.render import Renderer

if TYPE_CHECKING:
    from convrec.agent.agent import Agent


class Venue:
    """One catalogue to talk about. `name` is blank for the catalogue that the page was opened over, else that of a person's own."""

    def __init__(self, agent: "Agent", name: str = "") -> None:
        self.agent, self.name = agent, name
        self._renderer = Renderer(agent.toolbox.catalogue)

    @property
    def renderer(self) -> Renderer:
        """Draws what is said over the catalogue as it stands now."""
        catalogue = self.agent.toolbox.catalogue
        if self._renderer.catalogue is not catalogue:
            self._renderer = Renderer(catalogue)
        return self._renderer

    @property
    def dials(self) -> Dials:
        """Returns how the workspace's settings choose."""
        settings = self.agent.workspace.settings.retrieval
        return Dials(diversity=settings.diversity, exploration=settings.exploration)
