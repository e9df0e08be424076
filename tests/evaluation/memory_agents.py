"""Agents of one virtue or vice each, to see what the measure of memory makes of them. They hear everything, from the script itself."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from convrec.core.profile import ProfileEntry
from convrec.core.reply import Reply, ReplyItem
from convrec.core.understanding import Preference, Understanding
from convrec.evaluation.memory.people import personas
from convrec.evaluation.memory.speaking import Speaker
from convrec.evaluation.memory.talking import inquiries, sittings_of
from convrec.evaluation.memory.tastes import offer_of


class Entry(ProfileEntry):
    """An entry with what it is about."""

    about: str = ""


@dataclass(frozen=True)
class Recalled:
    source: str
    text: str


@dataclass
class Script:
    """What everybody tells by what words, for agents that need not understand any; and everybody's veto."""

    catalogue: object
    items: tuple = ()
    tells: dict = field(default_factory=dict)
    asked: dict = field(default_factory=dict)
    vetoes: dict = field(default_factory=dict)

    @classmethod
    def of(cls, workspace, options):
        """Returns the script of a run."""
        catalogue = workspace.catalogue()
        offer = offer_of(catalogue)
        script = cls(catalogue, tuple(catalogue.item(row) for row in range(len(catalogue))))
        people = personas(offer, options.users, options.seed)
        speakers = [Speaker(person, offer, options.wording, options.seed) for person in people]
        for asked in inquiries(speakers, sittings_of(speakers, options.messages)):
            script.tells |= {(asked.id, message.number): message.tells for message in asked.messages}
            script.asked |= {(asked.id, question.text): question.about.fact.key for question in asked.questions}
        script.vetoes = {f"veto-{each.id}": each.tastes["veto_kind"] for each in people}
        return script


class Perfect:
    """Keeps one entry a fact, in a file, and recalls first what is asked for."""

    def __init__(self, script, workspace, clock, new_id):
        self.script, self.clock, self.new_id = script, clock, new_id
        self.path = Path(workspace.state_url().removeprefix("sqlite:///")).with_suffix(".json")
        self.state = (
            json.loads(self.path.read_text()) if self.path.exists() else {"said": {}, "facts": {}, "replies": {}}
        )

    def chat(self, text, *, user_id, thread_id, request_id=None):
        if request_id in self.state["replies"]:
            return Reply.model_validate(self.state["replies"][request_id])
        number = int(request_id.rpartition("-")[2])
        said = self.state["said"].setdefault(user_id, [])
        turn = 1 + sum(thread == thread_id for thread, *_ in said)
        said.append((thread_id, turn, text))
        for telling in self.script.tells.get((user_id, number), ()):
            self.learn(user_id, telling, (thread_id, turn, text))
        reply = self.reply(user_id, text, turn)
        self.state["replies"][request_id] = reply.model_dump(mode="json")
        return reply

    def learn(self, user_id, telling, origin):
        facts = self.state["facts"].setdefault(user_id, {})
        facts.pop(telling.fact.key, None)
        if telling.value is not None:
            facts[telling.fact.key] = self.entry(telling.fact, telling.value.name, origin)

    def entry(self, fact, value, origin):
        thread, turn, text = origin
        return Entry(
            id=self.new_id(), facet=fact.facet, value=value, about=fact.key, item_id=fact.item or None, polarity=fact.polarity, scope="lasting",
            quote=text, thread_id=thread, turn=turn, created=self.clock.now(), updated=self.clock.now(),
        ).model_dump(mode="json")  # fmt: skip

    def reply(self, user_id, text, turn):
        veto = self.script.vetoes.get(user_id)
        heard = ()
        if veto and turn == 1:
            value = next(
                v for v in self.script.catalogue.values(veto.facet).values if v.lower() == veto.value.name.lower()
            )
            heard = (Preference(facet=veto.facet, value=value, polarity=-1, strength="hard", scope="lasting"),)
        items = [item for item in self.script.items if self.shows(item, veto)][:3]
        shown = tuple(
            ReplyItem(id=item.id, title=item.title, rank=rank, score=1.0, confidence=0.5)
            for rank, item in enumerate(items, 1)
        )
        return Reply(text="Here.", items=shown, understanding=Understanding(preferences=heard), turn=turn)

    def shows(self, item, veto):
        return veto is None or veto.value.name.lower() not in [g.lower() for g in item.facts["genres"]]

    def profile(self, user_id):
        return [Entry.model_validate(entry) for entry in self.state["facts"].get(user_id, {}).values()]

    def recall(self, user_id, text, *, k=5):
        return [Recalled(f"profile:{e.id}", f"{e.about}: {e.value} ({e.quote})") for e in self.found(user_id, text)][:k]

    def found(self, user_id, text):
        key = self.script.asked.get((user_id, text))
        return sorted(self.profile(user_id), key=lambda entry: entry.about != key)

    def save(self):
        self.path.write_text(json.dumps(self.state))

    def close(self):
        self.save()


class Forgetful(Perfect):
    """Loses everything when it is closed."""

    def save(self):
        pass


class Stubborn(Perfect):
    """Keeps what it heard first, and adds nothing to it."""

    def learn(self, user_id, telling, origin):
        facts = self.state["facts"].setdefault(user_id, {})
        if telling.value is not None:
            facts.setdefault(telling.fact.key, self.entry(telling.fact, telling.value.name, origin))


class Hoarder(Perfect):
    """Writes down every telling again, and every message besides."""

    def learn(self, user_id, telling, origin):
        super().learn(user_id, telling, origin)
        if telling.value is not None:
            facts = self.state["facts"][user_id]
            facts[f"again {len(facts)}"] = self.entry(telling.fact, telling.value.name, origin)

    def chat(self, text, *, user_id, thread_id, request_id=None):
        reply = super().chat(text, user_id=user_id, thread_id=thread_id, request_id=request_id)
        if not self.script.tells.get((user_id, int(request_id.rpartition("-")[2])), ()):
            note = Entry(
                id=self.new_id(), facet="text", value="weather", about="note", polarity=1, scope="lasting", quote=text, thread_id=thread_id,
                turn=reply.turn, created=self.clock.now(), updated=self.clock.now(),
            )  # fmt: skip
            self.state["facts"].setdefault(user_id, {})[f"note {reply.turn}{thread_id}"] = note.model_dump(mode="json")
        return reply


class Leaky(Perfect):
    """Recalls everybody's entries for anybody."""

    def recall(self, user_id, text, *, k=5):
        everybody = [user for user in sorted(self.state["facts"]) if not user.startswith("veto")]
        other = everybody[(everybody.index(user_id) + 1) % len(everybody)]
        return [*super().recall(user_id, text, k=4), *super().recall(other, "", k=1)]


class Careless(Perfect):
    """Hears a veto and shows what was ruled out."""

    def shows(self, item, veto):
        return veto is None or not super().shows(item, veto)
