"""Listeners over three catalogues, made once."""

import pytest

from tests.agent.linked_catalogues import film_catalogue, game_catalogue, restaurant_catalogue
from tests.agent.understood import Listener


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
