"""The spans of calls in OpenTelemetry. The tests are skipped if the SDK of OpenTelemetry is not installed."""

import asyncio
import gc
import subprocess
import sys

import pytest
from conftest import CONVERSE, EMBEDDING, HELLO, MODEL

sdk = pytest.importorskip("opentelemetry.sdk.trace")
from opentelemetry import context, trace  # noqa: E402
from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: E402
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter  # noqa: E402
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF  # noqa: E402
from opentelemetry.trace import SpanKind, StatusCode  # noqa: E402
from test_bidirectional import END, SONIC, START, question  # noqa: E402

THROTTLED = {"error": {"code": "ThrottlingException", "message": "secret"}}


@pytest.fixture
def provider(monkeypatch):
    provider = sdk.TracerProvider()
    # The provider of a process can be set only once.
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    return provider


@pytest.fixture
def exporter(provider):
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return exporter


def calls(exporter):
    """Returns the spans of the calls, and checks that all other spans of the package are attempts within these spans."""
    spans = [span for span in exporter.get_finished_spans() if span.instrumentation_scope.name == "invoke_model"]
    found = [span for span in spans if "gen_ai.operation.name" in span.attributes]
    ids = {span.context.span_id for span in found}
    for span in spans:
        assert span.kind == SpanKind.CLIENT
        if span not in found:
            assert span.parent.span_id in ids
            assert span.name == span.attributes["http.request.method"]
            assert span.end_time >= span.start_time
    return found


def attempts(exporter, call):
    spans = exporter.get_finished_spans()
    return [span for span in spans if span.parent is not None and span.parent.span_id == call.context.span_id]


def call(exporter):
    (span,) = calls(exporter)
    return span


def test_a_call(client, local_endpoint, exporter, provider):
    with provider.get_tracer("test").start_as_current_span("parent") as parent:
        client.converse(**CONVERSE)
        assert trace.get_current_span() is parent
    spans = exporter.get_finished_spans()
    assert [span.name for span in spans] == ["POST", f"chat {MODEL}", "parent"]
    attempt, span, _ = spans
    assert span.parent == parent.get_span_context()
    assert span.instrumentation_scope.name == "invoke_model"
    assert dict(span.attributes) == {
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": MODEL,
        "gen_ai.usage.input_tokens": 1,
        "gen_ai.usage.output_tokens": 4,
        "gen_ai.response.finish_reasons": ("end_turn",),
        "cloud.region": local_endpoint.region_name,
        "server.address": "127.0.0.1",
        "server.port": int(local_endpoint.url.rpartition(":")[2]),
    }
    assert span.status.status_code == StatusCode.UNSET
    assert span.events == ()
    assert attempt.parent == span.context
    assert attempt.attributes["http.response.status_code"] == 200
    assert attempt.attributes["aws.request_id"] == local_endpoint.calls[0]["request_id"]
    assert span.start_time <= attempt.start_time <= attempt.end_time <= span.end_time


def test_retries(client, local_endpoint, exporter):
    local_endpoint.inject({"first": 1, **THROTTLED})
    client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].read()
    span = call(exporter)
    assert span.attributes["gen_ai.usage.input_tokens"] > 0
    first, second = attempts(exporter, span)
    assert first.attributes["error.type"] == "ThrottlingException"
    assert first.status.status_code == StatusCode.ERROR
    assert "http.request.resend_count" not in first.attributes
    assert second.attributes["http.request.resend_count"] == 1
    assert (span.status.status_code, second.status.status_code) == (StatusCode.UNSET, StatusCode.UNSET)


@pytest.mark.parametrize(
    ("settings", "arguments", "error_type", "attempts_made"),
    [
        ({}, {**CONVERSE, "modelId": "nonsense"}, "ValidationException", 1),
        ({"endpoint_url": "http://127.0.0.1:9", "max_attempts": 1}, CONVERSE, "connection", 1),
        ({}, {"modelId": MODEL, "messages": "secret"}, "ParamValidationError", 0),
        ({}, {**CONVERSE, "modelId": ""}, "input", 0),
    ],
    ids=["service", "connection", "arguments", "path"],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "asyncio"])
def test_errors(local_endpoint, exporter, is_async, settings, arguments, error_type, attempts_made):
    with pytest.raises(Exception):
        if is_async:
            asyncio.run(local_endpoint.async_client(**settings).converse(**arguments))
        else:
            local_endpoint.client(**settings).converse(**arguments)
    spans = exporter.get_finished_spans()
    assert len(spans) == 1 + attempts_made
    for span in spans:
        assert span.attributes["error.type"] == error_type
        assert span.status.status_code == StatusCode.ERROR
        # The text of an error can contain a part of the input.
        assert (span.status.description, span.events) == (None, ())


def test_the_end_of_a_stream_ends_the_span(client, exporter):
    stream = client.converse_stream(**CONVERSE)["stream"]
    events = iter(stream)
    next(events)
    assert exporter.get_finished_spans() == ()
    assert len(list(events)) > 1
    span = call(exporter)
    assert span.name == f"chat {MODEL}"
    assert span.attributes["gen_ai.usage.output_tokens"] == stream.metadata["usage"]["output_tokens"]
    assert span.attributes["gen_ai.response.finish_reasons"] == ("end_turn",)
    (attempt,) = attempts(exporter, span)
    assert attempt.end_time <= span.end_time
    assert list(stream) == []
    stream.close()
    assert len(exporter.get_finished_spans()) == 2


@pytest.mark.parametrize("how", ["close", "drop"])
def test_a_stream_that_was_not_read(client, exporter, how):
    response = client.converse_stream(**CONVERSE)
    assert exporter.get_finished_spans() == ()
    if how == "close":
        response["stream"].close()
    else:
        del response
        gc.collect()
    span = call(exporter)
    assert "gen_ai.usage.output_tokens" not in span.attributes
    assert span.status.status_code == StatusCode.UNSET


@pytest.mark.parametrize(
    ("by", "error_type"),
    [(THROTTLED, "ThrottlingException"), ({"truncate": 10}, "truncated")],
    ids=["exception", "truncated"],
)
@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "asyncio"])
def test_a_stream_that_fails(local_endpoint, exporter, is_async, by, error_type):
    local_endpoint.inject({"break_stream": {"after_events": 1, "by": by}})

    async def read():
        stream = (await local_endpoint.async_client().converse_stream(**CONVERSE))["stream"]
        return [event async for event in stream]

    with pytest.raises(Exception):
        if is_async:
            asyncio.run(read())
        else:
            list(local_endpoint.client().converse_stream(**CONVERSE)["stream"])
    span = call(exporter)
    assert span.attributes["error.type"].lower() == error_type.lower()
    assert span.status.status_code == StatusCode.ERROR


def test_asyncio(local_endpoint, exporter, provider):
    """Each task has its own current span."""
    tracer = provider.get_tracer("test")

    async def task(client, name):
        with tracer.start_as_current_span(name):
            await client.converse(**CONVERSE)
            stream = (await client.converse_stream(**CONVERSE))["stream"]
            return [event async for event in stream]

    async def main():
        async with local_endpoint.async_client() as client:
            await asyncio.gather(*(task(client, f"task {number}") for number in range(8)))

    asyncio.run(main())
    spans = calls(exporter)
    assert len(spans) == 16
    parents = {span.context.span_id: span.name for span in exporter.get_finished_spans()}
    found = sorted((parents[span.parent.span_id], span.name) for span in spans)
    assert found == [(f"task {number}", f"chat {MODEL}") for number in range(8) for _ in range(2)]
    assert {span.attributes["gen_ai.usage.output_tokens"] for span in spans} == {4}


def test_a_cancelled_call(local_endpoint, exporter):
    """A cancelled call is not an error, as in the functions of OpenTelemetry."""
    local_endpoint.inject({"delay_ms": 60_000})

    async def main():
        call = asyncio.ensure_future(local_endpoint.async_client().converse(**CONVERSE))
        while local_endpoint.stats["requests"] == 0:
            await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())
    assert call(exporter).status.status_code == StatusCode.UNSET


def test_a_cancelled_read_ends_the_span(local_endpoint, exporter):
    local_endpoint.inject({"pace_ms": 60_000})

    async def main():
        stream = (await local_endpoint.async_client().converse_stream(**CONVERSE))["stream"]
        read = asyncio.ensure_future(anext(aiter(stream)))
        await asyncio.sleep(0)
        assert exporter.get_finished_spans() == ()
        read.cancel()
        with pytest.raises(asyncio.CancelledError):
            await read
        assert call(exporter).status.status_code == StatusCode.UNSET
        return stream

    asyncio.run(main())


def test_events_in_both_directions(local_endpoint, exporter):
    async def main():
        async with local_endpoint.async_client(http_version="2") as client:
            stream = await client.invoke_model_with_bidirectional_stream(modelId=SONIC)
            for one in [*START, *question("hi"), *END]:
                await stream.send(one)
            await stream.close_input()
            assert exporter.get_finished_spans() == ()
            return [event async for event in stream]

    assert len(asyncio.run(main())) > 1
    span = call(exporter)
    assert span.name == f"InvokeModelWithBidirectionalStream {SONIC}"
    (attempt,) = attempts(exporter, span)
    assert attempt.attributes["http.response.status_code"] == 200


def test_suppressed_and_unsampled_calls(client, exporter, monkeypatch):
    token = context.attach(context.set_value("suppress_instrumentation", True))
    client.converse(**CONVERSE)
    context.detach(token)
    unsampled = sdk.TracerProvider(sampler=ALWAYS_OFF)
    unsampled.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: unsampled)
    client.converse(**CONVERSE)
    assert exporter.get_finished_spans() == ()


def test_other_calls_are_not_recorded(client, local_endpoint, exporter, monkeypatch):
    """A call without a span of OpenTelemetry does not add its spans to another call."""
    stream = client.converse_stream(**CONVERSE)["stream"]
    with monkeypatch.context() as patch:
        patch.setattr(trace, "get_tracer_provider", trace.NoOpTracerProvider)
        client.invoke_model(modelId=EMBEDDING, body=HELLO)["body"].read()
    list(stream)
    assert call(exporter).name == f"chat {MODEL}"
    assert len(exporter.get_finished_spans()) == 2


IMPORTS = """
import sys
from invoke_model.testing import local_endpoint
with local_endpoint() as endpoint, endpoint.client() as client:
    client.converse(modelId="us.amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])
    client.converse_stream(modelId="us.amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [{"text": "hi"}]}])
print([name for name in sys.modules if name.startswith("opentelemetry") or name == "invoke_model._otel"])
"""


def test_the_package_does_not_import_opentelemetry():
    result = subprocess.run([sys.executable, "-c", IMPORTS], capture_output=True, text=True)
    assert (result.stdout, result.stderr) == ("[]\n", "")
