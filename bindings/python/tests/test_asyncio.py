"""The asyncio client."""

import asyncio
import gc
import os
import sys
import threading
import time

import pytest
from conftest import CLAUDE, EMBEDDING, HELLO, MESSAGES, MODEL, VIDEO, VIDEO_INPUT

from invoke_model import exceptions

DELAY = {"delay_ms": 60_000}


def run(main):
    """Runs a coroutine. Fails instead of waiting forever."""
    return asyncio.run(asyncio.wait_for(main, 50))


async def until(condition):
    """Waits for a condition that does not depend on this event loop."""
    while not condition():
        await asyncio.sleep(0.01)


def test_calls_and_bodies(local_endpoint):
    async def main():
        async with local_endpoint.async_client() as client:
            response = await client.converse(modelId=MODEL, messages=MESSAGES)
            assert response["output"]["message"]["content"] == [{"text": "You said: hi"}]
            whole = await (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"].text()
            async with (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"] as body:
                assert await body.read(3) == whole[:3].encode()
                assert [chunk async for chunk in body][0] == whole[3:1027].encode()
            with pytest.raises(ValueError, match="closed file"):
                await body.read()
            body = (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"]
            assert [line async for line in body.iter_lines()] == [whole.encode()]
        with pytest.raises(RuntimeError, match="closed"):
            await client.converse(modelId=MODEL, messages=MESSAGES)

    run(main())


def test_streams(local_endpoint):
    async def main():
        client = local_endpoint.async_client()
        response = await client.converse_stream(modelId=MODEL, messages=MESSAGES)
        stream = response["stream"]
        events = [event async for event in stream]
        assert events[0] == {"messageStart": {"role": "assistant"}}
        assert "metadata" in events[-1]
        assert stream.metadata["usage"]["output_tokens"] == 4
        assert [event async for event in stream] == []
        local_endpoint.inject({"break_stream": {"after_events": 1, "by": {"error": {"code": "ThrottlingException"}}}})
        stream = (await client.converse_stream(modelId=MODEL, messages=MESSAGES))["stream"]
        with pytest.raises(Exception, match=r"\(throttlingException\) when calling the ConverseStream operation"):
            [event async for event in stream]

    run(main())


def test_errors_and_bad_input(local_endpoint):
    async def main():
        client = local_endpoint.async_client()
        with pytest.raises(client.exceptions.ValidationException):
            await client.converse(modelId="nonsense", messages=MESSAGES)
        with pytest.raises(Exception, match='Missing required parameter in input: "modelId"'):
            await client.converse()
        with pytest.raises(TypeError, match="only accepts keyword arguments"):
            await client.converse(MODEL)

    run(main())


def test_pages(local_endpoint):
    async def main():
        client = local_endpoint.async_client()
        output = {"s3OutputDataConfig": {"s3Uri": "s3://bucket/path"}}
        for _ in range(3):
            await client.start_async_invoke(modelId=VIDEO, modelInput=VIDEO_INPUT, outputDataConfig=output)
        pages = client.get_paginator("list_async_invokes").paginate(PaginationConfig={"PageSize": 2})
        assert [len(page["asyncInvokeSummaries"]) async for page in pages] == [2, 1]
        assert len((await pages.build_full_result())["asyncInvokeSummaries"]) == 3
        paginate = client.get_paginator("list_async_invokes").paginate
        result = await paginate(PaginationConfig={"MaxItems": 2}).build_full_result()
        rest = paginate(PaginationConfig={"StartingToken": result["NextToken"]})
        assert len((await rest.build_full_result())["asyncInvokeSummaries"]) == 1

    run(main())


def test_many_calls_at_the_same_time(local_endpoint):
    async def main():
        client = local_endpoint.async_client()
        # The first call starts the background thread.
        await client.converse(modelId=MODEL, messages=MESSAGES)
        local_endpoint.inject({"delay_ms": 600_000})
        before = len(os.listdir("/proc/self/task"))
        calls = [asyncio.create_task(client.converse(modelId=MODEL, messages=MESSAGES)) for _ in range(128)]
        await until(lambda: local_endpoint.stats["requests"] == 129)
        # Threads of other tests may have ended since.
        assert len(os.listdir("/proc/self/task")) <= before
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)

        local_endpoint.clear_faults()
        local_endpoint.inject({"delay_ms": 100})
        calls = (client.converse(modelId=MODEL, messages=MESSAGES) for _ in range(128))
        responses = await asyncio.gather(*calls)
        assert len({response["ResponseMetadata"]["RequestId"] for response in responses}) == 128

    run(main())


def test_cancelling_a_task_closes_its_request(local_endpoint):
    local_endpoint.inject(DELAY)

    async def main():
        client = local_endpoint.async_client()
        tasks = [asyncio.create_task(client.converse(modelId=MODEL, messages=MESSAGES)) for _ in range(20)]
        await until(lambda: local_endpoint.stats["requests"] == 20)
        for task in tasks:
            task.cancel()
        for task in tasks:
            with pytest.raises(asyncio.CancelledError):
                await task
        # The record of a call exists after its connection was closed.
        await until(lambda: len(local_endpoint.calls) == 20)
        assert not any(call["response_complete"] for call in local_endpoint.calls)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(client.converse(modelId=MODEL, messages=MESSAGES), 0.05)

    run(main())


def test_no_cancelled_call_is_still_running(local_endpoint):
    local_endpoint.inject(DELAY)

    async def main():
        client = local_endpoint.async_client()
        for sent in range(100, 600, 100):
            tasks = [asyncio.create_task(client.converse(modelId=MODEL, messages=MESSAGES)) for _ in range(100)]
            await until(lambda: local_endpoint.stats["requests"] == sent)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        # The endpoint records a call when it has ended.
        await until(lambda: len(local_endpoint.calls) == local_endpoint.stats["requests"] == 500)
        assert not any(call["response_complete"] for call in local_endpoint.calls)
        await until(lambda: not any(connection["is_open"] for connection in local_endpoint.connections))

    run(main())


def test_cancelling_the_read_of_a_stream_closes_it(local_endpoint):
    local_endpoint.inject({"pace_ms": 60_000})

    async def main():
        client = local_endpoint.async_client()
        body = '{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'
        stream = (await client.invoke_model_with_response_stream(modelId=CLAUDE, body=body))["body"]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(anext(stream.__aiter__()), 0.05)
        with pytest.raises(ValueError, match="closed file"):
            await anext(stream.__aiter__())
        await until(lambda: local_endpoint.calls and local_endpoint.calls[0]["stream"]["end"] != "in_progress")

    run(main())


def test_a_cancelled_read_closes_the_stream_at_once(local_endpoint):
    """The next read must not depend on the time at which the background thread drops the stream."""
    local_endpoint.inject({"pace_ms": 60_000})

    async def main():
        client = local_endpoint.async_client()
        for _ in range(50):
            stream = (await client.converse_stream(modelId=MODEL, messages=MESSAGES))["stream"]
            read = asyncio.create_task(anext(stream.__aiter__()))
            await asyncio.sleep(0)
            read.cancel()
            with pytest.raises(asyncio.CancelledError):
                await read
            with pytest.raises(ValueError, match="closed file"):
                await anext(stream.__aiter__())

    run(main())


def test_a_cancelled_read_does_not_lose_data_silently(local_endpoint):
    """The background thread may have read data that the cancelled task never receives."""

    async def main():
        client = local_endpoint.async_client()
        body = (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"]
        read = asyncio.create_task(body.read(10))
        await asyncio.sleep(0)
        # Blocks the event loop until the background thread has read the data.
        time.sleep(0.2)
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read
        with pytest.raises(ValueError, match="closed file"):
            await body.read(10)

    run(main())


@pytest.mark.parametrize("kind", ["events", "body"])
def test_closing_a_stream_ends_the_read_of_another_task(local_endpoint, kind):
    async def main():
        client = local_endpoint.async_client()
        if kind == "events":
            local_endpoint.inject({"pace_ms": 60_000})
            stream = (await client.converse_stream(modelId=MODEL, messages=MESSAGES))["stream"]
            read = asyncio.create_task(anext(stream.__aiter__()))
        else:
            local_endpoint.inject({"break": {"at": {"body_bytes": 10}, "by": "stall"}})
            stream = (await client.invoke_model(modelId=EMBEDDING, body=HELLO))["body"]
            read = asyncio.create_task(stream.read())
        await asyncio.sleep(0.05)
        stream.close()
        with pytest.raises(ValueError, match="closed file"):
            await asyncio.wait_for(read, 10)

    run(main())


def test_the_timeout_of_a_body(local_endpoint):
    local_endpoint.inject({"break": {"at": {"body_bytes": 10}, "by": "stall"}})

    async def main():
        body = (await local_endpoint.async_client().invoke_model(modelId=EMBEDDING, body=HELLO))["body"]
        body.set_socket_timeout(0.2)
        with pytest.raises(exceptions.ReadTimeoutError):
            await body.read()
        with pytest.raises(ValueError, match="timeout: expected at least 0 seconds"):
            body.set_socket_timeout(-1)

    run(main())


def test_two_event_loops_share_a_client(local_endpoint):
    client = local_endpoint.async_client()

    async def main():
        for _ in range(5):
            await client.converse(modelId=MODEL, messages=MESSAGES)
        return "done"

    results = []
    threads = [threading.Thread(target=lambda: results.append(run(main()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert results == ["done"] * 4
    assert run(main()) == "done"


def test_short_event_loops_in_many_threads(local_endpoint):
    client = local_endpoint.async_client()
    failed = []

    def work():
        try:
            for _ in range(20):
                run(client.converse(modelId=MODEL, messages=MESSAGES))
        except BaseException as error:
            failed.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=work) for _ in range(8)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    assert failed == []


def test_an_event_loop_that_is_closed_during_calls(local_endpoint):
    local_endpoint.inject({"first": 1, **DELAY})
    client = local_endpoint.async_client()
    loop = asyncio.new_event_loop()
    task = loop.create_task(client.converse(modelId=MODEL, messages=MESSAGES))
    loop.run_until_complete(until(lambda: local_endpoint.stats["requests"] == 1))
    loop.close()

    async def main():
        await client.converse(modelId=MODEL, messages=MESSAGES)
        # The next loop has cancelled the call of the closed loop.
        await until(lambda: len(local_endpoint.calls) == 2)

    run(main())
    task._log_destroy_pending = False
    del task, loop
    gc.collect()


def test_calls_outside_of_an_event_loop(local_endpoint):
    coroutine = local_endpoint.async_client().converse(modelId=MODEL, messages=MESSAGES)
    with pytest.raises(RuntimeError, match="no running event loop"):
        coroutine.send(None)
