"""What people tell of themselves is kept; the day's small news, questions, suppositions and other people's lives are not."""

import pytest

from convrec.agent.memory.facts import facts_of, without_facts

TOLD = {
    "I live in Lyon": [("home", "Lyon")],
    "Lyon is where I live, btw.": [("home", "Lyon")],
    "home's in Lyon": [("home", "Lyon")],
    "We moved from Lyon to Graz last month, so we need something for the evenings": [("home", "Graz")],
    "i'm based in berlin these days": [("home", "berlin")],
    "I live with my parents in Kent": [("home", "Kent")],
    "I grew up in Bristol": [("origin", "Bristol")],
    "My hometown is Graz": [("origin", "Graz")],
    "I'm a nurse, any good westerns?": [("job", "nurse")],
    "I work as a paediatric nurse at the moment": [("job", "paediatric nurse")],
    "I got a job as a baker": [("job", "baker")],
    "my daughter is called Mia and my son's name is Tom": [("daughter's name", "Mia"), ("son's name", "Tom")],
    "my daughter Mia loves frozen": [("daughter's name", "Mia")],
    "I have a dog called Rex": [("dog's name", "Rex")],
    "my cat Miso is snoring on the keyboard": [("cat's name", "Miso")],
    "my sister lives in Rome": [("sister's home", "Rome")],
    "my wife is a teacher": [("wife's job", "teacher")],
    "we've got two kids and a cat": [("family", "two kids")],
    "I'm allergic to peanuts and shellfish": [("allergy", "peanuts"), ("allergy", "shellfish")],
    "I speak German, French and a bit of Spanish": [("language", "German"), ("language", "French"), ("language", "Spanish")],
    "I play the cello. I also do yoga on sundays": [("plays", "cello"), ("hobby", "yoga")],
    "I've taken up pottery": [("hobby", "pottery")],
    "my favorite color is green": [("favourite colour", "green")],
    "my birthday is on June 3rd": [("birthday", "June 3rd")],
    "I'm 34": [("age", "34")],
    "age: 34, hometown: Graz, diet: vegan": [("age", "34"), ("origin", "Graz"), ("diet", "vegan")],
    "DOB June 3rd": [("birthday", "June 3rd")],
    "location: Lyon": [("home", "Lyon")],
    "I'm vegan": [("diet", "vegan")],
    "my name's Ana": [("name", "Ana")],
    "my shoe size is 42": [("shoe size", "42")],
    "I drive an old Volvo": [("car", "an old Volvo")],
}  # fmt: skip
NOT_TOLD = (
    "I'm a huge fan of westerns", "I'm a bit tired", "my bus was late today", "my head is killing me", "my plan is to sleep",
    "a colleague of mine lives in Rome", "if I lived in Paris I'd go out more", 'In the film he says "I live in Tokyo"', "Do I live in Lyon?",
    "I have a meeting tomorrow", "I'm working on my thesis", "I'm living in fear lol", "my car broke down", "I was a nurse in my last life, if I had one",
    "My phone number is 0612345678", "my email is a@b.de", "my password is Hunter2", "I'm not a nurse", "I wish I lived in Rome", "I used to live in Lyon",
)  # fmt: skip


@pytest.mark.parametrize("text", TOLD)
def test_what_is_told_is_heard_with_its_value(text):
    assert [(fact.about, fact.value) for fact in facts_of(text)] == TOLD[text]


@pytest.mark.parametrize("text", NOT_TOLD)
def test_what_tells_nothing_lasting_of_the_person_is_left_alone(text):
    assert facts_of(text) == ()


@pytest.mark.parametrize("text", TOLD)
def test_each_value_stands_in_its_span_of_the_message(text):
    for fact in facts_of(text):
        start, end = fact.span
        assert text[start:end].endswith(fact.value)


@pytest.mark.parametrize(
    "text",
    ["I no longer live in Lyon", "I don't live in Lyon any more", "I stopped playing tennis", "I'm no longer vegan"],
)
def test_what_holds_no_more_is_over(text):
    assert [fact.over for fact in facts_of(text)] == [True]


def test_where_someone_lives_is_no_wish_and_what_they_eat_may_be():
    assert without_facts("I live in Lyon, show me comedies").strip(" ,") == "show me comedies"
    assert without_facts("I'm vegan, show me restaurants") == "I'm vegan, show me restaurants"
