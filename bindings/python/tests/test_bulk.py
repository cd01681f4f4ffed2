"""Bulk runs: order, reading ahead, bad records, limits, and the end of a run."""

import gc
import json
import os
import threading

import pytest
from conftest import EMBEDDING, MODEL

import invoke_model


def record(number):
    return {"recordId": f"id {number}", "modelInput": {"inputText": f"text {number}"}}


def records(count):
    return (record(number) for number in range(count))


def ids(results):
    return [result["recordId"] for result in results]


def test_results_are_in_the_order_of_the_records(client, local_endpoint):
    local_endpoint.inject({"every": 3, "delay_ms": 20})
    run = client.bulk(records(50), modelId=EMBEDDING, max_concurrency=8)
    results = list(run)
    assert ids(results) == [f"id {number}" for number in range(50)]
    assert results[7].keys() == {"recordId", "modelInput", "modelOutput"}
    assert results[7]["modelInput"] == {"inputText": "text 7"}
    assert len({tuple(result["modelOutput"]["embedding"]) for result in results}) == 50
    summary = run.summary
    assert summary["end"] == "complete"
    assert (summary["records"], summary["succeeded"], summary["failed"], summary["remaining"]) == (50, 50, 0, 0)
    assert (summary["calls"], summary["in_flight"], summary["errors"]) == (50, 0, {})
    assert summary["input_tokens"] > 0 and summary["cost"] is None
    assert summary["call_seconds"].keys() == {"p50", "p90", "p99", "max"}
    assert list(run) == []


def test_records_can_be_dictionaries_or_lines(client, tmp_path):
    body = {"inputText": "a"}
    given = [
        {"modelInput": body},
        {"modelInput": json.dumps(body)},
        {"recordId": "own", "modelInput": json.dumps(body).encode()},
        json.dumps({"modelInput": body}),
        b'{"recordId": "line", "modelInput": {"inputText": "a"}}\r\n',
        "\n",
        bytearray(b'{"modelInput": {"inputText": "b"}}'),
    ]
    results = list(client.bulk(given, modelId=EMBEDDING))
    assert ids(results) == ["R0000000001", "R0000000002", "own", "R0000000004", "line", "R0000000006"]
    assert results[1]["modelInput"] == json.dumps(body)
    assert results[4]["modelInput"] == body
    assert all("modelOutput" in result for result in results)

    path = tmp_path / "records.jsonl"
    path.write_text("\ufeff" + "\n\n".join(json.dumps(record(number)) for number in range(3)))
    for name in (path, str(path)):
        results = list(client.bulk(name, modelId=EMBEDDING))
        assert [result["modelInput"]["inputText"] for result in results] == ["text 0", "text 1", "text 2"]
    with pytest.raises(FileNotFoundError):
        client.bulk(tmp_path / "missing", modelId=EMBEDDING)


def test_converse(client):
    messages = [{"role": "user", "content": [{"text": "hi"}]}]
    given = [{"modelInput": {"messages": messages}}, {"modelInput": {}}]
    first, second = client.bulk(given, modelId=MODEL, operation="Converse")
    assert first["modelOutput"]["output"]["message"]["content"] == [{"text": "You said: hi"}]
    assert second["error"]["errorCode"] == 400


def test_the_records_are_not_read_ahead_of_the_calls(client):
    read = 0

    def endless():
        nonlocal read
        while True:
            read += 1
            yield {"modelInput": {"inputText": "a"}}

    with client.bulk(endless(), modelId=EMBEDDING, max_concurrency=4) as run:
        for number, _ in zip(range(1, 201), run):
            assert read <= number + 2 * 4
            assert len(run._records) <= 2 * 4
    assert run.summary["end"] == "stopped"
    assert run.summary["succeeded"] <= 200 + 2 * 4


def test_equal_inputs_can_be_sent_once(client, local_endpoint, tmp_path):
    equal = [{"modelInput": {"inputText": str(number % 2)}} for number in range(10)]
    with pytest.raises(ValueError, match="`dedupe` needs a journal"):
        client.bulk(equal, modelId=EMBEDDING, dedupe=True)
    run = client.bulk(equal, modelId=EMBEDDING, dedupe=True, journal=tmp_path / "journal.jsonl")
    results = list(run)
    assert results[0]["modelOutput"] == results[8]["modelOutput"]
    assert len(local_endpoint.calls) == 2
    assert run.summary["duplicates"] == 8


def test_an_exception_of_the_records_follows_the_results_in_flight(client):
    def broken():
        yield from records(5)
        raise LookupError("no more")

    found = []
    with pytest.raises(LookupError, match="no more") as raised:
        for result in client.bulk(broken(), modelId=EMBEDDING, max_concurrency=2):
            found.append(result)
    assert f"bulk: {len(found)} of 5 records have a result" in raised.value.__notes__[0]
    assert ids(found) == [f"id {number}" for number in range(len(found))]


@pytest.mark.parametrize(
    ("bad", "exception", "text"),
    [
        ("no JSON", ValueError, "invalid record: expected"),
        ({"modelInput": [1]}, ValueError, "`modelInput` must be an object"),
        ({"modelInput": "[1]"}, ValueError, "`modelInput` must be an object"),
        ({"modelInput": "{"}, ValueError, "invalid record"),
        ({}, ValueError, "expected an object such as"),
        ({"modelInput": {}, "model": 1}, ValueError, "unknown field `model`"),
        ({"recordId": "", "modelInput": {}}, ValueError, "must not be empty"),
        ({"recordId": "id 0", "modelInput": {}}, ValueError, "the id `id 0` occurs twice"),
        ({"modelInput": {"a": "x" * 25_000_000}}, ValueError, "larger than 25000000 bytes"),
        ({"modelInput": {"a": float("nan")}}, ValueError, "Out of range float"),
        ({"modelInput": {"a": {1}}}, TypeError, "not JSON serializable"),
        (7, TypeError, "expected a dict, or a line of JSON as text or bytes, not int"),
    ],
)
def test_an_invalid_record_ends_the_run(client, bad, exception, text):
    run = client.bulk([record(0), bad, record(1)], modelId=EMBEDDING)
    found = []
    with pytest.raises(exception, match=text) as raised:
        for result in run:
            found.append(result["recordId"])
    assert found in ([], ["id 0"])
    # Since Python 3.14, `json` adds notes too.
    assert any("the record after 1 records is invalid" in note for note in raised.value.__notes__)
    assert list(run) == []


def test_invalid_records_can_be_skipped(client):
    given = [record(0), {"recordId": "own", "modelInput": [1]}, "no JSON", record(0), record(1)]
    run = client.bulk(given, modelId=EMBEDDING, skip_invalid=True)
    results = list(run)
    assert ids(results) == ["id 0", "own", "R0000000003", "id 0", "id 1"]
    assert [result.get("error", {}).get("errorCode") for result in results] == [None, 400, 400, 400, None]
    assert results[1]["modelInput"] == [1] and results[2]["modelInput"] == "no JSON"
    assert (run.summary["succeeded"], run.summary["failed"]) == (2, 3)


def test_errors_are_results_with_the_names_of_python(local_endpoint):
    client = local_endpoint.client(timeout=0.2, max_attempts=1)
    local_endpoint.inject({"first": 1, "delay_ms": 60_000})
    run = client.bulk(records(3), modelId=EMBEDDING, max_concurrency=1)
    first, *rest = run
    assert first["error"]["errorCode"] == 0
    assert "raise `timeout`" in first["error"]["errorMessage"]
    assert all("modelOutput" in result for result in rest)
    assert run.summary["ambiguous"] == 1 and sum(run.summary["errors"].values()) == 1


def test_a_failure_of_all_records_ends_the_run(client, local_endpoint, tmp_path):
    local_endpoint.inject({"error": {"code": "AccessDeniedException", "message": "no"}})
    run = client.bulk(records(100), modelId=EMBEDDING, journal=tmp_path / "journal.jsonl")
    with pytest.raises(client.exceptions.AccessDeniedException) as raised:
        list(run)
    assert "to continue, call `bulk` again with the same records and journal=" in raised.value.__notes__[-1]
    assert run.summary["end"] == "failed"
    local_endpoint.clear_faults()
    results = list(client.bulk(records(100), modelId=EMBEDDING, journal=tmp_path / "journal.jsonl"))
    assert len(results) == 100 and all("modelOutput" in result for result in results)


def test_budgets_end_the_run(client, local_endpoint, tmp_path):
    prices = {"currency": "USD", "models": {EMBEDDING: {"input": 1.0, "output": 0.0}}}
    for limit in ({"max_tokens_total": 12}, {"max_cost": 0.012, "price_table": prices}):
        local_endpoint.clear()
        journal = tmp_path / f"{len(limit)}.jsonl"
        for _ in range(2):
            run = client.bulk(records(100), modelId=EMBEDDING, journal=journal, **limit)
            with pytest.raises(invoke_model.exceptions.OverBudgetError):
                list(run)
            assert run.summary["end"] == "over budget"
            assert 0 < run.summary["input_tokens"] <= 12
        assert 0 < len(local_endpoint.calls) < 12
        if "max_cost" in limit:
            assert run.summary["cost"] == pytest.approx(run.summary["input_tokens"] / 1000)


def test_the_quota_limiter_of_the_client_applies(local_endpoint):
    limiter = invoke_model.QuotaLimiter(budget={"tokens": 12, "period": "total"})
    client = local_endpoint.client(quota_limiter=limiter, tags={"tenant": "acme"})
    with pytest.raises(invoke_model.exceptions.OverBudgetError):
        list(client.bulk(records(100), modelId=EMBEDDING))
    with pytest.raises(ValueError, match="the client has a quota limiter"):
        client.bulk([], modelId=EMBEDDING, max_tokens_total=5)
    assert limiter.usage()["in_flight"] == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"operation": "Chat"}, "operation: use InvokeModel or Converse"),
        ({"max_concurrency": 0}, "max_concurrency: expected 1 to 10000, not 0"),
        ({"max_concurrency": "8"}, "max_concurrency: expected a number"),
        ({"max_cost": 1.0}, "max_cost: it needs `price_table`"),
        ({"price_table": {"currency": "USD", "models": {}}}, "price_table: "),
        ({"journal": 1}, "journal: expected the path of a file, not int"),
        ({"dedupe": 1}, "dedupe: expected True or False"),
    ],
)
def test_invalid_arguments_are_named(client, arguments, text):
    with pytest.raises((TypeError, ValueError), match=text):
        client.bulk([], modelId=EMBEDDING, **arguments)


def test_clients_that_have_no_bulk_runs(local_endpoint):
    class Hook:
        def after_attempt(self, attempt, context):
            pass

    client = local_endpoint.client()
    with pytest.raises(ValueError, match="interceptors do not run in bulk runs"):
        client.with_options(interceptors=[Hook()]).bulk([], modelId=EMBEDDING)
    with pytest.raises(ValueError, match="a failover client has no bulk runs"):
        invoke_model.Client.failover({"a": client}).bulk([], modelId=EMBEDDING)
    with pytest.raises(TypeError):
        client.bulk(7, modelId=EMBEDDING)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.bulk([], modelId=EMBEDDING)


def test_tags_and_user_agent_are_those_of_the_client(local_endpoint):
    client = local_endpoint.client(user_agent_extra="my-program/1")
    list(client.bulk(records(1), modelId=EMBEDDING))
    assert local_endpoint.calls[0]["headers"]["user-agent"].endswith("my-program/1")


@pytest.mark.parametrize("how", ["close", "drop"])
def test_an_abandoned_run_sends_no_further_records(client, local_endpoint, how, tmp_path):
    journal = tmp_path / "journal.jsonl"
    run = client.bulk(records(1_000), modelId=EMBEDDING, max_concurrency=2, journal=journal)
    next(run)
    native = run._native
    if how == "close":
        run.close()
        assert native.has_ended()
    else:
        del run
        gc.collect()
        native.drain()
    assert len(local_endpoint.calls) <= 1 + 2 * 2
    assert native.summary()["end"] == "stopped"
    # No result is lost.
    again = client.bulk(records(10), modelId=EMBEDDING, journal=journal)
    assert len(list(again)) == 10
    assert len(local_endpoint.calls) == 10


def test_a_stopped_run_returns_the_results_in_flight(client, local_endpoint):
    run = client.bulk(records(1_000), modelId=EMBEDDING, max_concurrency=2)
    results = [next(run)]
    run.stop()
    results += run
    assert ids(results) == [f"id {number}" for number in range(len(results))]
    assert len(results) == len(local_endpoint.calls) <= 5


def test_threads_can_share_a_run(client):
    found = []
    run = client.bulk(records(100), modelId=EMBEDDING)

    def work():
        found.extend(run)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(ids(found)) == sorted(f"id {number}" for number in range(100))
    assert all(result["modelInput"]["inputText"][4:] == result["recordId"][2:] for result in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_use_the_run_of_its_parent(client):
    run = client.bulk(records(100), modelId=EMBEDDING)
    next(run)
    child = os.fork()
    if child == 0:
        try:
            next(run)
        except RuntimeError as error:
            os._exit(0 if "belongs to the parent process" in str(error) else 1)
        os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert len(list(run)) == 99
