"""Wide conversations held with an agent over their own catalogue, and what came of them."""

from pathlib import Path

from convrec.agent import Agent
from convrec.catalogue.ingest import ingest
from convrec.catalogue.workspace import Workspace
from convrec.tools.fitting import fit
from tests.agent.conversation import SCRIPTS, Conversation, failures
from tests.agent.facts import DEMO, Items
from tests.agent.listening import Score, listened

WIDE, UNSEEN = SCRIPTS / "wide", SCRIPTS / "unseen"


def opened(name: str, root: Path) -> tuple[Agent, Items]:
    """Returns an agent over a catalogue, and its facts; the demo's own for films."""
    if name == "films":
        return Agent.demo(), Items.read(DEMO)
    workspace, source = Workspace.create(root / name), WIDE / "catalogues" / f"{name}.jsonl"
    ingest(workspace, items=[source])
    fit(workspace)
    return Agent.open(workspace), Items.read(source)


def held(conversation: Conversation, agent: Agent, items: Items) -> tuple[list[str], Score, int]:
    """Returns what failed in a conversation, how well its messages were heard, and how many turns went without a fault."""
    user, heard = f"wide {conversation.file}", []
    agent.forget(user)  # of an earlier run

    def answer(say: str) -> dict:
        reply = agent.chat(say, user_id=user).model_dump(mode="json")
        heard.append(reply["understanding"]["preferences"])
        return reply

    broken = failures(conversation, answer, items)
    pairs = zip(conversation.lines, heard, strict=True)
    score = sum((listened(line.understood, found) for line, found in pairs if line.understood is not None), Score())
    return broken, score, len(conversation.lines) - len({what.split(",")[0] for what in broken})
