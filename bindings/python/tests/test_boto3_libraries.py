"""Tests with libraries that change boto3: OpenTelemetry and moto. They are skipped if a library is not installed."""

import importlib.util
import subprocess
import sys

import pytest
from conftest import CLAUDE, CLAUDE_BODY, CONVERSE, EMBEDDING, HELLO, MESSAGES

boto3 = pytest.importorskip("boto3")

import invoke_model.boto3  # noqa: E402

TITAN = {"modelId": EMBEDDING, "body": HELLO}


@pytest.fixture
def exporter():
    botocore = pytest.importorskip("opentelemetry.instrumentation.botocore")
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = botocore.BotocoreInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()


def spans(exporter, client):
    """Returns the spans of some calls, without what differs in each call."""
    exporter.clear()
    client.converse(**CONVERSE)
    list(client.converse_stream(**CONVERSE)["stream"])
    client.invoke_model(**TITAN)["body"].read()
    list(client.invoke_model_with_response_stream(modelId=CLAUDE, body=CLAUDE_BODY)["body"])
    with pytest.raises(client.exceptions.ValidationException):
        client.converse(modelId="nonsense", messages=MESSAGES)
    found = []
    for span in exporter.get_finished_spans():
        attributes = {k: v for k, v in span.attributes.items() if k not in ("aws.request_id", "rpc.request_id")}
        events = [(event.name, sorted(event.attributes)) for event in span.events]
        found.append((span.name, span.kind, span.status.status_code, attributes, events))
    return found


def test_opentelemetry(exporter, local_endpoint):
    clients = [boto3.client("bedrock-runtime", **local_endpoint.settings) for _ in range(2)]
    invoke_model.boto3.accelerate(clients[1])
    expected, found = (spans(exporter, client) for client in clients)
    assert len(found) == 5
    assert found == expected
    # The instrumentation adds headers in a function that it replaces.
    traced = [call["headers"].get("x-amzn-trace-id") is not None for call in local_endpoint.calls]
    assert traced == [True] * 10


MOTO = """
import boto3, invoke_model.boto3, moto
for accelerate in (False, True):
    with moto.mock_aws():
        client = boto3.client("bedrock-runtime", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        if accelerate:
            invoke_model.boto3.accelerate(client)
        print(client.invoke_model(modelId="amazon.titan-embed-text-v2:0", body=b"{}")["body"].read())
"""


def test_moto():
    """moto registers handlers in all sessions of a process, so it runs in another process."""
    if importlib.util.find_spec("moto") is None:
        pytest.skip("moto is not installed")
    result = subprocess.run([sys.executable, "-c", MOTO], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    expected, found = result.stdout.splitlines()
    assert found == expected
