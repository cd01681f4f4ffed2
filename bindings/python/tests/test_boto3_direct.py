"""Tests of calls of accelerated clients without the events of botocore, and of what ends such calls."""

import functools
import gc
import json
import logging
import re
import weakref
from unittest import mock

import pytest
from conftest import CLAUDE, CLAUDE_BODY, CONVERSE, EMBEDDING, HELLO, MESSAGES, VIDEO, VIDEO_INPUT

boto3 = pytest.importorskip("boto3")
import botocore.client  # noqa: E402
import botocore.credentials  # noqa: E402
import botocore.hooks  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.useragent import register_feature_id  # noqa: E402

from invoke_model.boto3 import _client  # noqa: E402

EVENTS = [
    "provide-client-params",
    "before-parameter-build",
    "before-endpoint-resolution",
    "before-call",
    "request-created",
    "choose-signer",
    "before-sign",
    "before-send",
    "before-parse",
    "response-received",
    "needs-retry",
    "after-call",
]


@pytest.fixture
def direct(monkeypatch):
    """For each call of an accelerated client, `True` if it was made without events."""
    found = []
    call = _client.Acceleration.call

    def record(*arguments):
        parsed = call(*arguments)
        found.append(parsed is not None)
        return parsed

    monkeypatch.setattr(_client.Acceleration, "call", record)
    return found


def test_calls_without_handlers(create, local_endpoint, direct):
    client = create()
    client.converse(**CONVERSE)
    client.count_tokens(modelId=CLAUDE, input={"converse": {"messages": MESSAGES}})
    assert b"embedding" in client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].read()
    assert len(list(client.converse_stream(**CONVERSE)["stream"])) > 2
    assert len(list(client.invoke_model_with_response_stream(modelId=CLAUDE, body=CLAUDE_BODY)["body"])) > 2
    assert direct == [True] * 5
    assert all(call["signature"] == "valid" for call in local_endpoint.calls)


def test_handlers_with_an_effect_are_called(create, direct):
    output = {"s3OutputDataConfig": {"s3Uri": "s3://bucket/path"}}
    client = create()
    # A handler of botocore adds the idempotency token.
    client.start_async_invoke(modelId=VIDEO, modelInput=VIDEO_INPUT, outputDataConfig=output)
    # A paginator adds a feature to the user agent.
    list(client.get_paginator("list_async_invokes").paginate())
    assert direct == [False, False]


def test_the_request_is_the_same(create, local_endpoint, direct):
    client = create()
    client.converse(**CONVERSE)
    client.meta.events.register("before-parameter-build", lambda **kwargs: None)
    client.converse(**CONVERSE)
    assert direct == [True, False]
    calls = [{**call["headers"], "body": call["body"], "target": call["target"]} for call in local_endpoint.calls]
    ids = [call.pop("amz-sdk-invocation-id") for call in calls]
    for call in calls:
        del call["x-amz-date"]
    assert calls[0] == calls[1]
    form = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    assert all(re.fullmatch(form, text) for text in ids) and ids[0] != ids[1]


@pytest.mark.parametrize("event", EVENTS)
def test_a_handler_is_called_from_the_next_call_on(create, direct, event):
    client, called = create(), []

    def handler(**kwargs):
        called.append(kwargs["event_name"])

    client.converse(**CONVERSE)
    client.meta.events.register(event, handler)
    client.converse(**CONVERSE)
    client.converse(**CONVERSE)
    assert len(called) == 2 and all(name.startswith(f"{event}.bedrock-runtime") for name in called)
    client.meta.events.unregister(event, handler)
    for _ in range(2):
        client.converse(**CONVERSE)
    assert direct == [True, False, False, False, True]
    assert len(called) == 2


@pytest.mark.parametrize("name", ["_emit_api_params", "_resolve_endpoint_ruleset", "_make_request"])
@pytest.mark.parametrize("owner", ["client", "class", "base"])
def test_a_replaced_method_is_called_from_the_next_call_on(create, direct, monkeypatch, owner, name):
    client, called = create(), []
    client.converse(**CONVERSE)
    target = {"client": client, "class": type(client), "base": botocore.client.BaseClient}[owner]
    original = getattr(target, name)

    @functools.wraps(original)
    def replacement(*args, **kwargs):
        called.append(name)
        return original(*args, **kwargs)

    monkeypatch.setattr(target, name, replacement)
    client.converse(**CONVERSE)
    client.converse(**CONVERSE)
    assert called == [name] * 2
    monkeypatch.undo()
    assert client.converse(**CONVERSE)["stopReason"] == "end_turn"
    assert called == [name] * 2


def test_a_wrapper_of_make_api_call_is_called(create, monkeypatch):
    client, called = create(), []
    client.converse(**CONVERSE)
    original = botocore.client.BaseClient._make_api_call

    def wrapper(self, operation, arguments):
        called.append(operation)
        return original(self, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", wrapper)
    client.converse(**CONVERSE)
    client.converse(**CONVERSE)
    assert called == ["Converse"] * 2


def test_a_mock_of_make_api_call_is_called(create, local_endpoint):
    client = create()
    client.converse(**CONVERSE)
    with mock.patch.object(botocore.client.BaseClient, "_make_api_call", return_value={"stopReason": "mocked"}) as mocked:
        assert [client.converse(**CONVERSE)["stopReason"] for _ in range(2)] == ["mocked"] * 2
    assert mocked.call_count == 2
    assert client.converse(**CONVERSE)["stopReason"] == "end_turn"
    assert len(local_endpoint.calls) == 2


def test_a_replaced_emitter_is_called(create, monkeypatch):
    client, names = create(), []
    client.converse(**CONVERSE)
    original = botocore.hooks.HierarchicalEmitter._emit

    def emit(self, event_name, *args, **kwargs):
        names.append(event_name)
        return original(self, event_name, *args, **kwargs)

    monkeypatch.setattr(botocore.hooks.HierarchicalEmitter, "_emit", emit)
    client.converse(**CONVERSE)
    assert "before-call.bedrock-runtime.Converse" in names


def test_variables_of_the_environment(create, local_endpoint, direct, monkeypatch):
    client = create()
    client.converse(**CONVERSE)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "function")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", "Root=1-2-3")
    client.converse(**CONVERSE)
    monkeypatch.delenv("_X_AMZN_TRACE_ID")
    client.converse(**CONVERSE)
    assert direct == [True, False, True]
    traces = [call["headers"].get("x-amzn-trace-id") for call in local_endpoint.calls]
    assert traces == [None, "Root=1-2-3", None]


def test_a_bearer_token_in_the_environment(create, direct, monkeypatch):
    client = create()
    client.converse(**CONVERSE)
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "secret-token")
    # The client was created without a token, and botocore chooses the signature for each call.
    with pytest.raises(botocore.exceptions.BotoCoreError):
        client.converse(**CONVERSE)
    monkeypatch.delenv("AWS_BEARER_TOKEN_BEDROCK")
    client.converse(**CONVERSE)
    assert direct[0] and direct[-1]


def test_a_changed_user_agent(create, local_endpoint, direct):
    client = create()
    client.converse(**CONVERSE)
    client._user_agent_creator._session_user_agent_extra = "later/1.0"
    client.converse(**CONVERSE)
    client.meta.config.user_agent_appid = "application"
    client.converse(**CONVERSE)
    agents = [call["headers"]["user-agent"] for call in local_endpoint.calls]
    assert ["later/1.0" in agent for agent in agents] == [False, True, True]
    assert ["app/application" in agent for agent in agents] == [False, False, True]
    assert direct == [True] * 3


def test_features_of_refreshed_credentials(create, local_endpoint, direct):
    """Credentials that are refreshed during a call add a feature to its user agent."""
    client = create()

    class Credentials(botocore.credentials.Credentials):
        def get_frozen_credentials(self):
            register_feature_id("CREDENTIALS_IMDS")
            return super().get_frozen_credentials()

    plain = client._request_signer._credentials
    client.converse(**CONVERSE)
    client._request_signer._credentials = Credentials(plain.access_key, plain.secret_key)
    client.converse(**CONVERSE)
    client._request_signer._credentials = plain
    client.converse(**CONVERSE)
    features = [
        set(re.search(" m/([^ ]*)", call["headers"]["user-agent"])[1].split(",")) for call in local_endpoint.calls
    ]
    assert features[1] == features[0] | {"0"} and features[2] == features[0]
    assert direct == [True] * 3


def test_the_debug_log_contains_the_events(create, direct, caplog):
    client = create()
    with caplog.at_level(logging.DEBUG, "botocore"):
        client.converse(**CONVERSE)
    assert direct == [False]
    assert "Event before-call.bedrock-runtime.Converse" in caplog.text


@pytest.mark.parametrize("mode", ["legacy", "standard"])
def test_retries(create, local_endpoint, direct, monkeypatch, mode):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    client = create(config=Config(retries={"total_max_attempts": 3, "mode": mode}))
    local_endpoint.inject({"first": 2, "error": {"code": "ThrottlingException", "message": "slow down"}})
    assert client.converse(**CONVERSE)["ResponseMetadata"]["RetryAttempts"] == 2
    headers = [call["headers"] for call in local_endpoint.calls]
    assert len({header["amz-sdk-invocation-id"] for header in headers}) == 1
    assert re.search("attempt=3; max=3$", headers[2]["amz-sdk-request"])
    assert direct == [True]
    if mode == "standard":
        # A handler of `after-call` has returned the quota of the last retry, and each further call returns more.
        handlers = client.meta.events._emitter._handlers.prefix_search("after-call.bedrock-runtime.Converse")
        quota = handlers[0].__self__._quota
        before = quota.available_capacity
        assert before < quota.INITIAL_CAPACITY
        client.converse(**CONVERSE)
        assert quota.available_capacity == before + 1


def test_errors(create, direct):
    client = create(config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(client.exceptions.ValidationException) as raised:
        client.converse(modelId="nonsense", messages=MESSAGES)
    assert raised.value.operation_name == "Converse"
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert direct == []


def test_a_client_is_freed_with_its_last_reference(create, local_endpoint):
    def alive(client):
        client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].read()
        reference = weakref.ref(client)
        del client
        return reference() is not None

    gc.collect()
    gc.disable()
    try:
        is_alive = alive(create())
    finally:
        gc.enable()
    assert not is_alive


def test_results_are_equal(create, local_endpoint, direct):
    client = create()
    found = [client.converse(**CONVERSE)]
    client.meta.events.register("after-call", lambda **kwargs: None)
    found.append(client.converse(**CONVERSE))
    for response in found:
        del response["ResponseMetadata"]["RequestId"], response["metrics"]
        response["ResponseMetadata"]["HTTPHeaders"] = sorted(response["ResponseMetadata"]["HTTPHeaders"])
    assert json.dumps(found[0], sort_keys=True) == json.dumps(found[1], sort_keys=True)
    assert direct == [True, False]
