"""Replies that are made from recorded responses, and the expected failure of each client.

A failure is a regular expression. For boto3 and the SDK for JavaScript, it must match the class, code and message of
the raised error. For our command, it must match the exit code and the message. If the failure is `None`, the client
must treat the response as complete.
"""

from typing import NamedTuple

from recording import chunked, flip_bit, frame, frames, part, pieces, with_length, without_length

JSON = {":content-type": "application/json"}


class Reply(NamedTuple):
    # The byte strings to send. The server writes each of them to the socket by itself.
    writes: list
    # Parts that a client receives before the fault.
    parts: list
    boto3: str | None = None
    javascript: str | None = None
    ours: str | None = None


def complete(headers, body):
    """Returns a reply for each way to split the recorded response. Each reply contains the complete response."""
    events = frames(body)
    [head, *odd] = chunked(headers, pieces(body, 7))
    splits = {
        "one event per chunk": chunked(headers, events),
        "one chunk": chunked(headers, [body]),
        "one byte per chunk": chunked(headers, pieces(body, 1)),
        "chunks of 7 bytes in writes of 5": [head, *pieces(b"".join(odd), 5)],
        "one write": [b"".join(chunked(headers, events))],
        "a length": with_length(headers, len(body), [body]),
        "a length, one byte per write": with_length(headers, len(body), pieces(body, 1)),
    }
    return {split: Reply(writes, list(map(part, events))) for split, writes in splits.items()}


def exception(name, message):
    return frame({":message-type": "exception", ":exception-type": name, **JSON}, b'{"message":"%b"}' % message)


def exceptions(union):
    """Yields a case for each modeled exception of a stream."""
    for name, shape in union.members.items():
        if shape.metadata.get("exception"):
            code = 5 if shape.metadata["error"]["httpStatusCode"] >= 500 else 4
            failures = f"EventStreamError {name}: slow", f"{shape.name} {shape.name}: slow", f"{code}: .*{shape.name}: slow"
            yield name, [exception(name, b"slow")], *failures


def corrupted(headers, body, union):
    """Yields replies whose HTTP body is complete, but whose event stream has a fault after two events."""
    [first, second, event, *rest] = frames(body)
    later = exception("laterException", b"why")
    error = frame({":message-type": "error", ":error-code": "Oops", ":error-message": "why"}, b"")
    mismatch, no_event = "ChecksumMismatch", "6: .*cannot decode the response stream: frame 2: (the )?(prelude|message) .*CRC"
    # boto3 raises no error in the cases with this failure, because it ignores an incomplete frame at the end.
    left_over = "6: .*the last frame is incomplete"
    cases = [
        *exceptions(union),
        ("an unknown exception", [later], "EventStreamError", "Error: .*why", "5: .*laterException: why"),
        ("an error", [error], "EventStreamError Oops: why", "Error: why", "5: .*Oops: why"),
        ("an error, then more", [error, event, *rest], "EventStreamError Oops: why", "Error: why", "5: .*Oops: why"),
        ("a wrong bit in a prelude", [flip_bit(event, 8), *rest], mismatch, "prelude checksum", no_event),
        ("a wrong bit in a header", [flip_bit(event, 14), *rest], mismatch, "message checksum", no_event),
        ("a wrong bit in a payload", [flip_bit(event, -20), *rest], mismatch, "message checksum", no_event),
        ("a wrong bit in a CRC", [flip_bit(event, -1), *rest], mismatch, "message checksum", no_event),
        ("an end in a prelude", [event[:5]], None, "Truncated", left_over),
        ("an end in a header", [event[:30]], None, "Truncated", left_over),
        ("an end in a payload", [event[:-20]], None, "Truncated", left_over),
        ("an end in a CRC", [event[:-1]], None, "Truncated", left_over),
    ]
    for name, then, *failures in cases:
        messages = [first, second, *then]
        for how, split in (("as sent", messages), ("one byte per chunk", pieces(b"".join(messages), 1))):
            yield f"{name}, {how}", Reply(chunked(headers, split), [part(first), part(second)], *failures)


def ended(headers, body):
    """Returns replies that are truncated, that may be truncated, or that are complete but unusual."""
    events = frames(body)
    [first, second, event, *rest] = events
    begun = [first, second]
    unknown = frame({":message-type": "event", ":event-type": "later", **JSON}, b'{"a":1}')
    truncated = "6: .*response stream truncated after 2 events"
    no_end = "6: .*the response has neither chunks nor a length"
    unusual = "0: note: the stream is complete, but"
    # boto3 raises no error in the case "shorter than its length", because it accepts such a body.
    cases = [
        ("truncated between events", begun, chunked(headers, begun, False), "ProtocolError", "aborted", truncated),
        ("truncated in an event", begun, chunked(headers, [*begun, event[:50]], False), "ProtocolError", "aborted", truncated),
        ("truncated in a chunk", begun, [*chunked(headers, begun, False), b"ff\r\nabc"], "ProtocolError", "aborted", truncated),
        ("shorter than its length", begun, with_length(headers, len(body), begun), None, "aborted", truncated),
        ("no length", events, without_length(headers, [body]), None, None, no_end),
        ("no length, truncated", begun, without_length(headers, begun), None, None, no_end),
        ("no length, truncated in an event", begun, without_length(headers, [*begun, event[:50]]), None, "Truncated", truncated),
        ("no events", [], chunked(headers, []), None, None, unusual),
        ("no metrics", events[:-1], chunked(headers, events[:-1]), None, None, unusual),
        ("an unknown event", events, chunked(headers, [*begun, unknown, event, *rest]), None, None, "0: note: skipped 1 event"),
    ]
    for name, read, writes, *failures in cases:
        yield name, Reply(writes, list(map(part, read)), *failures)
