"""Tags, and quota limiters with keys, budgets and prices."""

import json
import threading

import pytest
from conftest import CONVERSE, EMBEDDING, HELLO, MESSAGES, MODEL

from invoke_model import QuotaLimiter, exceptions

PRICES = {"currency": "USD", "models": {"amazon.nova-lite-*": {"input": 0.06, "output": 0.24}}}
LIMITED = {**CONVERSE, "inferenceConfig": {"maxTokens": 10}}


def metadata(call):
    return json.loads(call["body"]).get("requestMetadata")


def test_tags(local_endpoint):
    with local_endpoint.client(tags={"team": "search", "tenant": "none"}) as client:
        client.with_options(tags={"tenant": "acme"}).with_options(tags={"user": "a"}).converse(**CONVERSE)
        client.converse(**CONVERSE)
    assert metadata(local_endpoint.calls[0]) == {"team": "search", "tenant": "acme", "user": "a"}
    assert metadata(local_endpoint.calls[1]) == {"team": "search", "tenant": "none"}


def test_a_client_with_options_shares_the_connections(local_endpoint):
    client = local_endpoint.client()
    other = client.with_options(tags={"tenant": "acme"})
    client.converse(**CONVERSE)
    other.converse(**CONVERSE)
    assert len(local_endpoint.connections) == 1
    assert other.meta is client.meta
    other.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.converse(**CONVERSE)


@pytest.mark.parametrize(
    ("tags", "error", "text"),
    [
        (5, TypeError, "tags: expected a dict, not int"),
        ({"a": 1}, TypeError, "tags: a: expected text, not int"),
        ({1: "a"}, TypeError, "tags: expected text as key, not int"),
    ],
)
def test_invalid_tags(local_endpoint, tags, error, text):
    with pytest.raises(error, match=f"^{text}$"):
        local_endpoint.client(tags=tags)
    with local_endpoint.client() as client, pytest.raises(error, match=f"^{text}$"):
        client.with_options(tags=tags)


def test_tags_that_the_service_would_reject(local_endpoint):
    with pytest.raises(ValueError, match="the value of the tag `team` must have at most 256 characters"):
        local_endpoint.client(tags={"team": "s\u00e4"})
    with local_endpoint.client() as client, pytest.raises(exceptions.ParamValidationError, match="the tag `team`"):
        client.with_options(tags={"team": "s\u00e4"}).converse(**CONVERSE)
    assert local_endpoint.calls == []


def tenant(client, name):
    return client.with_options(tags={"tenant": name})


@pytest.mark.parametrize("kind", ["dict", "function"])
def test_limits_for_each_value_of_a_tag(local_endpoint, kind):
    values = {"acme": {"requests_per_minute": 2}, "*": {"requests_per_minute": 1}}
    asked = []

    def limits(value):
        asked.append(value)
        return values.get(value, values["*"])

    limiter = QuotaLimiter(keys_of_tags={"tenant": limits if kind == "function" else values}, max_wait=0)
    with local_endpoint.client(quota_limiter=limiter) as client:
        for _ in range(2):
            tenant(client, "acme").converse(**CONVERSE)
        tenant(client, "other").converse(**CONVERSE)
        for name in ("acme", "other"):
            with pytest.raises(exceptions.QuotaError) as caught:
                tenant(client, name).converse(**CONVERSE)
            assert (caught.value.key, caught.value.limit) == (f"tenant={name}", "requests_per_minute")
            assert caught.value.retry_class == "not sent"
        client.converse(**CONVERSE)
    assert len(local_endpoint.calls) == 4
    assert asked == ([] if kind == "dict" else ["acme", "other"])


def test_a_value_without_limits(local_endpoint):
    limiter = QuotaLimiter(keys_of_tags={"tenant": {"acme": {}}})
    with local_endpoint.client(quota_limiter=limiter) as client:
        tenant(client, "acme").converse(**CONVERSE)
        with pytest.raises(ValueError, match="^keys_of_tags: tenant=x: no limits: add the value, or "):
            tenant(client, "x")
    with pytest.raises(ValueError, match="^keys_of_tags: tenant=x: no limits"):
        local_endpoint.client(quota_limiter=limiter, tags={"tenant": "x"})


def test_an_exception_of_the_function_is_raised(local_endpoint):
    def limits(value):
        raise LookupError(value)

    with local_endpoint.client(quota_limiter=QuotaLimiter(keys_of_tags={"tenant": limits})) as client:
        with pytest.raises(LookupError, match="acme"):
            tenant(client, "acme")


def test_the_function_can_ask_the_limiter(local_endpoint):
    found = []

    def limits(value):
        found.append(limiter.usage()["in_flight"])
        return {"max_concurrency": 1}

    limiter = QuotaLimiter(keys_of_tags={"tenant": limits})
    with local_endpoint.client(quota_limiter=limiter) as client:
        tenant(client, "acme").converse(**CONVERSE)
    assert found == [0]


def test_clients_share_a_limiter(local_endpoint):
    limiter = QuotaLimiter(requests_per_minute=1, max_wait=0)
    with local_endpoint.client(quota_limiter=limiter) as one, local_endpoint.client(quota_limiter=limiter) as two:
        one.converse(**CONVERSE)
        with pytest.raises(exceptions.QuotaError) as caught:
            two.converse(**CONVERSE)
    assert (caught.value.limit, caught.value.key) == ("requests_per_minute", None)
    usage = limiter.usage()
    assert (usage["requests"], usage["in_flight"], usage["is_in_outage"]) == (1, 0, False)


def test_a_budget_of_tokens(local_endpoint):
    limiter = QuotaLimiter(budget={"tokens": 60, "period": "day"}, keys={"account": {"max_concurrency": 9}})
    with local_endpoint.client(quota_limiter=limiter) as client, pytest.raises(exceptions.OverBudgetError) as caught:
        for _ in range(9):
            client.converse(**LIMITED)
    error = caught.value
    assert (error.key, error.budget, error.period, error.currency) == ("default", 60, "day", None)
    assert error.used <= 60 < error.used + error.reserved
    assert 0 < len(local_endpoint.calls) < 9
    assert isinstance(error, exceptions.QuotaError) and error.limit is None


def test_a_budget_of_money(local_endpoint, tmp_path):
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(PRICES))
    for table in (PRICES, path, str(path)):
        budget = {"money": 0.01, "period": "month"}
        limiter = QuotaLimiter(keys_of_tags={"tenant": {"*": {"budget": budget}}}, price_table=table)
        with local_endpoint.client(quota_limiter=limiter) as client:
            acme = tenant(client, "acme")
            with pytest.raises(exceptions.OverBudgetError) as caught:
                for _ in range(9):
                    acme.converse(**LIMITED)
            assert (caught.value.key, caught.value.budget, caught.value.currency) == ("tenant=acme", 0.01, "USD")
            assert caught.value.period == "month"
            tenant(client, "other").converse(**LIMITED)


def test_a_model_without_a_price(local_endpoint):
    limiter = QuotaLimiter(budget={"money": 1, "period": "total"}, price_table=PRICES)
    with local_endpoint.client(quota_limiter=limiter) as client:
        with pytest.raises(exceptions.NoPriceError) as caught:
            client.invoke_model(modelId=EMBEDDING, body=HELLO)
        assert caught.value.model_id == EMBEDDING
        client.converse(modelId=MODEL, messages=MESSAGES)
    assert len(local_endpoint.calls) == 1


@pytest.mark.parametrize(
    ("settings", "error", "text"),
    [
        ({"max_concurrency": "x"}, TypeError, "max_concurrency: expected a number of at least 1, not str"),
        ({"max_wait": -1}, ValueError, "max_wait: expected at least 0 seconds, not -1"),
        ({"keys": {"a": {"rpm": 1}}}, ValueError, "keys: a: 'rpm' is not a setting; known settings: max_concurrency, "),
        ({"keys": {"a": 1}}, TypeError, "keys: a: expected a dict, not int"),
        ({"keys": {1: {}}}, TypeError, "keys: expected text as key, not int"),
        ({"keys_of_tags": {"t": 1}}, TypeError, "keys_of_tags: t: expected a dict or a function, not int"),
        ({"keys_of_tags": {"t": {"a": 1}}}, TypeError, "keys_of_tags: t=a: expected a dict, not int"),
        ({"budget": {"tokens": 1}}, ValueError, 'budget: period: expected "day", "month" or "total"'),
        ({"budget": {"period": "day"}}, ValueError, 'budget: expected either "tokens" or "money"'),
        ({"budget": {"money": -1, "period": "day"}}, ValueError, "budget: money: expected a number from 0 to 9000000"),
        ({"budget": {"tokens": 1 << 60, "period": "day"}}, ValueError, "budget: tokens: expected at most "),
        ({"price_table": {"models": {}}}, ValueError, "price table: missing field `currency`"),
        ({"price_table": 1}, TypeError, "price_table: expected a dict or the path of a JSON file, not int"),
    ],
)
def test_invalid_settings(settings, error, text):
    with pytest.raises(error, match=f"^{text}"):
        QuotaLimiter(**settings)


def test_invalid_quota_limiters(local_endpoint):
    with pytest.raises(TypeError, match="^quota_limiter: expected a QuotaLimiter, not int$"):
        local_endpoint.client(quota_limiter=1)
    with pytest.raises(ValueError, match="^quota_limiter: pass max_concurrency, "):
        local_endpoint.client(quota_limiter=QuotaLimiter(), max_concurrency=1)


def test_usage_while_calls_look_for_their_key(local_endpoint):
    """`usage` and the calls use the same lock. None of them may wait for the other while it holds the interpreter lock."""
    limiter = QuotaLimiter(keys_of_tags={"tenant": lambda value: {"max_concurrency": 1}})

    def call(name):
        with local_endpoint.client(quota_limiter=limiter) as client:
            tenant(client, name).converse(**CONVERSE)

    threads = [threading.Thread(target=call, args=(f"t{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        limiter.usage()
    assert len(local_endpoint.calls) == 4
