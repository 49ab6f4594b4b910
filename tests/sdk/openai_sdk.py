"""The official OpenAI SDK for Python against a gateway. Prints one JSON object: the name of each case to "ok" or what went wrong.

Usage: openai_sdk.py BASE_URL API_KEY
The provider behind the gateway answers as tests/sdk/provider.ts says.
"""

import json
import sys
import traceback

import openai

client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
model = "gpt-4o-mini"
hello = [{"role": "user", "content": "hello"}]
greeting = "Hello! What can I do for you?"
weather = {"role": "user", "content": "What is the weather in Paris?"}
tools = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
audio = bytes((i * 7) % 256 for i in range(2000))


def equal(got, want):
    assert got == want, f"{got!r} instead of {want!r}"


def chat():
    answer = client.chat.completions.create(model=model, messages=hello)
    equal(answer.choices[0].message.content, greeting)
    equal(answer.usage.total_tokens, 18)


def chat_stream():
    stream = client.chat.completions.create(
        model=model, messages=hello, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    equal("".join(c.choices[0].delta.content or "" for c in chunks if c.choices), greeting)
    equal([c.usage.total_tokens for c in chunks if c.usage], [18])


def tool_call():
    asked = client.chat.completions.create(model=model, messages=[weather], tools=tools)
    message = asked.choices[0].message
    call = message.tool_calls[0]
    equal((call.function.name, json.loads(call.function.arguments)), ("get_weather", {"city": "Paris"}))
    result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
    answer = client.chat.completions.create(model=model, messages=[weather, message, result], tools=tools)
    equal(answer.choices[0].message.content, "It is sunny in Paris.")


def embeddings():
    answer = client.embeddings.create(model="text-embedding-3-small", input="embed me")
    equal([item.embedding for item in answer.data], [[0.25, -0.5, 0.125, 1]])


def responses():
    equal(client.responses.create(model=model, input="hello").output_text, greeting)


def responses_stream():
    events = list(client.responses.create(model=model, input="hello", stream=True))
    equal("".join(e.delta for e in events if e.type == "response.output_text.delta"), greeting)
    equal(events[-1].type, "response.completed")


def speech():
    equal(client.audio.speech.create(model="tts-1", voice="alloy", input="speak").read(), audio)


def transcription():
    file = ("a file.mp3", audio, "audio/mpeg")
    equal(client.audio.transcriptions.create(model="whisper-1", file=file).text, "A quick brown fox.")
    equal(client.audio.translations.create(model="whisper-1", file=file).text, "Good morning.")


def images():
    answer = client.images.generate(model="dall-e-3", prompt="a cat")
    equal(answer.data[0].url, "https://images.example/cat.png")


def models():
    equal(list(client.models.list()), [])


def provider_error():
    try:
        client.chat.completions.create(model=model, messages=[{"role": "user", "content": "too much"}])
    except openai.RateLimitError as error:
        equal((error.status_code, error.code), (429, "slow_down"))
        return
    raise AssertionError("no error")


def gateway_error():
    try:
        client.post("/chat/completions", cast_to=object, content=b'{"model": ', options={"headers": {"content-type": "application/json"}})
    except openai.BadRequestError as error:
        assert "malformed request" in error.message, error.message
        return
    raise AssertionError("no error")


cases = [
    chat,
    chat_stream,
    tool_call,
    embeddings,
    responses,
    responses_stream,
    speech,
    transcription,
    images,
    models,
    provider_error,
    gateway_error,
]
outcome = {}
for case in cases:
    try:
        case()
        outcome[case.__name__] = "ok"
    except Exception:
        outcome[case.__name__] = traceback.format_exc(limit=-2)
print(json.dumps(outcome))
