"""Bulk runs of the asyncio client."""

import asyncio
import gc
import json

import pytest
from conftest import EMBEDDING


def run(main):
    """Runs a coroutine. Fails instead of waiting forever."""
    return asyncio.run(asyncio.wait_for(main, 50))


def record(number):
    return {"recordId": str(number), "modelInput": {"inputText": f"text {number}"}}


async def source(count):
    for number in range(count):
        await asyncio.sleep(0)
        yield record(number)


@pytest.mark.parametrize("kind", ["iterable", "asynchronous", "path"])
def test_results_are_in_the_order_of_the_records(local_endpoint, kind, tmp_path):
    path = tmp_path / "records.jsonl"
    path.write_text("".join(json.dumps(record(number)) + "\n" for number in range(50)))
    given = {"iterable": map(record, range(50)), "asynchronous": source(50), "path": path}[kind]

    async def main():
        local_endpoint.inject({"every": 3, "delay_ms": 20})
        async with local_endpoint.async_client() as client:
            async with client.bulk(given, modelId=EMBEDDING, max_concurrency=8) as results:
                found = [result async for result in results]
            assert [result["recordId"] for result in found] == [str(number) for number in range(50)]
            assert found[7]["modelInput"] == {"inputText": "text 7"}
            assert all("modelOutput" in result for result in found)
            assert results.summary["end"] == "complete"
            assert [result async for result in results] == []

    run(main())


def test_a_result_does_not_wait_for_the_next_record(local_endpoint):
    async def main():
        received = asyncio.Queue()

        async def conversation():
            yield record(0)
            # The second record depends on the first result.
            first = await received.get()
            yield {"modelInput": {"inputText": first["recordId"]}}

        client = local_endpoint.async_client()
        async for result in client.bulk(conversation(), modelId=EMBEDDING):
            await received.put(result)
        assert len(local_endpoint.calls) == 2

    run(main())


def test_the_records_are_not_read_ahead_of_the_calls(local_endpoint):
    async def main():
        read = 0

        async def endless():
            nonlocal read
            while True:
                read += 1
                yield {"modelInput": {"inputText": "a"}}

        client = local_endpoint.async_client()
        async with client.bulk(endless(), modelId=EMBEDDING, max_concurrency=4) as results:
            number = 0
            async for _ in results:
                number += 1
                assert read <= number + 2 * 4 + 1
                if number == 200:
                    break
        assert results.summary["end"] == "stopped"
        assert results.summary["succeeded"] <= 200 + 2 * 4

    run(main())


def test_a_cancelled_wait_loses_no_result(local_endpoint):
    async def main():
        local_endpoint.inject({"first": 1, "delay_ms": 200})
        client = local_endpoint.async_client()
        results = client.bulk(source(10), modelId=EMBEDDING)
        cancelled = 0
        while True:
            try:
                first = await asyncio.wait_for(anext(results), 0.001)
                break
            except TimeoutError:
                cancelled += 1
        assert cancelled > 0
        found = [first, *[result async for result in results]]
        assert [result["recordId"] for result in found] == [str(number) for number in range(10)]

    run(main())


def test_one_task_waits_at_a_time(local_endpoint):
    async def main():
        local_endpoint.inject({"first": 1, "delay_ms": 600_000})
        client = local_endpoint.async_client()
        results = client.bulk(source(1), modelId=EMBEDDING)
        waiting = asyncio.ensure_future(anext(results))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await anext(results)
        waiting.cancel()
        results._native.cancel()

    run(main())


@pytest.mark.parametrize("is_async", [False, True])
def test_an_exception_of_the_records_follows_the_results_in_flight(local_endpoint, is_async):
    def broken():
        yield from map(record, range(5))
        raise LookupError("no more")

    async def broken_source():
        for item in broken():
            yield item

    async def main():
        client = local_endpoint.async_client()
        found = []
        with pytest.raises(LookupError, match="no more") as raised:
            async for result in client.bulk(broken_source() if is_async else broken(), modelId=EMBEDDING):
                found.append(result["recordId"])
        assert found == [str(number) for number in range(len(found))]
        assert "records have a result" in raised.value.__notes__[0]

    run(main())


def test_an_abandoned_run_sends_no_further_records(local_endpoint, tmp_path):
    async def main():
        client = local_endpoint.async_client()
        journal = tmp_path / "journal.jsonl"
        results = client.bulk(source(1_000), modelId=EMBEDDING, max_concurrency=2, journal=journal)
        await anext(results)
        native = results._native
        del results
        gc.collect()
        while not native.has_ended():
            await asyncio.sleep(0.001)
        assert len(local_endpoint.calls) <= 1 + 2 * 2
        again = client.bulk(source(10), modelId=EMBEDDING, journal=journal)
        assert len([result async for result in again]) == 10
        assert len(local_endpoint.calls) == 10

    run(main())


def test_a_cancelled_close_cancels_the_calls(local_endpoint):
    async def main():
        local_endpoint.inject({"delay_ms": 600_000})
        client = local_endpoint.async_client()
        results = client.bulk(source(4), modelId=EMBEDDING)
        waiting = asyncio.ensure_future(anext(results))
        while results.summary["in_flight"] < 4:
            await asyncio.sleep(0.001)
        waiting.cancel()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(results.aclose(), 0.01)
        while results.summary["end"] is None:
            await asyncio.sleep(0.001)
        assert results.summary["end"] == "cancelled"

    run(main())
