"""A vLLM server on this machine, for tests: started, killed and started again as often as one likes."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

_GUIDE = '{"backend":"guidance","disable_any_whitespace":true}'
_PATIENCE_S = 600
_ENVIRONMENT = {
    "VLLM_TARGET_DEVICE": "cpu", "VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1", "HF_HUB_OFFLINE": "1",
}  # fmt: skip


class Server:
    """Serves one model with adapters on a free loopback port, in 32 bits, so that its tokens are the ones transformers chooses."""

    def __init__(self, vllm: Path, model: Path, name: str, adapters: Mapping[str, Path], log: Path) -> None:
        self.folder, self.model, self.adapters = model, name, dict(adapters)
        self._log, self._process = log, None
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._command = [
            str(vllm), "serve", str(model), "--served-model-name", name, "--host", "127.0.0.1", "--port", str(self._port), "--dtype", "float32",
            "--structured-outputs-config", _GUIDE, "--enable-lora", "--max-lora-rank", "8",
            "--lora-modules", *(f"{adapter}={folder}" for adapter, folder in self.adapters.items()),
        ]  # fmt: skip

    @property
    def base_url(self) -> str:
        """The address that OpenAI's clients take."""
        return f"http://127.0.0.1:{self._port}/v1"

    def start(self) -> None:
        """Starts the server and waits until it is well.

        Raises:
            RuntimeError: it ended, or is not well after ten minutes; the end of its log is told.
        """
        environment = {**os.environ, **_ENVIRONMENT, "VLLM_CACHE_ROOT": str(self._log.parent / "cache")}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        until = time.monotonic() + _PATIENCE_S
        while not self._well():
            if self._process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise RuntimeError("vLLM did not start:\n" + self._log.read_text(errors="replace")[-4000:])
            time.sleep(0.5)

    def kill(self) -> None:
        """Ends the server and all its processes at once, as a crash would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ends the server in good order, or by force after half a minute."""
        self._end(signal.SIGTERM)

    def restart(self) -> None:
        """Kills the server and starts it again at the same address."""
        self.kill()
        self.start()

    def _well(self) -> bool:
        try:
            with urllib.request.urlopen(self.base_url.replace("/v1", "/health"), timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        group, until = self._process.pid, time.monotonic() + 30
        while self._signalled(group, how):
            self._process.poll()  # the leader is reaped, or its group would live on
            if time.monotonic() > until:
                how = signal.SIGKILL
            time.sleep(0.1)
        self._process = None

    @staticmethod
    def _signalled(group: int, how: signal.Signals) -> bool:
        """Sends a signal to a group of processes; tells whether any of them was there."""
        try:
            os.killpg(group, how)
        except ProcessLookupError:
            return False
        return True
