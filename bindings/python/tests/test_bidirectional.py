"""Calls of the asyncio client that send and receive events at the same time."""

import asyncio
import gc
import json

import pytest
from conftest import MESSAGES, MODEL
from invoke_model.exceptions import EventStreamError, ParamValidationError

SONIC = "amazon.nova-2-sonic-v1:0"
TEXT = {"mediaType": "text/plain"}
QUESTION = {"promptName": "p", "contentName": "c"}


def event(name, **members):
    return {"chunk": {"bytes": json.dumps({"event": {name: members}}).encode()}}


START = [event("sessionStart"), event("promptStart", promptName="p", textOutputConfiguration=TEXT)]
END = [event("promptEnd", promptName="p"), event("sessionEnd")]


def question(text, name="c"):
    content = {"promptName": "p", "contentName": name}
    return [
        event("contentStart", **content, type="TEXT", role="USER", interactive=True, textInputConfiguration=TEXT),
        event("textInput", **content, content=text),
        event("contentEnd", **content),
    ]


def received(event):
    """Returns the name and the members of an event of the model."""
    ((name, members),) = json.loads(event["chunk"]["bytes"])["event"].items()
    return name, members


def run(endpoint, main):
    """Runs a coroutine with a stream and its client. Fails instead of waiting forever."""

    async def with_stream():
        async with endpoint.async_client(http_version="2") as client:
            stream = await client.invoke_model_with_bidirectional_stream(modelId=SONIC)
            async with stream:
                await main(client, stream)

    asyncio.run(asyncio.wait_for(with_stream(), 50))


async def send_all(stream, events):
    for one in events:
        await stream.send(one)


def ends(endpoint):
    """Returns the ends of the streams as the endpoint has recorded them."""
    return [call["stream"]["end"] for call in endpoint.calls]


async def until(condition):
    """Waits for a condition that does not depend on this event loop."""
    while not condition():
        await asyncio.sleep(0.01)


def test_a_conversation(local_endpoint):
    async def main(client, stream):
        await send_all(stream, START)
        events = aiter(stream)
        for text in ("one", "two"):
            await send_all(stream, question(text))
            found = [received(await anext(events)) for _ in range(6)]
            assert [name for name, _ in found][::5] == ["completionStart", "completionEnd"]
            assert found[2][1]["content"] == f"You said: {text}"
        await send_all(stream, END)
        await stream.close_input()
        await stream.close_input()
        assert [event async for event in events] == []
        assert stream.metadata["attempts"] == 1
        head = await stream.get_initial_response()
        assert head["ResponseMetadata"]["HTTPStatusCode"] == 200
        assert list(head) == ["ResponseMetadata"]
        with pytest.raises(ValueError, match="input of the stream is closed"):
            await stream.send(START[0])

    run(local_endpoint, main)
    (call,) = local_endpoint.calls
    assert call["operation"] == "InvokeModelWithBidirectionalStream"


def test_several_tasks_send_in_order(local_endpoint):
    async def main(client, stream):
        await send_all(stream, [*START, question("")[0]])
        words = [event("textInput", **QUESTION, content=f"{number} ") for number in range(100)]
        await asyncio.gather(*map(stream.send, words))
        await send_all(stream, [question("")[2], *END])
        await stream.close_input()
        found = dict([received(event) async for event in stream])
        assert found["textOutput"]["content"].split() == ["You", "said:", *map(str, range(100))]

    run(local_endpoint, main)


def test_wrong_events(local_endpoint):
    async def main(client, stream):
        wrong = [
            ({}, "Must set one of the following keys"),
            ({"pause": {}}, 'Unknown parameter in input: "pause", must be one of: chunk'),
            ({"chunk": {"text": ""}}, 'Unknown parameter in chunk: "text", must be one of: bytes'),
            ({"chunk": {"bytes": 1}}, "Invalid type for parameter chunk.bytes, value: 1"),
            ("chunk", "Invalid type for parameter input, value: chunk"),
        ]
        for one, message in wrong:
            with pytest.raises(ParamValidationError, match=message):
                await stream.send(one)
        await send_all(stream, [*START, *question("hi"), *END])
        await stream.close_input()
        assert received([event async for event in stream][2])[1]["content"] == "You said: hi"

    run(local_endpoint, main)


def test_errors(local_endpoint):
    async def main(client, stream):
        await stream.send(END[0])
        # The first exception is that of the stream. `send` and `close_input` repeat it.
        for call in (lambda: anext(aiter(stream)), lambda: stream.send(START[0]), stream.close_input):
            with pytest.raises(EventStreamError, match=r"\(validationException\) .* the first event is promptEnd"):
                await call()
        stream = await client.invoke_model_with_bidirectional_stream(modelId="nonsense")
        for call in (stream.get_initial_response, lambda: stream.send(START[0])):
            with pytest.raises(client.exceptions.ValidationException):
                await call()

    run(local_endpoint, main)


def test_close_cancels_the_call(local_endpoint):
    async def main(client, stream):
        await send_all(stream, START)
        await stream.get_initial_response()
        receiving = asyncio.create_task(anext(aiter(stream)))
        await asyncio.sleep(0)
        stream.close()
        with pytest.raises(ValueError, match="closed"):
            await receiving
        for call in (lambda: stream.send(START[0]), lambda: anext(aiter(stream))):
            with pytest.raises(ValueError, match="closed"):
                await call()
        await until(lambda: ends(local_endpoint) == ["abandoned"])
        # The other calls of the connection go on.
        assert (await client.converse(modelId=MODEL, messages=MESSAGES))["stopReason"] == "end_turn"
        assert local_endpoint.stats["connections"] == 1

    run(local_endpoint, main)


def test_cancelling_a_reader_cancels_the_call(local_endpoint):
    async def main(client, stream):
        await send_all(stream, START)
        await stream.get_initial_response()
        receiving = asyncio.create_task(anext(aiter(stream)))
        await asyncio.sleep(0)
        receiving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await receiving
        with pytest.raises(Exception, match="the call was cancelled"):
            await stream.send(START[0])
        await until(lambda: ends(local_endpoint) == ["abandoned"])

    run(local_endpoint, main)


def test_a_dropped_stream_cancels_the_call(local_endpoint):
    async def main():
        client = local_endpoint.async_client(http_version="2")
        stream = await client.invoke_model_with_bidirectional_stream(modelId=SONIC)
        await send_all(stream, START)
        await stream.get_initial_response()
        assert ends(local_endpoint) == [None]
        del stream
        gc.collect()
        await until(lambda: ends(local_endpoint) == ["abandoned"])

    asyncio.run(asyncio.wait_for(main(), 50))


# The number of events with 100,000 bytes that a call can send to a service that does not read them.
ACCEPTED = 10


def test_send_waits_for_a_slow_service(local_endpoint):
    local_endpoint.inject({"delay_ms": 60_000})
    sent = []

    async def send(stream):
        for number in range(200):
            await stream.send({"chunk": {"bytes": bytes(100_000)}})
            sent.append(number)

    async def main(client, stream):
        sending = asyncio.create_task(send(stream))
        # The endpoint accepts 1 MiB before it reads the input, and the client keeps two more events. Nothing makes room
        # for another one.
        await until(lambda: len(sent) >= ACCEPTED)
        # A cancelled `send` does not cancel the call.
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        blocked = asyncio.create_task(stream.send(START[0]))
        await asyncio.sleep(0)
        stream.close()
        with pytest.raises(Exception, match="the call was cancelled|the input of the stream is closed"):
            await blocked

    run(local_endpoint, main)
    assert len(sent) == ACCEPTED


def test_what_the_call_needs(local_endpoint, client):
    assert not hasattr(client, "invoke_model_with_bidirectional_stream")
    assert "invoke_model_with_bidirectional_stream" not in client.meta.method_to_api_mapping

    async def main():
        async with local_endpoint.async_client() as client:
            with pytest.raises(ValueError, match='needs HTTP/2: create the client with http_version="2"'):
                await client.invoke_model_with_bidirectional_stream(modelId=SONIC)
        async with local_endpoint.async_client(http_version="2") as client:
            with pytest.raises(Exception, match='Unknown parameter in input: "body"'):
                await client.invoke_model_with_bidirectional_stream(modelId=SONIC, body=[])

    asyncio.run(main())
