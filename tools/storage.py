"""What tools write: JSON and arrays, never pickled."""

import json
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel

Config = TypeVar("Config", bound=BaseModel)


def write_json(path: Path, document: Any) -> None:
    """Writes a JSON document."""
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Returns the JSON document in a file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_array(path: Path, array: npt.NDArray[Any]) -> None:
    """Writes an array as `.npy`."""
    np.save(path, np.ascontiguousarray(array), allow_pickle=False)


def read_array(path: Path, mapped: bool = False) -> npt.NDArray[Any]:
    """Returns the array of an `.npy` file; memory-mapped and read-only where `mapped`."""
    return np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)  # type: ignore[no-any-return]


def write_config(folder: Path, config: BaseModel) -> None:
    """Writes a tool's settings beside its arrays."""
    (folder / "config.json").write_text(config.model_dump_json(indent=1), encoding="utf-8")


def read_config(folder: Path, kind: type[Config]) -> Config:
    """Returns the settings written beside a tool's arrays."""
    return kind.model_validate_json((folder / "config.json").read_bytes())
