"""Passes the spans of the Rust client to OpenTelemetry. It is imported only if the program has imported OpenTelemetry."""

from opentelemetry import context, trace
from opentelemetry.trace import SpanKind, Status, StatusCode

from . import _native
from ._errors import CallDetails

# The conventions define these attributes as lists. Fields of Rust spans cannot be lists.
_LISTS = ("gen_ai.response.finish_reasons",)

_provider = _tracer = None


def _current_tracer():
    global _provider, _tracer
    provider = trace.get_tracer_provider()
    if provider is not _provider:
        _tracer = trace.get_tracer("invoke_model", _native.__version__, provider)
        _provider = provider
    return _tracer


def start(operation):
    """Starts the span of a call as a child of the current span. Returns `None` if no one records the span."""
    # Other instrumentations set this key around the calls that they describe themselves.
    if context.get_value("suppress_instrumentation"):
        return None
    tracer = _current_tracer()
    span = tracer.start_span(operation, kind=SpanKind.CLIENT)
    return CallSpan(tracer, span) if span.is_recording() else None


def _set_fields(span, fields):
    """Sets the name, the attributes and the status of a span from the fields of a Rust span."""
    # The name is not set if the call failed before it had a model id.
    if name := fields.pop("otel.name", None):
        span.update_name(name)
    # The kind of all spans of the client is `CLIENT`.
    del fields["otel.kind"]
    for name in _LISTS:
        if name in fields:
            fields[name] = [fields[name]]
    span.set_attributes(fields)
    if "error.type" in fields:
        span.set_status(Status(StatusCode.ERROR))


class CallSpan:
    """The span of a call. It ends with the call, or with the event stream of the response."""

    def __init__(self, tracer, span):
        self._tracer = tracer
        self._span = span
        #: Records the spans of the Rust client.
        self.recorder = _native.SpanRecorder()

    def end(self, error=None):
        """Ends the span. `error` is the exception of the call. Does nothing if the span has ended."""
        span, self._span = self._span, None
        if span is None:
            return
        # A cancelled call is not an error, as in `opentelemetry.trace.use_span`.
        if isinstance(error, Exception):
            span.set_status(Status(StatusCode.ERROR))
            # The error code of the Rust span, if there is one, replaces this attribute.
            span.set_attribute("error.type", type(error).__qualname__)
        inside = trace.set_span_in_context(span)
        for kind, fields, start, end in self.recorder.take():
            if kind == "call":
                _set_fields(span, fields)
            else:
                attempt = self._tracer.start_span(kind, inside, SpanKind.CLIENT, start_time=start)
                _set_fields(attempt, fields)
                attempt.end(end)
        span.end()

    def watch(self, response, stream_class):
        """Ends the span with the event stream of a response. Without an event stream, ends the span. Returns the response."""
        candidates = response.values() if isinstance(response, dict) else [response]
        stream = next((value for value in candidates if isinstance(value, stream_class)), None)
        if stream is None:
            self.end()
        else:
            stream._raw = _Events(stream._raw, self)
        return response


class _Events:
    """The native events of a response. The last event, an error of the call, and `close` end the span of the call."""

    def __init__(self, raw, span):
        self._raw = raw
        self._span = span

    def next_batch(self):
        try:
            batch = self._raw.next_batch()
        except BaseException as error:
            self._failed(error)
            raise
        self._received(batch)
        return batch

    def start_next_batch(self, queue, future):
        return self._start(self._raw.start_next_batch, queue, future, self._received)

    def start_head(self, queue, future):
        return self._start(self._raw.start_head, queue, future, lambda head: None)

    def _start(self, start, queue, future, received):
        def done(future):
            # After a cancelled read, the stream is closed.
            if not future.cancelled():
                error = future.exception()
                received(future.result()) if error is None else self._failed(error)

        job = start(queue, future)
        future.add_done_callback(done)
        return job

    def _received(self, batch):
        if type(batch) is not list:
            self._span.end()

    def _failed(self, error):
        # Other exceptions do not end the call, for example that of a second thread that reads the stream.
        if isinstance(error, CallDetails):
            self._span.end(error)

    def close(self):
        self._raw.close()
        self._span.end()

    def __del__(self):
        self._span.end()
