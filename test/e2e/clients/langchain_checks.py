"""LangChain's client of OpenAI's API: plain answers, streams, tools and structured output."""

import sys

import openai
from checks import base_url, key, model, person, run
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

settings = dict(base_url=base_url, api_key=key, model=model, temperature=0, max_retries=0)
chat = ChatOpenAI(**settings, max_tokens=40)
patient = ChatOpenAI(**settings, max_tokens=200)
question = "What is the capital of France?"


@tool
def get_weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}."


def check_invoke():
    answer = chat.invoke([HumanMessage(question)])
    assert "Paris" in answer.content, answer
    assert answer.usage_metadata["total_tokens"] > 0


def check_stream():
    parts = list(chat.stream(question))
    assert "".join(part.content for part in parts) == chat.invoke(question).content
    assert len(parts) > 3


def check_batch():
    answers = chat.batch([question] * 4)
    assert len({answer.content for answer in answers}) == 1


def check_tools_in_two_turns():
    asked = chat.bind_tools([get_weather], tool_choice="get_weather").invoke(question)
    [call] = asked.tool_calls
    assert call["name"] == "get_weather" and isinstance(call["args"]["city"], str), asked
    result = ToolMessage(get_weather.invoke(call["args"]), tool_call_id=call["id"])
    answer = chat.bind_tools([get_weather]).invoke([HumanMessage(question), asked, result])
    assert answer.content or answer.tool_calls


def check_structured_output():
    class Person(BaseModel):
        name: str
        age: int

    for method in ("json_schema", "function_calling"):
        value = chat.with_structured_output(Person, method=method).invoke("Ann is 30 years old.")
        assert isinstance(value, Person), value
    value = patient.with_structured_output(
        {"title": "Person", "description": "A person.", **person}, method="json_schema"
    ).invoke("Bob, 40, paints.")
    assert set(value) == {"name", "age", "hobbies"}, value


def check_errors():
    try:
        chat.bind(model="none").invoke(question)
    except openai.NotFoundError:
        return
    raise AssertionError("no NotFoundError")


run(sys.modules[__name__])
