"""Everybody's sittings in the order of time, over one agent that is restarted between; then questions for what they told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from convrec.core.profile import ProfileEntry
from convrec.evaluation.memory.facts import Known, Part, joint, known
from convrec.evaluation.memory.leaks import Secrets
from convrec.evaluation.memory.people import Persona
from convrec.evaluation.memory.remembering import World
from convrec.evaluation.memory.schedule import Message
from convrec.evaluation.memory.speaking import Speaker
from convrec.evaluation.run import Answer

TOP = 5
_RESTARTS = 20  # over all sittings
_KEPT = ("facet", "value", "about", "item_id", "polarity", "strength", "scope", "quote", "thread_id", "turn")


@dataclass(frozen=True)
class Sitting:
    """One person's messages of one evening; `number` counts everybody's sittings."""

    id: str
    number: int
    person: str
    messages: tuple[Message, ...]
    restart: bool


@dataclass(frozen=True)
class Question:
    """A question for something that was told."""

    about: Known
    text: str
    part: Part


@dataclass(frozen=True)
class Inquiry:
    """What one person is asked for, of all that was told of them; `told` is everything that is known, of what is dropped as well."""

    id: str
    told: tuple[Known, ...]
    questions: tuple[Question, ...]
    messages: tuple[Message, ...]


def sittings_of(speakers: Sequence[Speaker], messages: int) -> list[Sitting]:
    """Returns everybody's sittings in the order in which they begin; an agent restarts before some of them."""
    found = [(speaker.persona, sitting) for speaker in speakers for sitting in speaker.sittings(messages)]
    found.sort(key=lambda each: (each[1][0].at, each[0].id))
    every = max(1, len(found) // _RESTARTS)
    return [
        Sitting(f"{person.id}-{sitting[0].number}", number, person.id, tuple(sitting), restart=number % every == 0)
        for number, (person, sitting) in enumerate(found)
    ]


def inquiries(speakers: Sequence[Speaker], sittings: Sequence[Sitting]) -> list[Inquiry]:
    """Returns what everybody is asked for once all was said: each fact that still holds, once."""
    return [_inquiry(speaker, [s for s in sittings if s.person == speaker.persona.id]) for speaker in speakers]


def _inquiry(speaker: Speaker, sittings: Sequence[Sitting]) -> Inquiry:
    messages = tuple(message for sitting in sittings for message in sitting.messages)
    told = tuple(known(telling for message in messages for telling in message.tells).values())
    questions = []
    for each in told:
        if each.value is not None:
            text, wording = speaker.question(each.fact)
            questions.append(Question(each, text, joint((each.part, wording.part))))
    return Inquiry(speaker.persona.id, told, tuple(questions), messages)


def secrets_of(people: Sequence[Persona], asked: Sequence[Inquiry], catalogue: Any) -> Secrets:
    """Returns the values that only one of the people ever says."""
    values = {person.id: person.values for person in people}
    said = {each.id: [message.text for message in each.messages] for each in asked}
    return Secrets(values, said, catalogue)


def sit(sitting: Sitting, world: World, secrets: Secrets) -> Answer:
    """Says a sitting's messages; returns which turn each became, and others' values in what the person got to see."""
    if sitting.restart:
        world.restart()
    turns, seen = [], []
    for message in sitting.messages:
        reply = world.say(sitting.person, message.thread, message.text, message.number, message.at)
        turns.append([message.number, message.thread, reply.turn])
        seen += [reply.text, *(reason.text for item in reply.items for reason in item.reasons)]
    seen += [text for entry in world.agent.profile(sitting.person) for text in (entry.value, entry.quote)]
    return {"turns": turns, "foreign": secrets.foreign(sitting.person, seen)}


def ask(inquiry: Inquiry, world: World, secrets: Secrets, at: datetime) -> Answer:
    """Asks for everything; returns what was recalled, the profile, others' values in either, and the milliseconds of each question."""
    world.wait(at)
    agent = world.agent
    profile = [_row(entry) for entry in agent.profile(inquiry.id)]
    recalled, took = [], []
    for question in inquiry.questions:
        began = time.perf_counter()
        found = agent.recall(inquiry.id, question.text, k=TOP)
        took.append(round(1000 * (time.perf_counter() - began), 3))
        recalled.append([{"source": each.source, "text": each.text} for each in found[:TOP]])
    seen = [row["text"] for each in recalled for row in each] + [f"{row['value']} {row['quote']}" for row in profile]
    return {"profile": profile, "recalled": recalled, "foreign": secrets.foreign(inquiry.id, seen), "ms": took}


def after(sittings: Sequence[Sitting]) -> datetime:
    """Returns the time at which questions are asked: a day after the last message."""
    return max(sitting.messages[-1].at for sitting in sittings) + timedelta(days=1)


def _row(entry: ProfileEntry) -> Mapping[str, Any]:
    document = entry.model_dump(mode="json")
    return {name: document.get(name, "") for name in _KEPT}
