"""A vLLM server of one base with adapters by name: its command, its start, its health, its end."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from convrec.agent.llm.packed import is_packed
from convrec.core.errors import ConvrecError, InputError, ModelError
from convrec.finetune.tuning.lora import checked_adapter

_GUIDE = '{"backend":"guidance","disable_any_whitespace":true}'
_RANKS = (8, 16, 32, 64, 128, 256, 320, 512)
_PATIENCE_S = 600.0
_LOG_SHOWN = 1_500
_ON_CPU = {"VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": "1"}
_QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1"}


def found_vllm(environment: Mapping[str, str] = os.environ) -> Path | None:
    """Returns vLLM's program: `$CONVREC_VLLM`, else the one on the path, else nothing.

    Raises:
        InputError: `$CONVREC_VLLM` names no program.
    """
    named = environment.get("CONVREC_VLLM")
    if named:
        path = Path(named).absolute()
        if not os.access(path, os.X_OK):
            raise InputError(
                f"$CONVREC_VLLM names {named}, which is no program.",
                "Name vLLM's own, as .venv-vllm/bin/vllm, or unset it.",
            )
        return path
    on_path = shutil.which("vllm")
    return Path(on_path) if on_path else None


def free_port() -> int:
    """Returns a port of this machine that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True)
class Serving:
    """What a server serves: a base under a name, adapters by name, where, and how its numbers are kept."""

    vllm: Path
    base: Path
    adapters: Mapping[str, Path]
    name: str = "base"
    host: str = "127.0.0.1"
    port: int = 8000
    dtype: str = "auto"

    @property
    def base_url(self) -> str:
        """Returns the address that OpenAI's clients take."""
        return f"http://{self.host}:{self.port}/v1"

    def command(self) -> list[str]:
        """Returns the command that serves it.

        Raises:
            ModelError: vLLM can't serve the base or an adapter.
        """
        if is_packed(self.base):
            raise ModelError(
                f"The base `{self.base}` is packed in 8 bits, which vLLM does not read.",
                "Unpack it: python -m convrec.finetune.pretraining unpack SOURCE TARGET.",
            )
        ranks = []
        for folder in self.adapters.values():
            config = checked_adapter(folder)
            if config.get("use_dora"):
                raise ModelError(
                    f"The adapter `{folder}` is weight-decomposed (DoRA), which vLLM does not serve.",
                    "Serve it in process, or train it without dora.",
                )
            ranks.append(int(config["r"]))
        command = [
            str(self.vllm), "serve", str(self.base), "--served-model-name", self.name, "--host", self.host, "--port", str(self.port), "--dtype", self.dtype,
            "--structured-outputs-config", _GUIDE,
        ]  # fmt: skip
        if not ranks:
            return command
        limit = next((rank for rank in _RANKS if rank >= max(ranks)), None)
        if limit is None:
            raise ModelError(
                f"An adapter has rank {max(ranks)}, and vLLM serves none above {_RANKS[-1]}.",
                "Train one of a smaller rank.",
            )
        modules = [f"{name}={folder}" for name, folder in self.adapters.items()]
        return [*command, "--enable-lora", "--max-lora-rank", str(limit), "--lora-modules", *modules]

    def line(self) -> str:
        """Returns the command as one types it."""
        return shlex.join(self.command())


class Server:
    """A running server; as a context manager it is started and ended."""

    def __init__(self, serving: Serving, log: Path) -> None:
        self.serving = serving
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self, patience_s: float = _PATIENCE_S) -> None:
        """Starts the server and waits until it is well.

        Raises:
            ConvrecError: it ended, or is not well in time; the end of its log is told.
        """
        import torch

        about = {**os.environ, **_QUIET, **({} if torch.cuda.is_available() else _ON_CPU)}
        about.setdefault("VLLM_CACHE_ROOT", str(self._log.parent / "vllm-cache"))
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603  (the user's own program)
                self.serving.command(),
                env=about,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + patience_s
        while not self.is_well():
            if self._process.poll() is not None or time.monotonic() > until:
                self.stop()
                raise ConvrecError(
                    f"vLLM did not start; its log {self._log} ends:\n{self._log.read_text(errors='replace')[-_LOG_SHOWN:]}",
                    "See there why.",
                )
            time.sleep(0.5)

    def is_well(self) -> bool:
        """Tells whether it answers."""
        try:
            with urllib.request.urlopen(self.serving.base_url.replace("/v1", "/health"), timeout=2) as answer:  # noqa: S310  (our own address)
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait(self) -> int:
        """Waits until the server ends, and returns how."""
        assert self._process is not None
        return self._process.wait()

    def stop(self) -> None:
        """Ends the server and its processes in good order, or by force after half a minute."""
        if self._process is None:
            return
        how, until = signal.SIGTERM, time.monotonic() + 30
        while _signalled(self._process.pid, how):
            self._process.poll()  # the leader is reaped, or its group would live on
            if time.monotonic() > until:
                how = signal.SIGKILL
            time.sleep(0.1)
        self._process = None


def _signalled(group: int, how: signal.Signals) -> bool:
    try:
        os.killpg(group, how)
    except ProcessLookupError:
        return False
    return True
