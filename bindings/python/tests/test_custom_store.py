"""Stores of a quota limiter that are Python objects, and the leases of the actors of Ray."""

import asyncio
import concurrent.futures
import pickle
import sys
import threading

import pytest
from conftest import CONVERSE

from invoke_model import QuotaLimiter, exceptions
from invoke_model.quotas import MemoryQuotaStore
from invoke_model.ray import InvokeModel, LimiterActor

REQUEST = {"keys": {"model": {"requests_per_minute": 2, "max_concurrency": 2}}, "tokens": 5, "cost": 0}


class Recorder:
    """A store that returns a decision, and records its calls."""

    def __init__(self, decision):
        self.decision = decision
        self.requests = []
        self.ended = []

    def acquire(self, request):
        self.requests.append(request)
        if isinstance(self.decision, Exception):
            raise self.decision
        return self.decision

    def end(self, *arguments):
        self.ended.append(arguments)


def test_limiters_share_a_store_in_memory(local_endpoint):
    store = MemoryQuotaStore()
    budget = {"money": 1, "period": "day"}
    prices = {"currency": "USD", "models": {"*": {"input": 0.001, "output": 0.001}}}
    keys = {"account": {"requests_per_minute": 2, "budget": budget}}
    for _ in range(2):
        limiter = QuotaLimiter(keys=keys, store=store, max_wait=0, price_table=prices)
        with local_endpoint.client(quota_limiter=limiter) as client:
            client.converse(**CONVERSE)
    with local_endpoint.client(quota_limiter=limiter) as client, pytest.raises(exceptions.QuotaError) as caught:
        client.converse(**CONVERSE)
    assert (caught.value.limit, caught.value.key) == ("requests_per_minute", "account")
    assert len(local_endpoint.calls) == 2


def test_a_store_gets_requests_and_outcomes(local_endpoint):
    store = Recorder({"reservation": ["any", "value"]})
    keys = {
        "account": {"max_concurrency": 3, "requests_per_minute": 4, "tokens_per_minute": 500},
        "month": {"budget": {"money": 2.5, "period": "month"}},
        "all": {"budget": {"tokens": 1000, "period": "total"}},
    }
    prices = {"currency": "USD", "models": {"*": {"input": 1, "output": 1}}}
    limiter = QuotaLimiter(keys=keys, store=store, price_table=prices)
    with local_endpoint.client(quota_limiter=limiter) as client:
        usage = client.converse(**CONVERSE, inferenceConfig={"maxTokens": 20})["usage"]
    [request] = store.requests
    assert request["keys"] == keys
    assert request["tokens"] > 20 and request["cost"] == request["tokens"] * 1_000_000
    tokens = usage["totalTokens"]
    assert store.ended == [(["any", "value"], "used", tokens, tokens * 1_000_000)]


@pytest.mark.parametrize(
    ("decision", "error", "text"),
    [
        ({"key": "default", "limit": "max_concurrency", "retry_after": 9.0}, "QuotaError", "because of max_concurrency"),
        ({"key": "default", "used": 8}, "OverBudgetError", "budget"),
        ({"restarted": 7.5}, "QuotaStoreError", "Recorder started less than a minute ago"),
        (None, "QuotaStoreError", "Recorder failed: .*acquire: expected a dict or a future, not NoneType"),
        ({}, "QuotaStoreError", "acquire: expected \"reservation\", \"restarted\" or the name of a \"key\""),
        ({"key": "other", "used": 8}, "QuotaStoreError", "or the name of a \"key\""),
        ({"key": "default", "limit": "x", "retry_after": 1}, "QuotaStoreError", "expected \"used\", or \"limit\" and"),
        ({"key": "default", "used": "x"}, "QuotaStoreError", "acquire: used: expected a number, not str"),
        (KeyError("name"), "QuotaStoreError", "Recorder failed: KeyError"),
    ],
)
def test_decisions(local_endpoint, decision, error, text):
    budget = {"tokens": 1000, "period": "day"}
    limiter = QuotaLimiter(max_concurrency=1, budget=budget, store=Recorder(decision), max_wait=0)
    with local_endpoint.client(quota_limiter=limiter) as client:
        with pytest.raises(getattr(exceptions, error), match=text) as caught:
            client.converse(**CONVERSE)
    assert caught.value.retry_class == "not sent"
    assert local_endpoint.calls == []


def test_a_future_of_another_thread(local_endpoint):
    future = concurrent.futures.Future()
    store = Recorder(future)
    limiter = QuotaLimiter(max_concurrency=1, store=store)
    thread = threading.Thread(target=lambda: future.set_result({"reservation": 7}))
    with local_endpoint.client(quota_limiter=limiter) as client:
        thread.start()
        client.converse(**CONVERSE)
    thread.join()
    assert [ended[:2] for ended in store.ended] == [(7, "used")]


def test_a_failed_future_is_temporary(local_endpoint):
    future = concurrent.futures.Future()
    future.set_exception(ConnectionError("lost"))
    limiter = QuotaLimiter(max_concurrency=1, store=Recorder(future))
    with local_endpoint.client(quota_limiter=limiter) as client:
        with pytest.raises(exceptions.QuotaStoreError, match="Recorder is not available: ConnectionError: lost") as caught:
            client.converse(**CONVERSE)
    assert caught.value.is_temporary


def test_a_cancelled_call_does_not_count(local_endpoint):
    future = concurrent.futures.Future()
    store = Recorder(future)
    limiter = QuotaLimiter(max_concurrency=1, store=store)

    async def main():
        async with local_endpoint.async_client(quota_limiter=limiter) as client:
            task = asyncio.create_task(client.converse(**CONVERSE))
            while not store.requests:
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            # The background thread drops the call.
            while limiter.usage()["waiting"]:
                await asyncio.sleep(0)

    asyncio.run(main())
    future.set_result({"reservation": 7})
    assert store.ended == [(7, "not sent", 0, 0)]
    assert local_endpoint.calls == []


def test_a_memory_store():
    store = MemoryQuotaStore()
    first, second = (store.acquire(REQUEST)["reservation"] for _ in range(2))
    assert store.acquire(REQUEST) == {"key": "model", "limit": "max_concurrency", "retry_after": 0.1}
    store.end(first, "used", 3)
    blocked = store.acquire(REQUEST)
    assert (blocked["key"], blocked["limit"]) == ("model", "requests_per_minute")
    store.end(second, "not sent")
    store.end(second, "not sent")
    assert "reservation" in store.acquire(REQUEST)
    budget = {"keys": {"day": {"budget": {"tokens": 9, "period": "day"}}}, "tokens": 5}
    store.acquire(budget)
    assert store.acquire(budget) == {"key": "day", "used": 5}


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda store: store.acquire({"tokens": 1}), ValueError, "request: `keys` is missing"),
        (lambda store: store.acquire({"keys": {"a": 1}}), TypeError, "keys: a: expected a dict, not int"),
        (lambda store: store.end(1, "done"), ValueError, 'outcome: expected "used", "not sent" or "unknown"'),
        (pickle.dumps, TypeError, "cannot pickle MemoryQuotaStore: create it in one process"),
    ],
)
def test_mistakes_with_a_memory_store(call, error, text):
    with pytest.raises(error, match=f"^{text}"):
        call(MemoryQuotaStore())


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Holder:
    """A holder of leases, whose requests have the ids 0, 1, 2 and so on."""

    def __init__(self, leases, name):
        self.leases = leases
        self.name = name
        self.requests = 0

    def acquire(self, request=REQUEST):
        self.requests += 1
        return self.leases.acquire(self.name, self.requests - 1, request)

    def end(self, reservation, outcome):
        self.leases.end(self.name, reservation, outcome, 1, 0)


def test_leases_of_a_silent_holder_expire():
    clock = Clock()
    leases = LimiterActor(now=clock, has_restarted=False)
    silent, active = Holder(leases, "silent"), Holder(leases, "active")
    request = {"keys": {"model": {"max_concurrency": 2}}, "tokens": 0, "cost": 0}
    expired = silent.acquire(request)["reservation"]
    kept = active.acquire(request)["reservation"]
    assert active.acquire(request)["limit"] == "max_concurrency"
    clock.now += LimiterActor.DURATION - 1
    leases.renew("active")
    assert active.acquire(request)["limit"] == "max_concurrency"
    clock.now += 1
    assert "reservation" in active.acquire(request)
    assert active.acquire(request)["limit"] == "max_concurrency"
    # The lease has expired, so its end does not free another one.
    silent.end(expired, "used")
    assert active.acquire(request)["limit"] == "max_concurrency"
    active.end(kept, "used")
    assert "reservation" in active.acquire(request)


def test_a_repeated_message_is_one_request():
    leases = LimiterActor(has_restarted=False)
    request = {"keys": {"model": {"max_concurrency": 1}}, "tokens": 0, "cost": 0}
    assert [leases.acquire("holder", "a", request) for _ in range(2)] == [{"reservation": "a"}] * 2
    assert leases.acquire("holder", "b", request)["limit"] == "max_concurrency"
    for _ in range(2):
        leases.end("holder", "a", "used", 1, 0)
    assert leases.acquire("holder", "b", request) == {"reservation": "b"}


def test_restarted_leases_admit_nothing_for_a_minute():
    clock = Clock()
    old = Holder(LimiterActor(now=clock, has_restarted=False), "holder")
    assert "reservation" in old.acquire()
    leases = LimiterActor(now=clock, has_restarted=True)
    holder = Holder(leases, "holder")
    assert holder.acquire() == {"restarted": 61}
    clock.now += 61
    reservations = [holder.acquire()["reservation"] for _ in range(2)]
    # The end of a request of the earlier process does not end a request of this one.
    holder.end("request of the earlier process", "not sent")
    assert holder.acquire()["limit"] == "max_concurrency"
    holder.end(reservations[0], "not sent")
    assert "reservation" in holder.acquire()


def test_ray_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ImportError, match=r'invoke_model\.ray needs Ray Data: pip install "invoke-model\[ray\]"'):
        InvokeModel("amazon.titan-embed-text-v2:0")
