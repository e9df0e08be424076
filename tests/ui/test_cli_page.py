"""The page as the command line serves it."""

import os
import shutil
import signal
import subprocess
import sys
import urllib.request

import pytest

pytest.importorskip("gradio")


def test_ui_prints_its_address_once_it_answers_and_ends_at_ctrl_c(fitted_films):
    convrec = shutil.which("convrec", path=os.path.dirname(sys.executable))
    served = subprocess.Popen([convrec, "ui", "-w", fitted_films, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        address = next(word for word in served.stdout.readline().split() if word.startswith("http://127.0.0.1:"))
        with urllib.request.urlopen(address, timeout=10) as page:
            assert page.status == 200
            assert b"gradio" in page.read()
        served.send_signal(signal.SIGINT)
        assert served.wait(timeout=60) == 0  # a busy machine takes its time
    finally:
        served.kill()
        served.wait()
