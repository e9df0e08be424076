"""From figures to a recommendation: the steps in which the model wins by a paired interval, and whether it should rank, as lines of `convrec.toml`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convrec.catalogue.store import disk_errors, write_atomically
from convrec.core.errors import InputError
from convrec.core.settings import Llm, Manner, Step, load_settings
from convrec.evaluation.engines.candidates import Job
from convrec.evaluation.reading import clearly
from convrec.evaluation.result import Difference


@dataclass(frozen=True)
class Verdict:
    """What decides a step, or ordering: the metric to win by, that nothing else which counts is lost, and whether so much was found."""

    step: Job
    metric: str
    gain: Difference | None
    lost: tuple[str, ...]

    @property
    def wins(self) -> bool:
        """Tells whether the model is clearly better, and clearly worse in nothing."""
        return self.gain is not None and clearly(self.metric, self.gain) == "better" and not self.lost

    def document(self) -> dict[str, Any]:
        """Returns it as JSON."""
        gain = self.gain.model_dump(mode="json") if self.gain is not None else None
        return {"metric": self.metric, "gain": gain, "lost": list(self.lost), "recommended": self.wins}


def counting(patience: int) -> dict[Job, tuple[str, ...]]:
    """Returns what counts in each step and in ordering, first what it is decided by."""
    return {
        "understand": ("understand slot_f1", "understand acts_f1"),
        "plan": (f"plan success@{patience}", "plan turns"),
        "explain": ("explain stock phrases", "explain repeated openings"),
        "rank": ("rank ndcg@10",),
    }


def verdicts(gains: Mapping[str, Difference], patience: int) -> tuple[Verdict, ...]:
    """Returns the verdict on each step, and on ordering where that was measured, from what a model has over the compact engine."""
    measured = {step: names for step, names in counting(patience).items() if step != "rank" or names[0] in gains}
    return tuple(_verdict(step, names, gains) for step, names in measured.items())


def _verdict(step: Job, names: Sequence[str], gains: Mapping[str, Difference]) -> Verdict:
    first, *others = names
    lost = tuple(name for name in others if name in gains and clearly(name, gains[name]) == "worse")
    return Verdict(step, first, gains.get(first), lost)


def steps_won(judged: Sequence[Verdict]) -> list[Step]:
    """Returns the steps that the model should serve."""
    return [verdict.step for verdict in judged if verdict.wins and verdict.step != "rank"]


def ranking(judged: Sequence[Verdict], manner: Manner) -> dict[str, str]:
    """Returns whether and how the model should rank, as the setting `rank`; nothing where that was not measured."""
    rank = next((verdict for verdict in judged if verdict.step == "rank"), None)
    return {} if rank is None else {"rank": manner if rank.wins else "off"}


def setting(llm: Llm, steps: Sequence[Step], rank: str | None = None) -> dict[str, Any]:
    """Returns what `[llm]` has to hold for the model to serve those steps, and to rank so; that it should not is said only where it does."""
    named = {key: value for key in ("base_url", "model", "adapter") if (value := getattr(llm, key))}
    told = {"rank": rank} if rank and (rank, llm.rank) != ("off", "off") else {}
    return {**named, "steps": list(steps), **told}


def toml_lines(wanted: Mapping[str, Any]) -> str:
    """Returns these settings of `[llm]` as lines to paste."""
    import tomlkit

    document = tomlkit.document()
    document["llm"] = dict(wanted)
    return tomlkit.dumps(document).strip()


def write_setting(path: Path, wanted: Mapping[str, Any]) -> None:
    """Writes these settings of `[llm]` into a `convrec.toml`, all else in it as it was.

    Raises:
        InputError: the file is no TOML, or would no longer be sound.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_text(encoding="utf-8") if path.exists() else "")
        section = document.setdefault("llm", tomlkit.table())
        section.update(wanted)
    except (TOMLKitError, AttributeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}.", "Mend the line it names.") from error
    with disk_errors(path.parent):
        write_atomically(path, tomlkit.dumps(document).encode())
    load_settings(path, {})
