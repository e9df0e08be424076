"""The agent as a model: OpenAI's own client, and LangChain's."""

import openai
import pytest
from langchain_openai import ChatOpenAI

from convrec.core.reply import Reply

WESTERN = [{"role": "user", "content": "a western"}]


@pytest.fixture
def client(url):
    return openai.OpenAI(base_url=f"{url}/v1", api_key="none-is-needed", max_retries=0)


def test_the_client_lists_the_model(client):
    assert [model.id for model in client.models.list()] == ["convrec"]
    assert client.models.retrieve("convrec").owned_by == "convrec"


def test_the_client_gets_an_answer_with_the_reply_beside_it(client):
    answer = client.chat.completions.create(model="convrec", messages=WESTERN, user="ana")
    reply = Reply.model_validate(answer.model_extra["convrec"])
    assert answer.choices[0].message.content == reply.text
    assert answer.choices[0].finish_reason == "stop"
    assert reply.user_id == "ana"
    assert reply.items


def test_the_client_streams(client):
    chunks = list(
        client.chat.completions.create(
            model="convrec", messages=WESTERN, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason)
    assert Reply.model_validate(last.model_extra["convrec"]).text == text
    assert chunks[-1].usage.total_tokens == 0
    assert not chunks[-1].choices


def test_the_messages_are_the_whole_history_of_a_fresh_thread(client):
    first = client.chat.completions.create(model="convrec", messages=WESTERN, user="ben")
    said = [
        *WESTERN,
        {"role": "assistant", "content": first.choices[0].message.content},
        {"role": "user", "content": "older please"},
    ]
    replies = [
        Reply.model_validate(
            client.chat.completions.create(model="convrec", messages=said, user="ben").model_extra["convrec"]
        )
        for _ in range(2)
    ]
    assert {reply.turn for reply in replies} == {1}
    assert len({reply.thread_id for reply in replies}) == 2
    assert "western" in replies[0].text.casefold()
    assert replies[0].text == replies[1].text


def test_a_thread_that_is_named_goes_on(client):
    for turn in (1, 2):
        answer = client.chat.completions.create(
            model="convrec", messages=WESTERN, user="cleo", extra_body={"thread_id": "t"}
        )
        assert answer.model_extra["convrec"]["turn"] == turn


def test_a_model_that_is_unknown_is_named_as_such(client):
    with pytest.raises(openai.NotFoundError, match="no model of that name"):
        client.chat.completions.create(model="gpt-4o", messages=WESTERN)


@pytest.mark.parametrize(
    "messages", [[{"role": "system", "content": "be nice"}], [{"role": "assistant", "content": "hello"}]]
)
def test_a_conversation_that_ends_with_somebody_else_is_refused(client, messages):
    with pytest.raises(openai.UnprocessableEntityError, match="not the user's"):
        client.chat.completions.create(model="convrec", messages=messages)


def test_langchain_talks_to_it(url):
    model = ChatOpenAI(model="convrec", base_url=f"{url}/v1", api_key="none-is-needed", max_retries=0)
    assert "western" in model.invoke("a western").content.casefold()
    assert "".join(chunk.content for chunk in model.stream("a comedy"))
