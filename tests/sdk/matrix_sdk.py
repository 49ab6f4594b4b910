"""The official SDKs for Python against a gateway with a backend for each schema.

Usage: matrix_sdk.py GATEWAY_URL GOOGLE_TOKEN MODEL...
Prints one JSON object: "SDK case model" to "ok" or what went wrong. The providers answer as tests/sdk/providers.ts says.
The accumulators of these SDKs are stricter than those for JavaScript: they join every string of a delta to the last.
"""

import json
import sys
import traceback

import anthropic
import openai

url, token, *models = sys.argv[1:]
options = {"api_key": "of-the-client", "max_retries": 0, "default_headers": {"x-aigw-gcp-access-token": token}}
chat = openai.OpenAI(base_url=f"{url}/v1", **options)
messages = anthropic.Anthropic(base_url=f"{url}/anthropic", **options)

greeting = "Hello! What can I do for you?"
weather = "Paris is sunny, Rome is not."
question = {"role": "user", "content": "What is the weather in Paris and Rome?"}
cities = [{"city": "Paris"}, {"city": "Rome"}]
schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def equal(got, want):
    assert got == want, f"{got!r} instead of {want!r}"


def chat_stream(model):
    with chat.chat.completions.stream(model=model, messages=[{"role": "user", "content": "hello"}]) as stream:
        stream.until_done()
        choice = stream.get_final_completion().choices[0]
    equal((choice.message.role, choice.message.content, choice.finish_reason), ("assistant", greeting, "stop"))


def chat_tool_loop(model):
    tools = [{"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": schema}}]
    with chat.chat.completions.stream(model=model, messages=[question], tools=tools) as stream:
        stream.until_done()
        message = stream.get_final_completion().choices[0].message
    equal([json.loads(call.function.arguments) for call in message.tool_calls], cities)
    results = [{"role": "tool", "tool_call_id": call.id, "content": "cloudy"} for call in message.tool_calls]
    history = [question, message.model_dump(exclude_none=True), *results]
    answer = chat.chat.completions.create(model=model, messages=history, tools=tools)
    equal(answer.choices[0].message.content, weather)


def chat_thinking(model):
    asked = [{"role": "user", "content": "Think, then say hello."}]
    with chat.chat.completions.stream(model=model, messages=asked) as stream:
        stream.until_done()
        equal(stream.get_final_completion().choices[0].message.content, greeting)


def chat_object(model):
    form = {"name": "sum", "schema": {"type": "object", "properties": {"answer": {"type": "integer"}}}}
    answer = chat.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Sum of 40 and 2?"}],
        response_format={"type": "json_schema", "json_schema": form},
    )
    equal(json.loads(answer.choices[0].message.content), {"answer": 42})


def responses_stream(model):
    with chat.responses.stream(model=model, input="hello") as stream:
        response = stream.get_final_response()
    equal((response.output_text, response.status), (greeting, "completed"))


def responses_tool_loop(model):
    tools = [{"type": "function", "name": "get_weather", "description": "d", "parameters": schema, "strict": False}]
    with chat.responses.stream(model=model, input=[question], tools=tools) as stream:
        asked = stream.get_final_response().output
    calls = [item for item in asked if item.type == "function_call"]
    equal([json.loads(call.arguments) for call in calls], cities)
    history = [question]
    for call in calls:
        # What the SDK adds while it parses is not a part of the API.
        history.append(call.model_dump(exclude_none=True, exclude={"parsed_arguments"}))
    history += [{"type": "function_call_output", "call_id": call.call_id, "output": "cloudy"} for call in calls]
    equal(chat.responses.create(model=model, input=history, tools=tools).output_text, weather)


def messages_stream(model):
    asked = [{"role": "user", "content": "hello"}]
    with messages.messages.stream(model=model, max_tokens=100, messages=asked) as stream:
        message = stream.get_final_message()
    equal((message.content[0].text, message.stop_reason), (greeting, "end_turn"))


def messages_tool_loop(model):
    tools = [{"name": "get_weather", "description": "d", "input_schema": schema}]
    common = {"model": model, "max_tokens": 100, "tools": tools}
    with messages.messages.stream(messages=[question], **common) as stream:
        asked = stream.get_final_message()
    uses = [block for block in asked.content if block.type == "tool_use"]
    equal([block.input for block in uses], cities)
    results = [{"type": "tool_result", "tool_use_id": block.id, "content": "cloudy"} for block in uses]
    history = [question, {"role": "assistant", "content": asked.content}, {"role": "user", "content": results}]
    equal(messages.messages.create(messages=history, **common).content[0].text, weather)


def messages_error(model):
    try:
        messages.messages.create(model=model, max_tokens=9, messages=[{"role": "user", "content": "too much"}])
    except anthropic.RateLimitError as error:
        assert "Slow down" in str(error), str(error)
        return
    raise AssertionError("no error")


outcome = {}
cases = [
    chat_stream,
    chat_tool_loop,
    chat_thinking,
    chat_object,
    responses_stream,
    responses_tool_loop,
    messages_stream,
    messages_tool_loop,
    messages_error,
]
for case in cases:
    for model in models:
        try:
            case(model)
            outcome[f"{case.__name__} {model}"] = "ok"
        except Exception:
            outcome[f"{case.__name__} {model}"] = traceback.format_exc(limit=-3)
print(json.dumps(outcome))
