"""OpenAI's own client asks the server for all that it can ask for."""

import json
import sys

import openai
from checks import base_url, key, model, person, question, run, weather

client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0)


def ask(**more):
    return client.chat.completions.create(
        **{"model": model, "messages": question, "max_tokens": 12, "temperature": 0, **more}
    )


def check_models():
    models = client.models.list().data
    assert [one.id for one in models] == [model], models
    assert client.models.retrieve(model).object == "model"


def check_chat():
    answer = ask()
    [choice] = answer.choices
    assert "Paris" in choice.message.content, choice
    assert choice.message.role == "assistant"
    assert choice.finish_reason in ("stop", "length")
    usage = answer.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens
    assert 0 < usage.completion_tokens <= 12


def check_stream():
    whole = ask()
    chunks = list(ask(stream=True, stream_options={"include_usage": True}))
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content, text
    ends = [c.choices[0].finish_reason for c in chunks if c.choices]
    assert ends[-1] == whole.choices[0].finish_reason and ends[:-1] == [None] * (len(ends) - 1)
    assert chunks[-1].choices == [] and chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens
    assert len({c.id for c in chunks}) == 1


def check_tools_in_two_turns():
    first = ask(tools=[weather], tool_choice="required", max_tokens=60)
    message = first.choices[0].message
    [call] = message.tool_calls
    assert first.choices[0].finish_reason == "tool_calls", first
    assert call.function.name == "get_weather"
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    turns = [
        *question,
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "Sunny, 21 degrees."},
    ]
    second = ask(messages=turns, tools=[weather])
    assert second.choices[0].message.content


def check_tools_in_a_stream():
    with client.chat.completions.stream(
        model=model, messages=question, tools=[weather], max_tokens=60, temperature=0,
        tool_choice={"type": "function", "function": {"name": "get_weather"}},
    ) as stream:
        for _ in stream:
            pass
        final = stream.get_final_completion()
    [call] = final.choices[0].message.tool_calls
    assert isinstance(json.loads(call.function.arguments)["city"], str)
    assert final.choices[0].finish_reason == "tool_calls"


def check_json():
    answer = ask(response_format={"type": "json_object"}, max_tokens=200, temperature=0.5, seed=3)
    if answer.choices[0].finish_reason == "stop":
        assert isinstance(json.loads(answer.choices[0].message.content), dict)
    schema = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": person}}
    answer = ask(response_format=schema, max_tokens=200)
    value = json.loads(answer.choices[0].message.content)
    assert set(value) == {"name", "age", "hobbies"} and isinstance(value["age"], int), value


def check_logprobs():
    [choice] = ask(logprobs=True, top_logprobs=5).choices
    tokens = choice.logprobs.content
    assert "".join(t.token for t in tokens).startswith(choice.message.content)
    for token in tokens:
        assert token.logprob <= 0 and len(token.top_logprobs) == 5
        assert token.top_logprobs[0].logprob >= token.logprob
        assert bytes(token.bytes).decode() == token.token


def check_n_and_seed():
    sample = dict(n=3, temperature=1.0, seed=7)
    one, same, other = ask(**sample), ask(**sample), ask(**{**sample, "seed": 8})
    texts = [[c.message.content for c in answer.choices] for answer in (one, same, other)]
    assert [c.index for c in one.choices] == [0, 1, 2]
    assert texts[0] == texts[1] != texts[2], texts
    assert len(set(texts[0])) > 1, texts


def check_stop():
    [choice] = ask(stop=["Paris"]).choices
    assert "Paris" not in choice.message.content and choice.finish_reason == "stop"


def check_completions():
    prompts = ["The capital of France is", "Two plus two is"]
    answer = client.completions.create(model=model, prompt=prompts, max_tokens=4, temperature=0)
    assert [c.index for c in answer.choices] == [0, 1]
    echoed = client.completions.create(model=model, prompt=prompts[0], max_tokens=4, temperature=0, echo=True)
    assert echoed.choices[0].text == prompts[0] + answer.choices[0].text
    stream = client.completions.create(model=model, prompt=prompts[0], max_tokens=4, temperature=0, stream=True)
    assert "".join(c.choices[0].text for c in stream) == answer.choices[0].text
    probed = client.completions.create(model=model, prompt=prompts[0], max_tokens=4, temperature=0, logprobs=2)
    assert len(probed.choices[0].logprobs.tokens) == 4


def check_errors():
    def fails(kind, status, do):
        try:
            do()
        except kind as error:
            assert error.status_code == status, error
            return error
        raise AssertionError(f"no {kind.__name__}")

    fails(openai.NotFoundError, 404, lambda: ask(model="none"))
    error = fails(openai.BadRequestError, 400, lambda: ask(temperature=9))
    assert error.param == "temperature" and error.type == "invalid_request_error", error.body
    fails(openai.BadRequestError, 400, lambda: ask(messages=[]))
    long = [{"role": "user", "content": "word " * 20000}]
    error = fails(openai.BadRequestError, 400, lambda: ask(messages=long))
    assert error.code == "context_length_exceeded", error.body
    wrong = openai.OpenAI(base_url=base_url, api_key="wrong", max_retries=0)
    fails(openai.AuthenticationError, 401, lambda: wrong.models.list())
    fails(openai.APIStatusError, 501, lambda: client.embeddings.create(model=model, input="a"))


run(sys.modules[__name__])
