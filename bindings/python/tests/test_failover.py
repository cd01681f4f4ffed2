"""Clients whose calls move to another target."""

import asyncio
import socket

import pytest
from conftest import CONVERSE, EMBEDDING, HELLO, MODEL

import invoke_model
from invoke_model import AsyncClient, Client, exceptions
from invoke_model.testing import local_endpoint as start_endpoint

THROTTLED = {"error": {"code": "ThrottlingException"}, "retry_after": {"seconds": 0}}


@pytest.fixture
def second():
    with start_endpoint() as endpoint:
        yield endpoint


def targets(endpoint, second, **settings):
    return {"first": endpoint.client(**settings), "second": second.client(**settings)}


def test_a_call_moves_to_the_next_target(local_endpoint, second):
    local_endpoint.inject(THROTTLED)
    with Client.failover(targets(local_endpoint, second)) as client:
        response = client.converse(**CONVERSE)
        assert response["output"]["message"]["content"] == [{"text": "You said: hi"}]
        metadata = response["ResponseMetadata"]
        assert metadata["Target"] == "second"
        (other,) = metadata["OtherTargets"]
        assert other["Target"] == "first" and "ThrottlingException" in other["Reason"]
        assert client.meta.endpoint_url == local_endpoint.url
    assert (len(local_endpoint.calls), len(second.calls)) == (1, 1)


def test_a_call_stays_on_the_first_target(local_endpoint, second):
    client = Client.failover(targets(local_endpoint, second))
    metadata = client.converse(**CONVERSE)["ResponseMetadata"]
    assert (metadata["Target"], metadata["OtherTargets"]) == ("first", [])
    assert second.calls == []
    assert "Target" not in local_endpoint.client().converse(**CONVERSE)["ResponseMetadata"]


def test_streams_and_bodies_move_to_the_next_target(local_endpoint, second):
    local_endpoint.inject(THROTTLED)
    client = Client.failover(targets(local_endpoint, second))
    response = client.converse_stream(**CONVERSE)
    assert response["ResponseMetadata"]["Target"] == "second"
    assert "metadata" in list(response["stream"])[-1]
    response = client.invoke_model(modelId=EMBEDDING, body=HELLO)
    assert response["ResponseMetadata"]["Target"] == "second"
    assert response["body"].read().startswith(b'{"embedding"')


def test_the_asyncio_client(local_endpoint, second):
    local_endpoint.inject(THROTTLED)

    async def main():
        clients = {"first": local_endpoint.async_client(), "second": second.async_client()}
        async with AsyncClient.failover(clients) as client:
            response = await client.converse_stream(**CONVERSE)
            assert response["ResponseMetadata"]["Target"] == "second"
            assert [event async for event in response["stream"]]

    asyncio.run(main())


def test_the_model_of_a_target(local_endpoint):
    local_endpoint.inject({**THROTTLED, "model": MODEL})
    client = local_endpoint.client()
    small = "us.amazon.nova-micro-v1:0"
    response = Client.failover({"large": client, "small": (client, small)}).converse(**CONVERSE)
    assert response["ResponseMetadata"]["Target"] == "small"
    assert [call["model_id"] for call in local_endpoint.calls] == [MODEL, small]


def test_the_error_of_all_targets(local_endpoint, second):
    local_endpoint.inject(THROTTLED)
    client = Client.failover({"first": local_endpoint.client(), "second": second.client(max_attempts=2)})
    second.inject({"error": {"code": "ServiceQuotaExceededException"}})
    with pytest.raises(exceptions.ServiceQuotaExceededException) as caught:
        client.converse(**CONVERSE)
    assert caught.value.target == "second"
    (other,) = caught.value.other_targets
    assert other["target"] == "first" and "ThrottlingException" in other["reason"]
    assert isinstance(other["error"], exceptions.ThrottlingException)


def test_the_error_names_the_endpoint_of_its_target(local_endpoint):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % unused.getsockname()[1]
        local_endpoint.inject(THROTTLED)
        clients = {"first": local_endpoint.client(), "none": local_endpoint.client(endpoint_url=url, max_attempts=1)}
        with pytest.raises(exceptions.EndpointConnectionError) as caught:
            Client.failover(clients).converse(**CONVERSE)
    assert str(caught.value) == f'Could not connect to the endpoint URL: "{url}"'


def test_rules(local_endpoint, second):
    denied = {"error": {"code": "AccessDeniedException"}}
    local_endpoint.inject(denied)
    with pytest.raises(exceptions.AccessDeniedException) as caught:
        Client.failover(targets(local_endpoint, second)).converse(**CONVERSE)
    assert (caught.value.target, list(caught.value.other_targets)) == ("first", [])
    client = Client.failover(targets(local_endpoint, second), on_access_denied=True)
    assert client.converse(**CONVERSE)["ResponseMetadata"]["Target"] == "second"


def test_circuit_breakers(local_endpoint, second):
    local_endpoint.inject({"first": 1, **THROTTLED, "retry_after": {"seconds": 60}})
    client = Client.failover(targets(local_endpoint, second))
    assert [status["state"] for status in client.target_status()] == ["closed", "closed"]
    client.converse(**CONVERSE)
    first, other = client.target_status()
    assert (first["target"], first["state"], other["state"]) == ("first", "open", "closed")
    assert 0 < first["remaining"] <= 60 and "ThrottlingException" in first["last_failure"]
    (skipped,) = client.converse(**CONVERSE)["ResponseMetadata"]["OtherTargets"]
    assert "target `first` skipped: its circuit breaker is open" in skipped["Reason"]
    assert len(local_endpoint.calls) == 1


class Marks:
    def __init__(self, value):
        self.value = value

    def before_sign(self, request, context):
        request.headers[f"x-{self.value}"] = "1"


def test_each_target_has_its_own_settings(local_endpoint, second):
    local_endpoint.inject(THROTTLED)
    first = local_endpoint.client(interceptors=[Marks("first")], tags={"target": "first"}, user_agent="first/1")
    other = second.client(interceptors=[Marks("second")], tags={"target": "second"}, user_agent="second/1")
    client = Client.failover({"first": first, "second": other})
    client.with_options(tags={"tenant": "acme"}, interceptors=[Marks("call")]).converse(**CONVERSE)
    for endpoint, name, not_in in ((local_endpoint, "first", "x-second"), (second, "second", "x-first")):
        (call,) = endpoint.calls
        headers = dict(call["headers"])
        assert (headers[f"x-{name}"], headers["x-call"]) == ("1", "1")
        assert not_in not in headers
        assert headers["user-agent"] == f"{name}/1"
        assert f'"target":"{name}"'.encode() in call["body"] and b'"tenant":"acme"' in call["body"]


def test_limits_of_the_targets(local_endpoint, second):
    limiter = invoke_model.QuotaLimiter(keys={"first": {"requests_per_minute": 1}}, max_wait=0)
    clients = {"first": local_endpoint.client(quota_limiter=limiter), "second": second.client()}
    client = Client.failover(clients)
    assert [client.converse(**CONVERSE)["ResponseMetadata"]["Target"] for _ in range(2)] == ["first", "second"]


def test_limits_of_a_tag(local_endpoint, second):
    limiter = invoke_model.QuotaLimiter(keys_of_tags={"tenant": {"acme": {"requests_per_minute": 1}}}, max_wait=0)
    clients = {"first": local_endpoint.client(quota_limiter=limiter), "second": second.client()}
    client = Client.failover(clients)
    acme = client.with_options(tags={"tenant": "acme"})
    assert acme.converse(**CONVERSE)["ResponseMetadata"]["Target"] == "first"
    # The limit belongs to the caller, so the call does not move to another target.
    with pytest.raises(invoke_model.exceptions.QuotaError, match="key `tenant=acme`"):
        acme.converse(**CONVERSE)
    assert second.calls == []
    with pytest.raises(ValueError, match="no limits"):
        client.with_options(tags={"tenant": "x"})


def test_a_closed_target(local_endpoint, second):
    clients = targets(local_endpoint, second)
    client = Client.failover(clients)
    client.close()
    with pytest.raises(RuntimeError, match="closed"):
        client.converse(**CONVERSE)
    clients["first"].converse(**CONVERSE)


def test_invalid_targets(local_endpoint):
    client = local_endpoint.client()
    for found, error, text in (
        ({}, ValueError, "targets: expected at least one target"),
        ([client], TypeError, "targets: expected a dict of clients by name, not list"),
        ({"a": 1}, TypeError, "targets: a: expected an object of Client, not int"),
        ({"a": local_endpoint.async_client()}, TypeError, "targets: a: expected an object of Client, not AsyncClient"),
        ({"a": (client, 1)}, TypeError, "targets: a: expected text as model id, not int"),
        ({"": client}, ValueError, "targets: target 1 has an empty name"),
        ({"a": client, "b": client}, ValueError, "targets: the list of targets is circular: target `b` is equal"),
    ):
        with pytest.raises(error, match=f"^{text}"):
            Client.failover(found)
    with pytest.raises(TypeError, match="^on_ambiguous: expected True or False, not str$"):
        Client.failover({"a": client}, on_ambiguous="yes")
