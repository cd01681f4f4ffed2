"""A quota limiter whose store is a Redis or Valkey server. Without a server, the tests are skipped."""

import os
import subprocess
import sys
import uuid

import pytest
import redis_server
from conftest import CONVERSE

from invoke_model import QuotaLimiter, exceptions


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Starts a server, and returns its URL."""
    if redis_server.program() is None:
        if os.environ.get("REDIS_TESTS") == "required":
            pytest.fail("install redis-server or valkey-server")
        pytest.skip("neither redis-server nor valkey-server is installed")
    with redis_server.running(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture
def store(server):
    """The settings of a store that no other test uses."""
    return {"url": server, "namespace": uuid.uuid4().hex, "wait_after_server_start": False, "timeout": 30}


def test_limiters_share_the_counts_of_a_store(local_endpoint, store):
    one, two = (QuotaLimiter(requests_per_minute=1, max_wait=0, store=store) for _ in range(2))
    with local_endpoint.client(quota_limiter=one) as client:
        client.converse(**CONVERSE)
    with local_endpoint.client(quota_limiter=two) as client, pytest.raises(exceptions.QuotaError) as caught:
        client.converse(**CONVERSE)
    assert caught.value.limit == "requests_per_minute"


PROCESS = """
import json, sys, invoke_model
settings, store = map(json.loads, sys.argv[1:3])
limiter = invoke_model.QuotaLimiter(budget={"tokens": 30, "period": "day"}, store=store)
client = invoke_model.Client(**settings, quota_limiter=limiter)
messages = [{"role": "user", "content": [{"text": "hi"}]}]
try:
    for _ in range(99):
        client.converse(modelId=sys.argv[3], messages=messages, inferenceConfig={"maxTokens": 5})
except invoke_model.exceptions.OverBudgetError as error:
    limiter.flush()
    print(error.key, error.budget)
"""


def test_processes_share_a_budget(local_endpoint, store):
    import json

    arguments = [json.dumps(local_endpoint.settings), json.dumps(store), CONVERSE["modelId"]]

    def run():
        result = subprocess.run([sys.executable, "-c", PROCESS, *arguments], capture_output=True, text=True, timeout=200)
        assert result.stdout == "default 30\n", result.stderr
        return len(local_endpoint.calls)

    first = run()
    assert 0 < first < 99
    # The budget was used up, except for less than one call.
    assert run() - first <= 1


def test_a_forked_process_uses_the_store(local_endpoint, store):
    limiter = QuotaLimiter(requests_per_minute=2, max_wait=0, store=store)
    with local_endpoint.client(quota_limiter=limiter) as client:
        client.converse(**CONVERSE)
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                client.converse(**CONVERSE)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        with pytest.raises(exceptions.QuotaError):
            client.converse(**CONVERSE)
    assert len(local_endpoint.calls) == 2


@pytest.fixture
def no_server(tmp_path):
    """The settings of a store whose server does not exist."""
    return {"url": f"redis+unix://{tmp_path / 'socket'}"}


def test_a_store_that_is_not_available(local_endpoint, no_server):
    limiter = QuotaLimiter(requests_per_minute=2, store=no_server)
    with local_endpoint.client(quota_limiter=limiter) as client, pytest.raises(exceptions.QuotaStoreError) as caught:
        client.converse(**CONVERSE)
    assert caught.value.is_temporary
    assert caught.value.retry_class == "not sent"
    assert local_endpoint.calls == []


def test_the_fallback_uses_a_part_of_the_limits(local_endpoint, no_server):
    limiter = QuotaLimiter(requests_per_minute=4, max_wait=0, store={**no_server, "fallback_processes": 4})
    with local_endpoint.client(quota_limiter=limiter) as client:
        client.converse(**CONVERSE)
        with pytest.raises(exceptions.QuotaError) as caught:
            client.converse(**CONVERSE)
    assert caught.value.limit == "requests_per_minute"
    assert limiter.usage()["is_in_outage"]


@pytest.mark.parametrize(
    ("store", "error", "text"),
    [
        ("http://:secret@localhost", ValueError, "store: .*expected `redis://"),
        (1, TypeError, "store: expected a dict, not int"),
        ({}, ValueError, "store: url: expected `redis://host"),
        ({"url": "redis://localhost", "ttl": 1}, ValueError, "store: 'ttl' is not a setting; known settings: url, "),
        ({"url": "redis://localhost", "timeout": "x"}, TypeError, "store: timeout: expected a number of seconds, not str"),
        ({"url": "redis://localhost", "fallback_processes": 0}, ValueError, "store: fallback_processes: expected a number"),
    ],
)
def test_invalid_stores(store, error, text):
    with pytest.raises(error, match=f"^{text}") as caught:
        QuotaLimiter(store=store)
    assert "secret" not in str(caught.value)
