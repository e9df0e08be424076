"""Listeners over four catalogues, an agent over the demo films and agents over small catalogues, made once."""

import itertools
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from convrec.agent import Agent
from convrec.core.clock import FixedClock, counted_ids
from tests.agent.linked_catalogues import film_catalogue, game_catalogue, plant_catalogue, restaurant_catalogue
from tests.agent.talkers import Child
from tests.agent.understood import Listener

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def on_films(tmp_path_factory) -> Listener:
    """Understands messages about the demo's films."""
    return Listener(film_catalogue(tmp_path_factory.mktemp("understanding") / "films"))


@pytest.fixture(scope="session")
def on_restaurants(tmp_path_factory) -> Listener:
    """Understands messages about ten restaurants."""
    return Listener(restaurant_catalogue(tmp_path_factory.mktemp("understanding") / "restaurants"))


@pytest.fixture(scope="session")
def on_games(tmp_path_factory) -> Listener:
    """Understands messages about ten games."""
    return Listener(game_catalogue(tmp_path_factory.mktemp("understanding") / "games"))


@pytest.fixture(scope="session")
def on_plants(tmp_path_factory) -> Listener:
    """Understands messages about a nursery's plants."""
    return Listener(plant_catalogue(tmp_path_factory.mktemp("understanding") / "plants"))


@pytest.fixture(scope="session")
def agent(demo_home, tmp_path_factory):
    """An agent over the demo films."""
    root = shutil.copytree(demo_home / "convrec" / "demo", tmp_path_factory.mktemp("demo") / "films")
    noon = FixedClock(datetime(2026, 1, 5, 12, tzinfo=UTC), timedelta(seconds=1))
    with Agent.open(root, clock=noon, new_id=counted_ids(f"e{os.getpid()}-")) as opened:
        yield opened


@pytest.fixture(scope="session")
def shop(fitted_films):
    """The twenty films, opened once; `tests.agent.shop.over` gives it a state of one's own."""
    with Agent.open(fitted_films) as opened:
        yield opened


@pytest.fixture(scope="session")
def program(fitted_films):
    """The warmed parent of all chatting processes."""
    command = [sys.executable, "-m", "tests.agent.chatters", str(fitted_films)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout.readline() == "ready\n"
        yield running
        running.stdin.close()


@pytest.fixture
def start(program, tmp_path):
    """Starts a chatting process."""

    def started(**order):
        started.count += 1
        return Child(program, {"state": str(tmp_path / "state.sqlite"), **order}, tmp_path / f"pipe{started.count}")

    started.count = 0
    return started


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Makes the place of another, empty state database."""
    made = itertools.count(1)
    if request.param == "sqlite":
        return lambda: f"{tmp_path}/state{next(made)}.sqlite"
    return request.getfixturevalue("postgres").database
