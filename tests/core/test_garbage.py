"""The collector of cycles is held off, and goes on as it was."""

import gc

import pytest

from convrec.core.garbage import uncollected


def test_nothing_is_collected_inside_and_the_collector_goes_on_after_it_even_after_an_error():
    @uncollected()
    def breaks():
        with uncollected():
            assert not gc.isenabled()
        assert not gc.isenabled()
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        breaks()
    assert gc.isenabled()


def test_who_switched_the_collector_off_finds_it_off():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
