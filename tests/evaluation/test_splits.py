"""A split leaves nothing of the answer in what may be learned from, whatever people did and however it was brought."""

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convrec.catalogue.interactions import Interactions
from convrec.core.errors import InputError
from convrec.evaluation.splits import LeakError, check, splits

PROTOCOLS = ("leave-last-out", "temporal", "strong")


@dataclass(frozen=True)
class Told:
    """What a split reads of a catalogue."""

    events: Interactions

    def interactions(self):
        return self.events


def told(*rows):
    """Returns events brought in this order, each `(user, row)` and perhaps a time, a value and the kind of event."""
    whole = [(*row, *(None, None, "")[len(row) - 2 :]) for row in rows]
    users = list(dict.fromkeys(user for user, *_ in whole))

    def floats(place):
        return np.array([np.nan if row[place] is None else row[place] for row in whole], np.float64)

    return Told(
        Interactions(
            users=users, user=np.array([users.index(row[0]) for row in whole], np.int64), row=np.array([row[1] for row in whole], np.int64),
            value=floats(3), event=np.array([row[4] for row in whole], np.str_) if whole else np.empty(0, np.str_), timestamp=floats(2), n_unknown=0,
        )
    )  # fmt: skip


def brought(catalogue):
    """Returns `(user, row, time)` of each event in the order in which it was brought, to which a split's `train` refers."""
    events = catalogue.events
    rows = zip(events.user.tolist(), events.row.tolist(), events.timestamp.tolist(), strict=True)
    return [(events.users[user], row, -np.inf if time != time else time) for user, row, time in rows]  # noqa: PLR0124


def in_time(catalogue, kept=None):
    """Returns `(user, row, time)` of each event, or of those kept, a person's in order of time, untimed first."""
    rows = [each for place, each in enumerate(brought(catalogue)) if kept is None or kept[place]]
    return sorted(rows, key=lambda each: (each[0], each[2]))


def training(catalogue, split):
    """Returns each person's rows that may be learned from, oldest first."""
    found = defaultdict(list)
    for user, row, _ in in_time(catalogue, split.train):
        found[user].append(row)
    return dict(found)


def only(catalogue, protocol, seed=0):
    (split,) = splits(catalogue, protocol, seed=seed)
    return split


def targets(split):
    return {held.user: held.targets for held in split.held}


def ana(*events, first=()):
    """Returns ana's events after those of somebody with much to learn from."""
    return told(*((f"bo{n}", row, 0) for n in range(3) for row in range(3)), *first, *(("ana", *event) for event in events))  # fmt: skip


# Leave last out


def test_the_latest_choice_is_the_target_and_what_came_before_is_known():
    split = only(ana((5, 30), (3, 10), (4, 20)), "leave-last-out")
    held = next(each for each in split.held if each.user == "ana")
    assert (held.targets, held.history, held.known) == ((5,), (3, 4), (3, 4))
    assert training(ana((5, 30), (3, 10), (4, 20)), split)["ana"] == [3, 4]


def test_a_target_that_was_chosen_before_leaves_no_event_in_training():
    catalogue = ana((3, 10), (7, 11), (4, 20), (7, 25), (5, 30), (7, 40))
    split = only(catalogue, "leave-last-out")
    assert targets(split)["ana"] == (7,)
    assert training(catalogue, split)["ana"] == [3, 4, 5]
    assert split.counts["targets chosen before"] == 1


def test_what_was_refused_is_no_target_and_what_came_after_the_target_is_not_learned_from():
    catalogue = ana(
        (3, 10, 5, "rating"), (4, 20, 4, "rating"), (5, 30, 5, "rating"), (6, 40, 1, "rating"), (7, 50, None, "skip"),
        (8, 60, None, "dislike"),
    )  # fmt: skip
    split = only(catalogue, "leave-last-out")
    assert targets(split)["ana"] == (5,)
    assert training(catalogue, split)["ana"] == [3, 4]


def test_what_was_disliked_before_is_known_though_not_liked():
    split = only(ana((9, 1, 1, "rating"), (3, 10, 5, "rating"), (4, 20, 5, "rating"), (5, 30, 5, "rating")), "leave-last-out")  # fmt: skip
    held = next(each for each in split.held if each.user == "ana")
    assert (held.known, held.history) == ((9, 3, 4), (3, 4))


def test_events_at_the_same_time_stand_in_the_order_in_which_they_were_brought():
    assert targets(only(ana((5, 10), (3, 10), (4, 10)), "leave-last-out"))["ana"] == (4,)
    assert targets(only(ana((4, 10), (3, 10), (5, 10)), "leave-last-out"))["ana"] == (5,)


def test_events_without_a_time_stand_in_the_order_in_which_they_were_brought_before_all_others():
    assert targets(only(ana((5,), (3,), (4,)), "leave-last-out"))["ana"] == (4,)
    assert targets(only(ana((5, 10), (3, None), (4, None)), "leave-last-out"))["ana"] == (5,)


def test_the_history_has_what_was_liked_last_at_its_end():
    (held,) = (each for each in only(ana((3, 1), (4, 2), (3, 3), (5, 4)), "leave-last-out").held if each.user == "ana")
    assert held.history == (4, 3)


@pytest.mark.parametrize("events", [[(3, 1), (4, 2)], [(3, 1), (3, 2), (3, 3), (3, 4)], [(3, 1), (4, 2), (3, 3)]])
def test_people_who_chose_fewer_than_three_items_are_counted_and_stay_whole(events):
    catalogue = ana(*events)
    for protocol in ("leave-last-out", "strong"):
        split = only(catalogue, protocol)
        assert "ana" not in targets(split)
        assert training(catalogue, split)["ana"] == [row for row, _ in events]
        assert split.counts["people with too few choices"] == 1


def test_what_is_held_out_does_not_move_the_judgement_of_what_is_known():
    """Fours were this person's best before the fives came: with the fives known, fours would lie below the person's mean."""
    fours, fives = [(3, 1, 4, "rating"), (4, 2, 4, "rating")], [(row, 90 + row, 5, "rating") for row in (10, 11, 12)]
    catalogue = ana(*fours, *fives, first=[("bo0", n % 7, n) for n in range(30)])
    held = next(each for each in only(catalogue, "temporal").held if each.user == "ana")
    assert (held.history, held.targets) == ((3, 4), (10, 11, 12))


# Temporal


def test_nothing_at_or_after_the_cut_off_is_learned_from():
    catalogue = told(*(("ana" if n % 2 else "bo", n, n) for n in range(11)))  # nine tenths of the way is 9
    split = only(catalogue, "temporal")
    assert sorted(row for rows in training(catalogue, split).values() for row in rows) == list(range(9))
    assert targets(split) == {"ana": (9,), "bo": (10,)}


def test_what_somebody_knew_before_the_cut_off_is_no_target():
    catalogue = told(*(("bo", n, n) for n in range(18)), ("ana", 3, 2), ("ana", 3, 50), ("ana", 4, 51))
    assert targets(only(catalogue, "temporal")).get("ana") == (4,)


def test_several_cut_offs_lie_ever_earlier():
    catalogue = told(*(("ana" if n % 2 else "bo", n, n) for n in range(100)))
    found = splits(catalogue, "temporal", seed=0, repeats=3)
    assert [split.name for split in found] == ["temporal 0.9", "temporal 0.8", "temporal 0.7"]
    assert [int(split.train.sum()) for split in found] == [90, 80, 70]
    assert all(bool((later.train <= earlier.train).all()) for earlier, later in pairwise(found))


def test_what_has_no_time_is_on_neither_side_and_counted():
    catalogue = told(*(("bo", n, n) for n in range(11)), ("ana", 1), ("ana", 2), ("ana", 2, 50), ("ana", 3, 50))
    split = only(catalogue, "temporal")
    assert "ana" not in training(catalogue, split)
    assert targets(split)["ana"] == (3,)
    assert split.counts["without a time"] == 2


def test_without_times_there_is_no_temporal_split():
    with pytest.raises(InputError, match=r"No interaction has a time.*leave-last-out"):
        splits(told(("a", 1), ("a", 2), ("a", 3)), "temporal", seed=0)


def test_where_all_happened_at_once_nothing_is_left_to_learn_from():
    with pytest.raises(InputError, match="nothing to learn from"):
        splits(told(*(("a", n, 5) for n in range(9))), "temporal", seed=0)


# Strong generalisation

CROWD = told(*((f"p{p:02}", (p + n) % 17, n) for p in range(40) for n in range(10)))


def test_people_held_out_are_wholly_absent_from_training():
    split = only(CROWD, "strong")
    assert len(split.held) == 4
    assert not {held.user for held in split.held} & set(training(CROWD, split))
    assert len(training(CROWD, split)) == 36
    for held in split.held:
        p = int(held.user[1:])
        assert held.history == tuple((p + n) % 17 for n in range(8))
        assert held.targets == tuple((p + n) % 17 for n in (8, 9))


def test_the_seed_draws_the_people():
    drawn = {seed: frozenset(targets(only(CROWD, "strong", seed))) for seed in range(6)}
    assert len(set(drawn.values())) > 3
    assert drawn[2] == frozenset(targets(only(CROWD, "strong", 2)))
    both = splits(CROWD, "strong", seed=2, repeats=2)
    assert [frozenset(targets(split)) for split in both] == [drawn[2], drawn[3]]


def test_of_people_held_out_what_they_disliked_before_their_targets_is_known():
    crowd = told(
        *((f"p{p}", row, time, value, "rating") for p in range(9) for time, (row, value) in enumerate([(1, 1), (2, 5), (3, 5), (4, 5), (5, 1)]))
    )  # fmt: skip
    (held,) = only(crowd, "strong").held
    assert (held.history, held.known, held.targets) == ((2, 3), (1, 2, 3), (4,))


# What all have in common


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_interactions_are_refused_with_a_sentence(protocol):
    with pytest.raises(InputError):
        splits(told(), protocol, seed=0)


def test_one_person_alone():
    alone = told(*(("ana", n, n) for n in range(10)))
    assert targets(only(alone, "leave-last-out")) == {"ana": (9,)}
    assert targets(only(alone, "temporal")) == {"ana": (9,)}
    with pytest.raises(InputError, match="nothing to learn from"):
        splits(alone, "strong", seed=0)


def test_nobody_with_enough_choices_is_said():
    with pytest.raises(InputError, match="Nobody can be held out"):
        splits(told(("a", 1, 1), ("b", 2, 2)), "leave-last-out", seed=0)


values = st.sampled_from([None, None, 1, 2, 3.5, 4, 5])
moments = st.one_of(st.none(), st.integers(0, 6))
kinds = st.sampled_from(["", "rating", "play", "purchase", "dislike", "skip"])
crowds = st.lists(
    st.tuples(st.sampled_from("abcd"), st.integers(0, 7), moments, values, kinds), min_size=1, max_size=60
)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@settings(max_examples=80, deadline=None)
@given(rows=crowds, seed=st.integers(0, 3))
def test_nothing_of_an_answer_is_learned_from_or_known(protocol, rows, seed):
    catalogue = told(*rows)
    try:
        found = splits(catalogue, protocol, seed=seed, repeats=1 if protocol == "leave-last-out" else 3)
    except InputError:
        return
    everything = in_time(catalogue)
    for split in found:
        learned = training(catalogue, split)
        assert split.counts["training events"] == sum(map(len, learned.values())) > 0
        assert len({held.user for held in split.held}) == len(split.held) == split.counts["people"]
        for held in split.held:
            assert held.targets
            assert len(set(held.targets)) == len(held.targets)
            assert not set(held.targets) & {*learned.get(held.user, []), *held.known, *held.history}
            assert set(held.history) <= set(held.known)
            if protocol == "strong":
                assert held.user not in learned
            else:
                assert set(held.known) <= set(learned.get(held.user, []))
        if protocol == "temporal":
            kept = [time for _, _, time in in_time(catalogue, split.train)]
            asked = [
                max(time for user, row, time in everything if user == held.user and row == target)
                for held in split.held
                for target in held.targets
            ]
            assert min(kept) > -np.inf
            assert not asked or max(kept) < min(asked)
        untouched = {user for user, *_ in everything} - {held.user for held in split.held}
        if protocol != "temporal":
            for user in untouched:
                assert learned[user] == [row for who, row, _ in everything if who == user]


def test_a_target_put_back_into_training_is_a_leak():
    catalogue = ana((3, 1), (4, 2), (5, 3))
    split = only(catalogue, "leave-last-out")
    check(split, catalogue.events)
    planted = split.train.copy()
    planted[[place for place, each in enumerate(brought(catalogue)) if each[:2] == ("ana", 5)]] = True
    with pytest.raises(LeakError, match="1 targets"):
        check(replace(split, train=planted), catalogue.events)


@pytest.mark.parametrize("part", ["known", "history"])
def test_a_target_among_what_is_known_of_a_person_is_a_leak(part):
    catalogue = told(*(("ana", n, n) for n in range(4)))
    split = only(catalogue, "leave-last-out")
    planted = replace(split, held=(replace(split.held[0], **{part: (1, 3)}),))
    with pytest.raises(LeakError):
        check(planted, catalogue.events)
