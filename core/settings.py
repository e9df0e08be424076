"""`convrec.toml`: every setting of a workspace, validated, each overridable by `CONVREC_<SECTION>_<KEY>`."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from convrec.core.errors import InputError


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Models(_Section):
    """Which models are used where."""

    encoder: str = Field("all-MiniLM-L6-v2", description="the text encoder: the shipped one's name, or a folder")


class Policy(_Section):
    """How the agent leads a conversation."""

    explore: Literal["auto", "always", "never"] = Field(
        "auto", description="whether to explore an attribute in several rounds"
    )
    max_rounds: int = Field(3, ge=1, le=10, description="retrieval rounds a turn")
    max_questions: int = Field(2, ge=0, description="questions in a row before items are shown whatever is unknown")
    slate_size: int = Field(4, ge=1, le=50, description="items shown in a reply")


class Retrieval(_Section):
    """How candidates are found."""

    candidates: int = Field(200, ge=10, description="how many items each tool may nominate")
    diversity: float = Field(0.2, ge=0.0, le=1.0, description="0 ranks by score alone, 1 by difference alone (MMR)")


class Fit(_Section):
    """How tools are trained."""

    seed: int = Field(0, description="the seed of every fit")
    max_regression: float = Field(
        0.1, ge=0.0, le=1.0, description="the relative loss of held-out quality past which a fit is not published"
    )
    max_tokens: int = Field(128, ge=8, le=256, description="tokens of an item's card that the encoder reads")


class Memory(_Section):
    """What is remembered."""

    half_life_days: float = Field(180.0, gt=0, description="days after which a lasting taste weighs half")
    keep_checkpoints: int = Field(2, ge=1, description="checkpoints kept a thread")


class State(_Section):
    """Where threads, profiles and feedback live."""

    url: str = Field(
        "sqlite:///state.sqlite", description="the state database; a relative path is inside the workspace"
    )


class Settings(_Section):
    """All settings of a workspace."""

    models: Models = Models()
    policy: Policy = Policy()
    retrieval: Retrieval = Retrieval()
    fit: Fit = Fit()
    memory: Memory = Memory()
    state: State = State()


def load_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Returns the settings of a `convrec.toml` (defaults when there is no file), the environment's overrides laid on top.

    Raises:
        InputError: the file is no TOML, has an unknown key, or a value of the wrong type; it names the key.
    """
    try:
        document: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}.", "Mend the line it names.") from error
    for section, model in Settings.model_fields.items():
        for key in getattr(model.annotation, "model_fields", {}):
            value = environment.get(f"CONVREC_{section}_{key}".upper())
            if value is not None:
                document.setdefault(section, {})[key] = value
    try:
        return Settings.model_validate(document)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The setting `{key}` in {path} is not right: {first['msg']}.", "Correct or remove it."
        ) from error
