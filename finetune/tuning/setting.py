"""How an adapter is trained: every choice, with the files that hold good ones for a machine."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from convrec.core.errors import InputError

CONFIGS = Path(__file__).with_name("configs")


class TrainSetting(BaseModel):
    """All that decides a run, beside the base, the set and the task."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(16, ge=1, le=512, description="rank of the adapter's matrices")
    alpha: int = Field(0, ge=0, description="weight of the adapter; 0 takes twice the rank")
    dropout: float = Field(0.0, ge=0, lt=1, description="share of the adapter's input that is dropped")
    dora: bool = Field(
        False, description="weight-decomposed LoRA (Liu et al. 2024); vLLM serves none, transformers does"
    )
    quantise: Literal["no", "nf4"] = Field(
        "no", description="4 bits for the base while it trains (QLoRA); needs bitsandbytes and a GPU"
    )
    epochs: float = Field(3.0, gt=0, description="times that each row is seen")
    rate: float = Field(2e-4, gt=0, description="peak learning rate")
    warm_up: float = Field(0.03, ge=0, lt=1, description="share of the steps in which the rate rises")
    decay: float = Field(0.0, ge=0, description="weight decay")
    clip: float = Field(1.0, gt=0, description="largest norm of a gradient")
    row: int = Field(2048, ge=64, description="tokens of a packed row")
    rows: int = Field(8, ge=1, description="packed rows a step, on all devices together")
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="of the base; auto is bfloat16 on a GPU that has it, float32 on a CPU"
    )
    checkpointing: bool = Field(
        False, description="compute activations twice instead of keeping them: less memory, a third more time"
    )
    measure_every: int = Field(100, ge=1, description="steps between two measurements on held-out rows")
    measure: int = Field(60, ge=0, description="held-out rows that are answered at each; 0 stops by loss alone")
    patience: int = Field(3, ge=1, description="measurements without a better one after which training ends")
    save_every: int = Field(50, ge=1, description="steps after which a stopped run would go on")
    longest: int = Field(16_384, ge=64, description="tokens of a chat beyond which it is left out, and counted")
    beta: float = Field(
        0.1, gt=0, description="of preference: how far it may move from the base (DPO, Rafailov et al. 2023, eq. 7)"
    )
    seed: int = Field(0, description="of the adapter's first weights and the order of rows")

    @property
    def scale(self) -> int:
        """Returns LoRA's alpha."""
        return self.alpha or 2 * self.rank

    def hashed(self) -> str:
        """Returns 16 hexadecimal digits that change with any choice."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]


def named_setting(name: str, **changes: object) -> TrainSetting:
    """Returns the setting of a file, one of `configs/` by its name or any by its path, with changes that are not None laid on.

    Raises:
        InputError: there is no such file, or a key or value in it is not right; it is named.
    """
    path = CONFIGS / f"{name}.toml" if (CONFIGS / f"{name}.toml").is_file() else Path(name)
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        there = ", ".join(sorted(one.stem for one in CONFIGS.glob("*.toml")))
        raise InputError(f"There is no training setting {name}.", f"There are {there}; or name a TOML file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not valid TOML: {error}.", "Mend the line it names.") from error
    try:
        return TrainSetting.model_validate(
            document | {key: value for key, value in changes.items() if value is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise InputError(
            f"The training setting `{key}` is not right: {first['msg']}.", "Correct or remove it."
        ) from error
