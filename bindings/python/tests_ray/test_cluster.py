"""Datasets in a local cluster of several worker processes."""

import json
import os
import signal
import uuid

import pytest

LIMITER = ("quota_limiter", "invoke_model")


def embed(row):
    return {"inputText": row["text"]}


@pytest.fixture
def quotas():
    """Returns settings of a limiter with which the rows that the first minute does not admit soon fail. No other test has
    the same key.
    """
    return lambda **limits: {"keys": {uuid.uuid4().hex: limits}, "max_wait": 3}


def texts_of(local_endpoint):
    return sorted(json.loads(call["body"])["inputText"] for call in local_endpoint.calls)


def split(rows):
    """Returns the rows with an output and those with an error."""
    assert sorted(row["id"] for row in rows) == list(range(200))
    assert all((row["modelOutput"] is None) != (row["error"] is None) for row in rows)
    return [row for row in rows if row["error"] is None], [row for row in rows if row["error"] is not None]


def test_rows_keep_their_order_and_columns(dataset, run, local_endpoint):
    rows = run(dataset, model_input=embed)
    assert [(row["id"], row["text"]) for row in rows] == [(n, f"text {n}") for n in range(200)]
    assert split(rows)[1] == []
    assert texts_of(local_endpoint) == sorted(row["text"] for row in rows)


def check_limits(rows, local_endpoint, limit):
    """Checks that the actors together have not made more calls than the first minute admits."""
    done, failed = split(rows)
    assert 0 < len(local_endpoint.calls) <= limit
    assert len(done) == len(local_endpoint.calls)
    assert {row["error"]["retryClass"] for row in failed} == {"not sent"}


def test_actors_share_the_requests_of_a_minute(dataset, run, local_endpoint):
    limits = {"requests_per_minute": 30, "max_wait": 3}
    check_limits(run(dataset, model_input=embed, quota_limiter=limits), local_endpoint, 30)


def test_actors_share_the_tokens_of_a_minute(dataset, run, local_endpoint, quotas):
    rows = run(dataset, model_input=embed, quota_limiter=quotas(tokens_per_minute=300))
    check_limits(rows, local_endpoint, 199)
    assert sum(call["input_tokens"] for call in local_endpoint.calls) <= 300


def test_actors_share_a_redis_server(dataset, run, local_endpoint, redis):
    store = {"url": redis, "namespace": uuid.uuid4().hex, "wait_after_server_start": False, "timeout": 30}
    limits = {"requests_per_minute": 30, "max_wait": 3, "store": store}
    check_limits(run(dataset, model_input=embed, quota_limiter=limits), local_endpoint, 30)


def test_a_killed_actor(dataset, run, local_endpoint, quotas, tmp_path):
    """Ray restarts the actor, and repeats the rows of its block."""
    killed = tmp_path / "killed"

    def kill_once(row):
        if row["id"] == 107 and not killed.exists():
            killed.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return embed(row)

    limits = quotas(requests_per_minute=1000, max_concurrency=1000)
    limits["max_wait"] = 600
    done, failed = split(run(dataset, model_input=kill_once, quota_limiter=limits))
    assert killed.exists() and failed == []
    assert {row["text"] for row in done} == set(texts_of(local_endpoint))


def test_a_killed_limiter_knows_no_earlier_requests(cluster, dataset, run, local_endpoint, quotas):
    """After its restart, it admits no request until its minute has passed."""
    limits = {**quotas(requests_per_minute=30), "max_wait": 0}
    assert run(dataset.limit(1), model_input=embed, quota_limiter=limits)[0]["error"] is None
    cluster.kill(cluster.get_actor(*LIMITER), no_restart=False)
    local_endpoint.clear()
    rows = run(dataset.limit(1), model_input=embed, quota_limiter=limits)
    assert "started less than a minute ago" in rows[0]["error"]["errorMessage"]
    assert local_endpoint.calls == []
    # The next test gets a new limiter.
    cluster.kill(cluster.get_actor(*LIMITER))


def test_a_captured_client_is_an_error(dataset, run, local_endpoint):
    client = local_endpoint.client()
    with pytest.raises(Exception, match="cannot pickle Client: create a client in each process"):
        run(dataset, model_input=lambda row: {"inputText": client.meta.region_name})
