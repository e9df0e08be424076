"""Pieces of work side by side: in order, whole, and stopped together."""

import threading

import pytest

from convrec.tools.threads import Crew, cores, one_thread


def test_what_is_made_stands_in_the_order_of_the_pieces():
    assert Crew().each(lambda piece: piece * 2, range(20)) == [piece * 2 for piece in range(20)]


def test_when_one_fails_the_others_end_at_their_next_check():
    crew, begun, ended = Crew(), threading.Event(), []

    def work(piece):
        if piece == 0:
            begun.wait(10)
            raise ValueError("the first")
        begun.set()
        try:
            while True:
                crew.check()
        except KeyboardInterrupt:
            ended.append(piece)
            raise

    if cores() < 2:
        pytest.skip("one core works one piece at a time")
    with pytest.raises(ValueError, match="the first"):
        crew.each(work, range(2))
    assert ended == [1]


def test_libraries_keep_to_one_thread_and_get_theirs_back():
    import torch
    from threadpoolctl import threadpool_info

    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
        assert {library["num_threads"] for library in threadpool_info()} == {1}
    assert torch.get_num_threads() == before
