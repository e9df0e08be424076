"""Where a conversation takes place: an agent over one catalogue, and how its cards are drawn."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from convrec.core.dials import Dials
from convrec.ui.chat.render import Renderer

if TYPE_CHECKING:
    from convrec.agent.agent import Agent


@dataclass(frozen=True)
class Venue:
    """One catalogue to talk about. `name` is blank for the catalogue that the page was opened over, else that of a person's own."""

    agent: "Agent"
    renderer: Renderer
    name: str = ""

    @classmethod
    def over(cls, agent: "Agent", name: str = "") -> "Venue":
        """Returns the venue of an agent."""
        return cls(agent, Renderer(agent.toolbox.catalogue), name)

    @property
    def dials(self) -> Dials:
        """Returns how the workspace's settings choose."""
        settings = self.agent.workspace.settings.retrieval
        return Dials(diversity=settings.diversity, exploration=settings.exploration)
