"""Tests of accelerated clients with handlers, wrappers and replaced functions of other libraries, and of `install`."""

import functools
import io
import json

import pytest
from conftest import CLAUDE, CONVERSE, MESSAGES, MODEL

boto3 = pytest.importorskip("boto3")
import botocore.client  # noqa: E402
import botocore.endpoint  # noqa: E402
import botocore.exceptions  # noqa: E402
import botocore.httpsession  # noqa: E402
import botocore.signers  # noqa: E402
from botocore.awsrequest import AWSResponse  # noqa: E402
from botocore.config import Config  # noqa: E402
from botocore.stub import Stubber  # noqa: E402

import invoke_model.boto3  # noqa: E402


@pytest.fixture
def installed():
    invoke_model.boto3.install()
    yield
    invoke_model.boto3.uninstall()


def add_header(request, **kwargs):
    request.headers["x-added"] = "yes"


def add_to_params(params, **kwargs):
    params["headers"]["x-added"] = "yes"


def add_to_arguments(params, **kwargs):
    params["inferenceConfig"] = {"maxTokens": 3}


@pytest.mark.parametrize("target", ["client", "session"])
@pytest.mark.parametrize(
    ("event", "handler"),
    [
        ("before-call", add_to_params),
        ("request-created", add_header),
        ("before-sign", add_header),
        ("before-send", add_header),
    ],
)
@pytest.mark.parametrize("method", ["register", "register_first", "register_last"])
def test_handlers_change_the_request(create, local_endpoint, paths, target, event, handler, method):
    session = boto3.Session()
    name = f"{event}.bedrock-runtime.Converse"
    if target == "session":
        getattr(session.events, method)(name, handler)
    client = create(session)
    if target == "client":
        client.converse(**CONVERSE)
        getattr(client.meta.events, method)(name, handler)
    client.converse(**CONVERSE)
    client.count_tokens(modelId=CLAUDE, input={"converse": {"messages": MESSAGES}})
    added = [call["headers"].get("x-added") for call in local_endpoint.calls]
    expected = [None, "yes", None] if target == "client" else ["yes", None]
    assert added == expected
    assert paths == ["native" if value is None else "botocore" for value in expected]
    assert all(call["signature"] == "valid" for call in local_endpoint.calls)
    client.meta.events.unregister(name, handler)
    client.converse(**CONVERSE)
    assert paths[-1] == "native"


@pytest.mark.parametrize("event", ["provide-client-params", "before-parameter-build"])
def test_handlers_change_the_arguments(create, local_endpoint, paths, event):
    client = create()
    client.meta.events.register(f"{event}.bedrock-runtime.Converse", add_to_arguments)
    client.converse(modelId=MODEL, messages=MESSAGES)
    assert json.loads(local_endpoint.calls[0]["body"])["inferenceConfig"] == {"maxTokens": 3}
    assert paths == ["native"]


@pytest.mark.parametrize("event", ["choose-signer", "response-received", "before-parse", "needs-retry", "after-call"])
def test_other_handlers_are_called(create, paths, event):
    client, called = create(), []
    client.meta.events.register(f"{event}.bedrock-runtime.*", lambda **kwargs: called.append(kwargs["event_name"]))
    client.converse(**CONVERSE)
    assert called == [f"{event}.bedrock-runtime.Converse"]
    assert paths == ["botocore"]


def test_handlers_of_failures_are_called(create, paths):
    client, called = create(endpoint_url="http://127.0.0.1:9"), []
    client.meta.events.register("after-call-error", lambda exception, **kwargs: called.append(exception))
    with pytest.raises(botocore.exceptions.EndpointConnectionError) as raised:
        client.converse(**CONVERSE)
    assert called == [raised.value]
    assert str(raised.value).endswith('"http://127.0.0.1:9/model/us.amazon.nova-lite-v1%3A0/converse"')
    assert paths == ["native"]


def test_before_send_can_answer(create, local_endpoint, paths):
    client = create()
    body = json.dumps({"stopReason": "end_turn"}).encode()

    class Raw(io.BytesIO):
        def stream(self, **kwargs):
            yield self.read()

    def answer(request, **kwargs):
        return AWSResponse(request.url, 200, {}, Raw(body))

    client.meta.events.register("before-send.bedrock-runtime.*", answer)
    assert client.converse(**CONVERSE)["stopReason"] == "end_turn"
    assert local_endpoint.calls == []


def test_stubber(create, local_endpoint):
    client = create()
    with Stubber(client) as stubber:
        stubber.add_response("count_tokens", {"inputTokens": 7})
        stubber.add_client_error("converse", "ThrottlingException", "slow down")
        given = {"modelId": CLAUDE, "input": {"converse": {"messages": MESSAGES}}}
        assert client.count_tokens(**given)["inputTokens"] == 7
        with pytest.raises(client.exceptions.ThrottlingException):
            client.converse(**CONVERSE)
    assert local_endpoint.calls == []
    assert client.converse(**CONVERSE)["stopReason"] == "end_turn"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (botocore.endpoint.Endpoint, "prepare_request"),
        (botocore.endpoint.Endpoint, "make_request"),
        (botocore.signers.RequestSigner, "sign"),
        (botocore.client.BaseClient, "_make_request"),
        (botocore.client.BaseClient, "_convert_to_request_dict"),
        (botocore.client.BaseClient, "_resolve_endpoint_ruleset"),
        (botocore.httpsession.URLLib3Session, "send"),
    ],
)
def test_replaced_functions_are_called(create, local_endpoint, monkeypatch, owner, name):
    client, called = create(), []
    client.converse(**CONVERSE)
    original = getattr(owner, name)

    @functools.wraps(original)
    def replacement(*args, **kwargs):
        called.append(name)
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, replacement)
    client.converse(**CONVERSE)
    assert called == [name]
    monkeypatch.undo()
    client.converse(**CONVERSE)
    assert called == [name]
    assert len(local_endpoint.calls) == 3


@pytest.mark.parametrize("name", ["make_request", "_send", "prepare_request"])
def test_replaced_functions_of_an_endpoint_are_called(create, name):
    client, called = create(), []
    original = getattr(client._endpoint, name)
    setattr(client._endpoint, name, lambda *args: called.append(name) or original(*args))
    client.converse(**CONVERSE)
    assert called == [name]


def test_a_wrapped_make_api_call_sees_the_call(create, monkeypatch, paths):
    original, seen = botocore.client.BaseClient._make_api_call, []

    def wrapper(self, operation, arguments):
        result = original(self, operation, arguments)
        seen.append((operation, arguments["modelId"], result["ResponseMetadata"]["HTTPStatusCode"]))
        return result

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", wrapper)
    create().converse(**CONVERSE)
    assert seen == [("Converse", MODEL, 200)]
    assert paths == ["native"]


def test_install(local_endpoint, paths):
    invoke_model.boto3.install()
    invoke_model.boto3.install()
    client = boto3.client("bedrock-runtime", **local_endpoint.settings)
    other = boto3.client("sts", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    invoke_model.boto3.uninstall()
    plain = boto3.client("bedrock-runtime", **local_endpoint.settings)
    for one in (client, plain):
        one.converse(**CONVERSE)
    assert paths == ["native"]
    assert not hasattr(other, "_acceleration")


def test_install_beside_other_wrappers(local_endpoint, paths):
    original, created = botocore.client.ClientCreator.create_client, []

    def wrap():
        inner = botocore.client.ClientCreator.create_client

        def create_client(*args, **kwargs):
            created.append(client := inner(*args, **kwargs))
            return client

        botocore.client.ClientCreator.create_client = create_client

    try:
        wrap()
        invoke_model.boto3.install()
        wrap()
        boto3.client("bedrock-runtime", **local_endpoint.settings).converse(**CONVERSE)
        invoke_model.boto3.uninstall()
        boto3.client("bedrock-runtime", **local_endpoint.settings).converse(**CONVERSE)
        invoke_model.boto3.install()
        boto3.client("bedrock-runtime", **local_endpoint.settings).converse(**CONVERSE)
    finally:
        invoke_model.boto3.uninstall()
        invoke_model.boto3._installation.__init__()
        botocore.client.ClientCreator.create_client = original
    assert paths == ["native", "native"]
    assert len(created) == 6


def test_unsupported_settings(local_endpoint, installed, caplog):
    client = boto3.client("bedrock-runtime", verify=False, **local_endpoint.settings)
    assert "verify=False is not supported" in caplog.text
    assert client.converse(**CONVERSE)["stopReason"] == "end_turn"
    with pytest.raises(ValueError, match="verify=False"):
        invoke_model.boto3.accelerate(client)
    with pytest.raises(TypeError, match="expected a client of the service"):
        invoke_model.boto3.accelerate(boto3.client("sts", region_name="us-east-1"))
    config = Config(client_cert="cert.pem")
    with pytest.raises(ValueError, match="client_cert"):
        invoke_model.boto3.accelerate(boto3.client("bedrock-runtime", config=config, **local_endpoint.settings))


def test_history_is_recorded(create, paths):
    from botocore.history import get_global_history_recorder

    recorder, events = get_global_history_recorder(), []

    class Handler:
        def emit(self, event_type, payload, source):
            events.append(event_type)

    recorder.add_handler(handler := Handler())
    recorder.enable()
    try:
        create().converse(**CONVERSE)
    finally:
        recorder.disable()
        recorder._handlers.remove(handler)
    assert "HTTP_REQUEST" in events and paths == ["botocore"]
