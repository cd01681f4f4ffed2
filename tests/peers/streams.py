"""Reads streams of the local endpoint with boto3 and the SDK for JavaScript.

usage: streams.py

The environment variables are the same as for `calls.py`. Each client reads a stream of each model family, in the schema
of the vendor. The text of the stream must equal the text of the response without streaming. Models are named by id and
by ARN, and requests have a signature or a bearer token. Each client must raise each modeled error, both before and
within a stream, and an error for each kind of wrong credentials.
"""

import itertools
import json

from clients import INVOKE, STREAM, Boto3, JavaScript, call
from common import Report, differing
from families import ARNS, CLAUDE, COUNTS, FAMILIES, METRICS, outline
from failures import CREDENTIALS, ERROR_MEMBERS, ERROR_MODEL, TOKEN, check_credentials, check_errors, check_failure

STREAMED = [*((family.model_id, family) for family in FAMILIES), *ARNS.items()]
MODELED_ERRORS, MODELED_EXCEPTIONS = 11, 6
# Members that the response repeats from the request.
ECHOED = {"performanceConfigLatency": "optimized", "serviceTier": "flex"}
# Streams must have more than this number of chunks, so that chunk boundaries are tested.
FEW = 10


def check_streams(report, client, streamed, **members):
    """Compares the streams of models with their responses without streaming."""
    streams = client.run([call(STREAM, name, family.request, **members) for name, family in streamed])
    unary = client.run([call(INVOKE, name, family.request) for name, family in streamed])
    for (name, family), stream, response in zip(streamed, streams, unary, strict=True):
        output = {"contentType": "application/json", **members}
        found = stream["output"], stream["failure"], response["failure"]
        report.check(f"{name}, output", found, (output, None, None))
        if not stream["parts"] or not response["parts"]:
            continue
        chunks = [json.loads(part) for part in stream["parts"]]
        templates = family.templates(len(chunks))
        outlines = [outline(*pair) for pair in itertools.zip_longest(chunks, templates)]
        report.check(f"{name}, chunks that differ from the templates", differing(outlines, templates), [])
        report.check(f"{name}, many chunks", len(chunks) > FEW, True)
        texts = "".join(map(family.text_of_chunk, chunks)), family.text(json.loads(response["parts"][0]))
        report.check(f"{name}, text", texts, (family.echo, family.echo))
        metrics = chunks[-1].get(METRICS, dict.fromkeys(COUNTS, -1))
        in_order = 0 <= metrics["firstByteLatency"] <= metrics["invocationLatency"]
        report.check(f"{name}, metrics", (in_order, metrics["outputTokenCount"] > FEW), (True, True), metrics)


def check_exceptions(report, client, union):
    """Checks each exception of the union, both as the first event and after other events."""
    exceptions = {name: shape for name, shape in union.members.items() if shape.metadata.get("exception")}
    cases = [(name, shape, after) for name, shape in exceptions.items() for after in (0, 3)]
    requests = [{"error": shape.name, "afterEvents": after, **ERROR_MEMBERS} for _, shape, after in cases]
    results = client.run([call(STREAM, ERROR_MODEL, request) for request in requests])
    for (name, shape, after), result in zip(cases, results, strict=True):
        message = ERROR_MEMBERS["message"]
        expected = {"status": None, "message": message, **in_stream(client, name, shape)}
        check_failure(report, f"{name} after {after} events", client, result, expected, after)


def in_stream(client, name, shape):
    """Returns the expected error for an exception in a stream. boto3 raises an error without the modeled class and members."""
    if isinstance(client, Boto3):
        return {"class": "EventStreamError", "code": name, "members": {}}
    members = {member: ERROR_MEMBERS[member] for member in shape.members}
    return {"class": shape.name, "code": shape.name, "members": members}


def main():
    operation = Boto3().client.meta.service_model.operation_model(STREAM)
    union = operation.output_shape.members["body"]
    for peer in (Boto3, JavaScript):
        report = Report(f"{peer.name}, streams")
        client = peer()
        check_streams(report, client, STREAMED)
        check_streams(report, client, STREAMED[:1], **ECHOED)
        if peer.sends_tokens:
            check_streams(report, peer(**TOKEN), STREAMED[:1])
        check_errors(report, client, STREAM, operation.error_shapes)
        check_exceptions(report, client, union)
        check_credentials(report, peer, STREAM, CLAUDE)
        checks = 5 * (len(STREAMED) + 1) + MODELED_ERRORS + 2 * MODELED_EXCEPTIONS + len(CREDENTIALS)
        report.end(f"{report.count} checks", checks)


if __name__ == "__main__":
    main()
