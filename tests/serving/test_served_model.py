"""A real server with a real, if tiny, language model: what the agent relies on."""

import json
from concurrent.futures import ThreadPoolExecutor

import jsonschema
import openai
import pytest
import torch
from langchain_core.messages import convert_to_messages
from transformers import AutoModelForCausalLM, AutoTokenizer

from convrec.agent.llm.local import LocalChatModel
from tests.serving.tiny import chats

CHATS = [chat[:-1] for chat in chats()[::500]]
FACTS = [{"role": "user", "content": "facts of Heat"}]
FILM = {
    "type": "object",
    "properties": {
        "year": {"type": "integer", "minimum": 1900, "maximum": 2030},
        "genres": {"type": "array", "items": {"type": "string", "enum": ["Drama", "Western"]}, "maxItems": 2},
        "why": {"type": "string", "maxLength": 12},
    },
    "required": ["year", "genres", "why"],
    "additionalProperties": False,
}


@pytest.fixture
def client(served):
    with openai.OpenAI(base_url=served.base_url, api_key="none", max_retries=0, timeout=300) as client:
        yield client


def ask(client, model, chat, **options):
    return client.chat.completions.create(model=model, messages=chat, **{"temperature": 0, "max_tokens": 32} | options)


def as_json(schema):
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}


def test_the_model_and_its_adapters_are_offered_by_name(client, served):
    assert {model.id for model in client.models.list()} == {served.model, *served.adapters}
    with pytest.raises(openai.NotFoundError):
        ask(client, "another", FACTS)


@pytest.mark.parametrize("adapter", [None, "bold", "shy"])
def test_served_and_in_process_the_same_tokens_are_chosen(client, served, adapter):
    """Token agreement: greedy answers, their counts and what ended them are alike, with an adapter and without."""
    folder = None if adapter is None else str(served.adapters[adapter])
    local = LocalChatModel(model=str(served.folder), adapter=folder, max_tokens=32)
    for chat in CHATS:
        told, own = ask(client, adapter or served.model, chat), local.invoke(convert_to_messages(chat))
        assert told.choices[0].message.content == own.text
        assert told.choices[0].finish_reason == own.response_metadata["finish_reason"]
        counts = (told.usage.prompt_tokens, told.usage.completion_tokens)
        assert counts == (own.usage_metadata["input_tokens"], own.usage_metadata["output_tokens"])


def test_an_adapter_by_name_gives_other_tokens_than_its_base(client, served):
    answers = {
        model: [ask(client, model, chat).choices[0].message.content for chat in CHATS]
        for model in (served.model, *served.adapters)
    }
    assert len({tuple(answer) for answer in answers.values()}) == 3


def test_served_probabilities_are_those_of_transformers(client, served):
    told = (
        ask(client, served.model, FACTS, max_tokens=1, logprobs=True, top_logprobs=5)
        .choices[0]
        .logprobs.content[0]
        .top_logprobs
    )
    tokenizer, model = AutoTokenizer.from_pretrained(served.folder), AutoModelForCausalLM.from_pretrained(served.folder)
    prompt = tokenizer.apply_chat_template(FACTS, add_generation_prompt=True, return_tensors="pt", return_dict=True)
    with torch.inference_mode():
        own = torch.log_softmax(model(**prompt).logits[0, -1], -1).topk(5)
    assert [entry.token for entry in told] == [tokenizer.decode([number]) for number in own.indices]
    assert [entry.logprob for entry in told] == pytest.approx(own.values.tolist(), abs=1e-3)


@pytest.mark.parametrize("temperature", [0, 1.0])
def test_guided_answers_keep_to_their_schema(client, served, temperature):
    for model in (served.model, *served.adapters):
        told = ask(
            client, model, FACTS, response_format=as_json(FILM), max_tokens=120, temperature=temperature, seed=3
        ).choices[0]
        assert told.finish_reason == "stop"
        jsonschema.validate(json.loads(told.message.content), FILM)


def test_a_wrong_schema_is_refused_and_the_server_lives_on(client, served):
    with pytest.raises(openai.BadRequestError):
        ask(client, served.model, FACTS, response_format=as_json({"type": "nonsense"}))
    assert ask(client, served.model, FACTS).choices[0].message.content


def test_a_stream_joins_to_the_whole(client, served):
    whole = ask(client, served.model, FACTS)
    chunks = list(ask(client, served.model, FACTS, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == whole.choices[0].message.content
    assert len([piece for piece in pieces if piece]) > 5
    assert chunks[-1].usage == whole.usage


def test_a_stop_ends_the_answer_before_it(client, served):
    whole = ask(client, served.model, FACTS).choices[0].message.content
    assert (
        ask(client, served.model, FACTS, stop=[whole[5:8]]).choices[0].message.content
        == whole[: whole.index(whole[5:8])]
    )


def test_many_at_once_are_answered_as_one_by_one(client, served):
    alone = [ask(client, served.model, chat).choices[0].message.content for chat in CHATS]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda chat: ask(client, served.model, chat).choices[0].message.content, CHATS))
    assert together == alone


def test_a_prompt_longer_than_the_window_is_refused(client, served):
    with pytest.raises(openai.BadRequestError, match="context length"):
        ask(client, served.model, [{"role": "user", "content": "a b " * 20_000}])


def test_a_server_that_dies_in_mid_stream_is_an_error_and_serves_again(client, served):
    stream = ask(client, served.model, FACTS, stream=True, max_tokens=900, extra_body={"ignore_eos": True})
    heard = [next(stream) for _ in range(5)]
    served.kill()
    with pytest.raises(openai.APIConnectionError):
        heard.extend(stream)
    assert len(heard) < 900
    assert not any(chunk.choices[0].finish_reason for chunk in heard)
    with pytest.raises(openai.APIConnectionError):
        ask(client, served.model, FACTS)
    served.start()
    assert ask(client, served.model, FACTS).choices[0].message.content
