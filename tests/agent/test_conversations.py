"""The agent gets the scripted conversations right, and a bot that looks up keywords does not."""

import random

import pytest

from tests.agent.conversation import Conversation, Line, failures, load, scripts
from tests.agent.facts import Items, meets
from tests.agent.keyword_bot import KeywordBot

ITEMS = Items.read()
FEWEST = 4  # items that a wish must leave


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_the_agent_gets_it_right(agent, path):
    def answer(say):
        return agent.chat(say, user_id=f"visitor {path.stem}", thread_id=path.stem).model_dump(mode="json")

    broken = failures(load(path), answer, ITEMS)
    assert not broken, "\n".join(["", *broken])


@pytest.mark.parametrize("seed", range(4))
def test_the_scripts_lines_in_any_order_break_no_promise(agent, seed):
    """Eight lines of any conversations, one after the other: what is said may make no sense, what is answered must hold."""
    lines, chance = [line for path in scripts() for line in load(path).lines], random.Random(seed)
    for number in range(5):
        place = {"user_id": f"muddle {seed}/{number}", "thread_id": "muddle"}
        muddle = Conversation("muddle", "A muddle", tuple(Line(line.say, {}) for line in chance.sample(lines, 8)))
        broken = failures(muddle, lambda say, place=place: agent.chat(say, **place).model_dump(mode="json"), ITEMS)
        assert not broken, "\n".join([*(line.say for line in muddle.lines), *broken])


@pytest.mark.parametrize("path", scripts(), ids=lambda path: path.stem)
def test_every_wish_can_be_met(path):
    for line in load(path).lines:
        every, none = line.expect.get("every", {}), line.expect.get("none", {})
        left = [
            facts for facts in ITEMS.facts.values()
            if all(meets(facts.get(name), wanted) for name, wanted in every.items())
            and not any(meets(facts.get(name), unwanted) for name, unwanted in none.items())
        ]  # fmt: skip
        assert len(left) >= FEWEST, f"{line.say!r} leaves {[facts['title'] for facts in left]}"


def test_a_keyword_bot_fails_at_least_half():
    bot = KeywordBot(ITEMS)
    failed = [path.stem for path in scripts() if failures(load(path), bot.reply, ITEMS)]
    assert len(failed) >= 20, f"only {failed}"
