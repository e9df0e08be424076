"""Every sentence about an item is carried by the catalogue's facts before it is shown."""

import pytest

from convrec.agent.checking.checker import ClaimChecker
from convrec.agent.checking.splitting import SentenceStream, sentences
from convrec.agent.checking.titles import TitleChecker
from convrec.agent.llm.composer import Composer
from convrec.agent.llm.leaks import Secrets
from convrec.core.reply import ReplyItem
from tests.agent.linked_catalogues import film_catalogue, game_catalogue, kettle_catalogue, restaurant_catalogue


class Reader:
    """A checker over one catalogue that takes titles for items."""

    def __init__(self, catalogue):
        self.catalogue, self.titles = catalogue, TitleChecker(catalogue)
        self.checker = ClaimChecker(catalogue, self.titles)
        self.ids = dict(zip(catalogue.titles, catalogue.ids, strict=True))

    def begin(self, *slate, known=(), said=""):
        return self.checker.begin(
            [self.ids[title] for title in slate], known=[self.ids[title] for title in known], said=said
        )

    def shown(self, text, *slate, **more):
        check = self.begin(*slate, **more)
        return "".join(check.sentence(sentence) for sentence in sentences(text, slate))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    return Reader(film_catalogue(tmp_path_factory.mktemp("claims") / "films"))


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    return Reader(restaurant_catalogue(tmp_path_factory.mktemp("claims") / "restaurants"))


@pytest.fixture(scope="module")
def games(tmp_path_factory):
    return Reader(game_catalogue(tmp_path_factory.mktemp("claims") / "games"))


SLATE = ("Heat", "Fargo", "Alien", "Toy Story")


@pytest.mark.parametrize(
    "sentence",
    [
        "**Heat** (1995) is a gripping crime drama by Michael Mann, with Al Pacino and Robert De Niro.",
        "You can't go wrong with Alien, a slow-burning horror film from the 1970s.",
        "Fargo isn't a musical, and Tom Hanks is not in it.", "Heat and Toy Story came out in 1995.",
        "Fargo is newer than Heat, and Alien is the oldest of the four.", "Frances McDormand is wonderful in Fargo.",
        "Ridley Scott directed Alien; Toy Story, on the other hand, was made by John Lasseter.",
        "In snowbound Minnesota, a police chief unravels a kidnapping in Fargo.", "These four films should keep you busy.",
        "Would you rather see a comedy, or something from the 80s?", "What a ride!", "Neither Heat nor Alien is a comedy.",
    ],
)  # fmt: skip
def test_what_the_facts_carry_is_left_alone(films, sentence):
    assert films.shown(sentence, *SLATE) == sentence


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Heat came out in 1997.", "Heat came out in 1995."), ("**Alien** (1982) is scary.", "**Alien** (1979) is scary."),
        ("Alien is a 1980s classic.", "Alien is a 1970s classic."), ("Heat was directed by Ridley Scott.", "Heat was directed by Michael Mann."),
        ("Fargo is by Michael Mann.", "Fargo is by Joel Coen and Ethan Coen."),
    ],
)  # fmt: skip
def test_one_wrong_thing_is_put_right(films, sentence, shown):
    assert films.shown(sentence, *SLATE) == shown


@pytest.mark.parametrize(
    "sentence",
    [
        "Heat stars Tom Hanks.", "Heat is a comedy.", "Heat isn't a crime film.", "Al Pacino is not in Heat.", "There is no horror in Alien.",
        "Ridley Scott plays the lead in Alien.", "Sigourney Weaver directs Alien.", "Heat is newer than Fargo.", "Toy Story is the oldest of the four.",
        "Fargo came out three years after Heat.", "Heat and Alien share a director.", "Both Heat and Fargo are comedies.",
        "Heat won three Oscars.", "Alien runs for two hours.", "Fargo is based on a true story.", "Alien inspired many sequels.",
        "*Jaws* is just as good.", "You could also watch Jaws (1975).", "The Godfather is just as good.", "“Heatt” is fun.", "**Heat 2** is fun.", "Heat: Reloaded (1999) is fun.",
        "These five films are fun.", "Heat stars Al Pacino, and Fargo stars Sigourney Weaver.", "Heat (1995) is by Quentin Tarantino, and it is a musical.",
    ],
)  # fmt: skip
def test_what_the_facts_do_not_carry_is_cut(films, sentence):
    assert films.shown(sentence, *SLATE) == ""


def test_it_is_what_the_sentence_before_was_about(films):
    check = films.begin(*SLATE)
    check.sentence("If you liked Heat, you may enjoy **Fargo**. ")
    assert check.sentence("It stars Frances McDormand. ") == "It stars Frances McDormand. "
    assert check.sentence("It stars Al Pacino. ") == ""
    assert check.touched == 1
    assert [(f.kind, f.words) for f in check.reasons[0].findings] == [("person", "Al Pacino")]


def test_a_sentence_may_echo_what_was_asked_for_but_not_of_an_item(films):
    said = "a comedy from the 80s with Tom Hanks, please"
    assert films.shown("Since you asked for Tom Hanks, here you are.", "Heat", said=said)
    assert films.shown("Heat stars Tom Hanks.", "Heat", said=said) == ""


def test_an_item_that_the_thread_knows_may_be_named_and_is_checked_too(films):
    assert films.shown("Like Jaws, this one bites.", "Alien", known=["Jaws"])
    assert films.shown("Jaws is a musical.", "Alien", known=["Jaws"]) == ""


def test_a_list_line_is_cut_back_to_its_title_and_the_list_stays_whole(films):
    text = "1. **Heat** (1996): a musical by Tom Hanks. It stars Al Pacino.\n2. **Fargo** (1996): bleakly funny. It won an Oscar.\n3. **Jaws** (1975): sharks. It bites.\n\nEnjoy!"
    assert (
        films.shown(text, "Heat", "Fargo")
        == "1. **Heat** (1995). It stars Al Pacino.\n2. **Fargo** (1996): bleakly funny. \n\nEnjoy!"
    )


def test_what_leaned_on_a_cut_sentence_stands_by_itself(films):
    assert films.shown("**Heat** is a musical. But it stars Al Pacino.", "Heat") == "**Heat** stars Al Pacino."
    assert (
        films.shown("**Heat** is tense. It won an Oscar. However, it is also melancholy.", "Heat")
        == "**Heat** is tense. It is also melancholy."
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Sakura costs about 35 euros and is rated 4.7.", "Trattoria Luna, in Old Town, has outdoor seating but no live music.",
        "Golden Dragon is cheaper than Sakura.", "At €28, Trattoria Luna is more expensive than The Olive Tree.", "Chez Marcel has been open since 1972.",
    ],
)  # fmt: skip
def test_a_restaurants_facts(places, sentence):
    assert (
        places.shown(sentence, "Sakura", "Trattoria Luna", "Golden Dragon", "The Olive Tree", "Chez Marcel") == sentence
    )


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Sakura costs 30 euros.", "Sakura costs 35 euros."), ("Sakura is rated 4.9.", "Sakura is rated 4.7."), ("Sakura is in Old Town.", ""),
        ("Sakura serves Italian food.", ""), ("Sakura has live music.", ""), ("Sakura is cheaper than Golden Dragon.", ""), ("Sakura doesn't do takeaway.", ""),
    ],
)  # fmt: skip
def test_a_restaurants_falsehoods(places, sentence, shown):
    assert places.shown(sentence, "Sakura", "Golden Dragon") == shown


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("Star Harvest is on Switch, for up to 4 players, at €20.", "Star Harvest is on Switch, for up to 4 players, at €20."),
        ("Star Harvest costs €25.", "Star Harvest costs €20."), ("Star Harvest is for up to 6 players.", ""), ("Star Harvest is on PlayStation 5.", ""),
        ("Redtower made Star Harvest.", ""), ("Star Harvest 3 is out.", ""),
    ],
)  # fmt: skip
def test_a_shops_prices(games, sentence, shown):
    assert games.shown(sentence, "Star Harvest") == shown


def test_sentences_are_cut_where_they_end_and_join_to_the_text():
    titles = ["Mr. & Mrs. Smith", "Who Framed Roger Rabbit?"]
    text = "Try Mr. & Mrs. Smith! It costs 1.5 euros, says Dr. No of the U.S. team. Who Framed Roger Rabbit? is fun.\n\n1. **Heat** (1995): good. “Wow. Yes.” Fine.\n2. More"
    whole = sentences(text, titles)
    assert [part.strip() for part in whole] == [
        "Try Mr. & Mrs. Smith!", "It costs 1.5 euros, says Dr. No of the U.S. team.", "Who Framed Roger Rabbit? is fun.", "1. **Heat** (1995): good.", "“Wow. Yes.”", "Fine.", "2. More",
    ]  # fmt: skip
    assert "".join(whole) == text
    stream = SentenceStream(titles)
    assert [*(part for char in text for part in stream.feed(char)), *stream.end()] == whole


# Prices and units as a slot tells them


@pytest.fixture(scope="module", params=["€{}", "CHF {}"])
def kettles(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("claims") / "kettles"
    return Reader(kettle_catalogue(folder, request.param))


def filled(reader, text):
    """What becomes of a model's sentence with slots, and what it was before it was checked."""
    check, heard = reader.begin(*reader.ids), []
    items = [
        ReplyItem(id=item, title=title, rank=rank, score=1.0, confidence=0.5, facts=reader.catalogue.item(item).facts)
        for rank, (title, item) in enumerate(reader.ids.items(), 1)
    ]

    def checked(sentence):
        heard.append(sentence)
        return check.sentence(sentence)

    composer = Composer(
        items, lambda item, n: f"{n}. **{item.title}**.", checked, reader.catalogue.schema, Secrets([""], "")
    )
    return next(iter([*composer.feed(text), *composer.end()])).strip(), heard[0]


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ("Price", None), ("Boiling time (min)", "4 min"), ("Cleaning time (min)", "12 min"), ("Width (cm)", "22 cm"), ("Weight (kg)", "1.5 kg"),
        ("Efficiency (%)", "80 %"), ("Players", "2-4"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["[[item:k0]] has {}, and is liked.", "[[item:k0]]: {label} {}."])
def test_a_slot_tells_a_number_with_its_currency_or_unit_and_the_check_lets_it_pass(kettles, field, told, form):
    price = kettles.catalogue.schema.field("Price").currency
    told = told or ("€49.90" if price == "€" else "CHF 49.90")
    label = kettles.catalogue.schema.field(field).spoken
    shown, heard = filled(kettles, form.format(f"[[fact:k0.{field}]]", label=label))
    assert shown == heard == form.format(told, label=label).replace("[[item:k0]]", "**Blue Kettle**")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("[[item:k0]] costs €[[fact:k0.Price]].", "**Blue Kettle** costs €49.90."), ("[[item:k0]] costs [[fact:k0.Price]] euros.", "**Blue Kettle** costs 49.90 euros."),
        ("[[item:k0]] boils in [[fact:k0.Boiling time (min)]] minutes.", "**Blue Kettle** boils in 4 minutes."),
        ("[[item:k0]] boils in [[fact:k0.Boiling time (min)]].", "**Blue Kettle** boils in 4 min."),
    ],
)  # fmt: skip
def test_a_slot_leaves_the_unit_to_words_that_give_it(kettles, said, shown):
    assert filled(kettles, said)[1] == shown


def test_another_number_than_the_item_s_is_mended_in_any_currency_and_unit(kettles):
    price = "€{}" if kettles.catalogue.schema.field("Price").currency == "€" else "CHF {}"
    say = "**Blue Kettle** costs {}."
    assert kettles.shown(say.format(price.format("59.90")), *kettles.ids) == say.format(price.format("49.90"))
    said = "**Blue Kettle** has a cleaning time of {} min."
    assert kettles.shown(said.format(4), *kettles.ids) == said.format(12)
