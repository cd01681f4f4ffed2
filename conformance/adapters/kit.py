"""The adapter protocol of the conformance kit for adapters in Python, and the conversion of tagged values."""

import base64
import datetime
import json
import os
import socketserver
import sys
from unittest import mock


class Unsupported(Exception):
    """A setting or an operation that the client does not have."""


def untagged(value, decode_bytes=bytes):
    """Replaces tagged values: blobs with the result of `decode_bytes`, and timestamps with datetimes."""
    if isinstance(value, list):
        return [untagged(item, decode_bytes) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$bytes"}:
        return decode_bytes(base64.b64decode(value["$bytes"]))
    if value.keys() == {"$time"}:
        return datetime.datetime.fromisoformat(value["$time"])
    return {name: untagged(item, decode_bytes) for name, item in value.items()}


def tagged(value):
    """Replaces bytes and datetimes with tagged values."""
    if isinstance(value, (list, tuple)):
        return [tagged(item) for item in value]
    if isinstance(value, dict):
        return {name: tagged(item) for name, item in value.items()}
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime.datetime):
        return {"$time": time_text(value)}
    return value


def time_text(time):
    """Returns a time in the format of RFC 3339. Contains milliseconds only if the time has a fraction of a second."""
    time = time.astimezone(datetime.timezone.utc)
    precision = "milliseconds" if time.microsecond else "seconds"
    return time.isoformat(timespec=precision).replace("+00:00", "Z")


def boto3_call(method, request, result):
    """Makes a call with a method of boto3, or of a synchronous client with the interface of boto3.

    Adds the output and the events to `result` as soon as they arrive. Returns the response of the adapter.
    """
    output = method(**untagged(request["input"]))
    stream = take_stream(output)
    for name, value in output.items():
        if hasattr(value, "read"):
            output[name] = value.read()
    result["output"] = tagged(output)
    if stream is not None:
        result["events"] = []
        for event in stream:
            result["events"].append(tagged(event))
            if len(result["events"]) == request.get("cancel", {}).get("after_events"):
                stream.close()
                return {"cancelled": True}
    return result


def take_stream(output):
    """Removes the metadata from an output of boto3, and returns its event stream."""
    del output["ResponseMetadata"]
    streams = [name for name, value in output.items() if hasattr(value, "get_initial_response")]
    return output.pop(streams[0]) if streams else None


def boto3_error(exception, classes, client_error):
    """Describes an exception of boto3, or of a client with the exceptions of boto3.

    `classes` are pairs of exception types and their error class. The first pair that matches determines the class.
    """
    kinds = [kind for types, kind in classes if isinstance(exception, types)]
    facts = {"class": kinds[0] if kinds else "other", "type": type(exception).__name__, "message": str(exception)}
    if isinstance(exception, client_error):
        details, metadata = exception.response.get("Error", {}), exception.response.get("ResponseMetadata", {})
        facts.update(code=details.get("Code"), message=str(details.get("Message")))
        facts.update(status=metadata.get("HTTPStatusCode"), request_id=metadata.get("RequestId"))
    return {name: value for name, value in facts.items() if value is not None}


def serve(client, version, unreported, run):
    """Responds to the lines of standard input or, with `--listen PORT`, to the lines of connections to this port.

    `run(request)` returns the response to a scenario. The environment variables of the scenario are set meanwhile.
    """
    description = {"client": client, "version": version, "unreported": unreported, "environment": True}

    def run_in_environment(request):
        with mock.patch.dict(os.environ):
            for name, value in request.get("environment", {}).items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
            try:
                return run(request)
            except Unsupported as reason:
                return {"unsupported": str(reason)}

    def respond(lines, output):
        for line in lines:
            request = json.loads(line)
            response = description if "kit" in request else run_in_environment(request)
            output.write(json.dumps(response) + "\n")
            output.flush()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            with self.request.makefile("rw", encoding="utf-8", newline="\n") as connection:
                respond(connection, connection)

    if sys.argv[1:2] == ["--listen"]:
        socketserver.TCPServer(("127.0.0.1", int(sys.argv[2])), Handler).serve_forever()
    else:
        # Clients may print to standard output, which must contain only responses.
        lines, sys.stdout = sys.stdout, sys.stderr
        respond(sys.stdin, lines)
