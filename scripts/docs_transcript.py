"""Writes the conversation of README.md from a real run on the demo films; run it when replies have changed."""

import re
from datetime import UTC, datetime
from pathlib import Path

from convrec.agent.agent import Agent
from convrec.catalogue.workspace import Workspace
from convrec.core.clock import FixedClock, counted_ids

PAGE = Path(__file__).parents[1] / "README.md"
PLACE = re.compile(
    r"(<!-- transcript, written by scripts/docs_transcript.py -->\n).*?(<!-- end of transcript -->)", re.DOTALL
)
MESSAGES = (
    "I loved Heat, but tonight something funnier, nothing with Adam Sandler",
    "seen the first one. from the 90s maybe?",
    "who directed the second one?",
    "why the third?",
)


def transcript() -> str:
    """Returns the conversation as Markdown."""
    with Agent.demo():
        pass  # the demo is indexed
    user = "readme"
    with Agent.open(
        Workspace.demo(), clock=FixedClock(datetime(2026, 1, 5, 20, tzinfo=UTC)), new_id=counted_ids("e")
    ) as agent:
        agent.forget(user)
        said = [(message, agent.chat(message, user_id=user).text) for message in MESSAGES]
        agent.forget(user)
    return "\n\n".join(f"> {message}\n\n{text}" for message, text in said)


def main() -> None:
    """Writes the page."""
    text = transcript()
    fresh, places = PLACE.subn(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", PAGE.read_text(encoding="utf-8"))
    if places != 1:
        raise SystemExit(f"{PAGE.name} has {places} places for the conversation; it needs one.")
    PAGE.write_text(fresh, encoding="utf-8")


if __name__ == "__main__":
    main()
