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
def telemetry():
    """The provider and the exporter of spans, and the exporter of logs. The instrumentation sends its events as logs."""
    botocore = pytest.importorskip("opentelemetry.instrumentation.botocore")
    sdk = pytest.importorskip("opentelemetry.sdk.trace")
    from opentelemetry.sdk import _logs as logs
    from opentelemetry.sdk._logs import export as log_export
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    spans, provider = InMemorySpanExporter(), sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    records, logger_provider = log_export.InMemoryLogRecordExporter(), logs.LoggerProvider()
    logger_provider.add_log_record_processor(log_export.SimpleLogRecordProcessor(records))
    instrumentor = botocore.BotocoreInstrumentor()
    instrumentor.instrument(tracer_provider=provider, logger_provider=logger_provider)
    yield provider, spans, records
    instrumentor.uninstrument()


# Attributes that differ in each call.
DIFFERENT = ("aws.request_id", "rpc.request_id", "exception.stacktrace")


def attributes(of):
    return {name: value for name, value in of.attributes.items() if name not in DIFFERENT}


def emitted(telemetry, client):
    """Returns the spans and events of some calls, without what differs in each call."""
    provider, spans, records = telemetry
    spans.clear()
    records.clear()
    with provider.get_tracer("test").start_as_current_span("test"):
        client.converse(**CONVERSE)
        list(client.converse_stream(**CONVERSE)["stream"])
        client.invoke_model(**TITAN)["body"].read()
        client.invoke_model(modelId=CLAUDE, body=CLAUDE_BODY)["body"].read()
        list(client.invoke_model_with_response_stream(modelId=CLAUDE, body=CLAUDE_BODY)["body"])
        with pytest.raises(client.exceptions.ValidationException):
            client.converse(modelId="nonsense", messages=MESSAGES)
        with pytest.raises(client.exceptions.ValidationException):
            client.converse_stream(modelId="nonsense", messages=MESSAGES)
    finished = spans.get_finished_spans()
    names = {span.context.span_id: span.name for span in finished}
    found = [
        {
            "name": span.name,
            "kind": span.kind,
            "parent": span.parent and names[span.parent.span_id],
            "status": (span.status.status_code, span.status.description),
            "attributes": attributes(span),
            "events": [(event.name, attributes(event)) for event in span.events],
        }
        for span in finished
    ]
    logs = [record.log_record for record in records.get_finished_logs()]
    return found, [(names[log.span_id], log.event_name, attributes(log), log.body) for log in logs]


def test_opentelemetry(telemetry, local_endpoint):
    theirs = boto3.client("bedrock-runtime", **local_endpoint.settings)
    invoke_model.boto3.install()
    try:
        ours = boto3.client("bedrock-runtime", **local_endpoint.settings)
    finally:
        invoke_model.boto3.uninstall()
    expected, found = (emitted(telemetry, client) for client in (theirs, ours))
    assert found == expected
    spans, events = found
    assert [span["parent"] for span in spans] == ["test"] * 7 + [None]
    assert {name for name, _, _, _ in events} == {span["name"] for span in spans if span["parent"]}
    assert [span["status"][0].name for span in spans] == ["UNSET"] * 5 + ["ERROR"] * 2 + ["UNSET"]
    assert [name for name, _ in spans[5]["events"]] == ["exception"]
    # The instrumentation adds headers in a function that it replaces.
    traced = [call["headers"].get("x-amzn-trace-id") is not None for call in local_endpoint.calls]
    assert traced == [True] * 14


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
