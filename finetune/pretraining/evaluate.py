"""Measures a saved model on wording, values and domains that training never saw. Runs on a GPU in well under a minute, on a CPU in some."""

import json
import logging
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from convrec.finetune.grammar.mixture import Chat, Source
from convrec.finetune.grammar.names import Names, RealNames
from convrec.finetune.grammar.wording import Wording
from convrec.finetune.pretraining.corpus import TextStore
from convrec.finetune.pretraining.scoring import SCORERS, Tally
from convrec.finetune.pretraining.tokens import Encoder

_LOG = logging.getLogger(__name__)
_LONGEST = {"understand": 420, "plan": 260, "drill": 90, "explain": 380}


@dataclass(frozen=True)
class Question:
    """One prompt and its gold answer."""

    chat: Chat
    gold: str


def question_sets(carry: Path, count: int, seed: int = 1000) -> dict[str, tuple[str, list[Question]]]:
    """Returns `{name: (task, questions)}`: seen wording with unseen values, unseen wording, unseen domains, and the other tasks."""
    names = Names(RealNames.load(carry / "names.json.gz", heldout=True))
    seen, wording = Source(names, Wording()), Source(names, Wording("heldout"))
    domains, both = (
        Source(names, Wording(), held_out_domains=True),
        Source(names, Wording("heldout"), held_out_domains=True),
    )
    plan = {
        "understand_seen": ("understand", seen), "understand_wording": ("understand", wording), "understand_domains": ("understand", domains),
        "understand_both": ("understand", both), "plan": ("plan", seen), "drill": ("drill", seen), "explain": ("explain", wording),
    }  # fmt: skip
    return {name: (task, _questions(source, task, count, f"{seed}/{name}")) for name, (task, source) in plan.items()}


def _questions(source: Source, task: str, count: int, seed: str) -> list[Question]:
    rng = random.Random(seed)
    chats = [source.write(rng, task, turns=1) for _ in range(count)]
    return [Question(chat[:-1], chat[-1][1]) for chat in chats]


class Answerer:
    """Greedy answers of a saved model, many prompts at a time."""

    def __init__(self, folder: Path, encoder: Encoder, device: str) -> None:
        from transformers import AutoModelForCausalLM

        dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
        self._model = AutoModelForCausalLM.from_pretrained(str(folder), dtype=dtype).to(device).eval()
        self._encoder, self._device = encoder, device

    @torch.no_grad()
    def answers(self, chats: list[Chat], longest: int, batch: int) -> list[str]:
        """Returns an answer to each chat, of at most `longest` tokens."""
        prompts = [self._encoder.prompt(chat)[-1600:] for chat in chats]
        order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
        found = [""] * len(prompts)
        for start in range(0, len(order), batch):
            part = order[start : start + batch]
            for index, text in zip(part, self._generate([prompts[index] for index in part], longest), strict=True):
                found[index] = text
        return found

    def _generate(self, prompts: list[list[int]], longest: int) -> list[str]:
        width = max(map(len, prompts))
        ids = torch.tensor(
            [[self._encoder.pad] * (width - len(prompt)) + prompt for prompt in prompts], device=self._device
        )
        mask = torch.tensor(
            [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=self._device
        )
        out = self._model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=longest,
            do_sample=False,
            pad_token_id=self._encoder.pad,
            eos_token_id=self._encoder.end,
        )
        return [self._encoder.text(row[width:].tolist()) for row in out]

    @torch.no_grad()
    def text_loss(self, store: TextStore, documents: int) -> float:
        """Returns the mean loss over held-out natural text, in nats a token."""
        total, count = 0.0, 0
        for number in range(min(documents, store.size)):
            ids = torch.tensor([store.document(number).ids[:2048]], device=self._device)
            loss = self._model(input_ids=ids, labels=ids).loss
            total, count = total + float(loss) * (ids.shape[1] - 1), count + ids.shape[1] - 1
        return total / max(count, 1)


def evaluate(
    folder: Path, carry: Path, device: str, count: int = 256, batch: int = 256, seconds: float = 60.0
) -> dict[str, Any]:
    """Writes `report.json` into the model's folder and returns it: figures by set, and samples. Stops early when `seconds` are over."""
    started = time.monotonic()
    encoder = Encoder.load(carry)
    answerer = Answerer(folder, encoder, device)
    report: dict[str, Any] = {"figures": {}, "samples": {}, "count": count}
    store = TextStore.load(carry / "text-heldout.npz")
    report["figures"]["text_loss"] = round(answerer.text_loss(store, min(200, count)), 4)
    for name, (task, questions) in question_sets(carry, count).items():
        if time.monotonic() - started > seconds:
            report["stopped_before"] = name
            break
        answers = answerer.answers([question.chat for question in questions], _LONGEST[task], batch)
        tally = Tally()
        for question, answer in zip(questions, answers, strict=True):
            SCORERS[task](tally, question.chat[-1][1], question.gold, answer)
        report["figures"][name] = tally.figures()
        report["samples"][name] = [
            {"prompt": question.chat[-1][1], "gold": question.gold, "answer": answer} for question, answer in list(zip(questions, answers, strict=True))[:12]
        ]  # fmt: skip
        report["seconds"] = round(time.monotonic() - started, 1)
        _LOG.info("%s %s (%.1f s)", name, report["figures"][name], report["seconds"])
        (folder / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    return report
