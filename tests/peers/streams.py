"""Reads streams of the endpoint that the environment points at with boto3 and the SDK for JavaScript.

usage: streams.py

The environment is that of `calls.py`. Each client reads each family's stream in the vendor's schema, down to the text
that the answer in one piece has; by id and by ARN; with a signature and with the token. It is refused before the
stream, in each way that the operation models, and in the midst of it; and is refused for its credentials.
"""

import itertools
import json

from clients import INVOKE, STREAM, Boto3, JavaScript, call
from common import Report, unlike
from families import ARNS, CLAUDE, COUNTS, ECHO, FAMILIES, METRICS, outline
from refusals import CREDENTIALS, ERROR_MEMBERS, ERROR_MODEL, TOKEN, check_credentials, check_errors, check_refusal

STREAMED = [*((family.model_id, family) for family in FAMILIES), *ARNS.items()]
MODELLED_ERRORS, MODELLED_EXCEPTIONS = 11, 6
# What the answer says again of what was asked for.
ECHOED = {"performanceConfigLatency": "optimized", "serviceTier": "flex"}
# A stream that comes in so few chunks shows no boundaries.
FEW = 10


def check_streams(report, client, streamed, **members):
    """Streams of these models, beside their answers in one piece."""
    streams = client.ask([call(STREAM, name, family.request, **members) for name, family in streamed])
    wholes = client.ask([call(INVOKE, name, family.request) for name, family in streamed])
    for (name, family), stream, whole in zip(streamed, streams, wholes, strict=True):
        output = {"contentType": "application/json", **members}
        found = stream["output"], stream["refusal"], whole["refusal"]
        report.check(f"{name}, output", found, (output, None, None))
        if not stream["parts"] or not whole["parts"]:
            continue
        chunks = [json.loads(part) for part in stream["parts"]]
        templates = family.templates(len(chunks))
        outlines = [outline(*pair) for pair in itertools.zip_longest(chunks, templates)]
        report.check(f"{name}, chunks that are not as wanted", unlike(outlines, templates), [])
        report.check(f"{name}, many chunks", len(chunks) > FEW, True)
        texts = "".join(map(family.text_of_chunk, chunks)), family.text(json.loads(whole["parts"][0]))
        report.check(f"{name}, text", texts, (ECHO, ECHO))
        metrics = chunks[-1].get(METRICS, dict.fromkeys(COUNTS, -1))
        in_order = 0 <= metrics["firstByteLatency"] <= metrics["invocationLatency"]
        report.check(f"{name}, metrics", (in_order, metrics["outputTokenCount"] > FEW), (True, True), metrics)


def check_exceptions(report, client, union):
    """Each exception of the union, as the first event and after others."""
    exceptions = {name: shape for name, shape in union.members.items() if shape.metadata.get("exception")}
    cases = [(name, shape, after) for name, shape in exceptions.items() for after in (0, 3)]
    asked = [{"error": shape.name, "afterEvents": after, **ERROR_MEMBERS} for _, shape, after in cases]
    answers = client.ask([call(STREAM, ERROR_MODEL, request) for request in asked])
    for (name, shape, after), answer in zip(cases, answers, strict=True):
        message = ERROR_MEMBERS["message"]
        expected = {"status": None, "message": message, **in_stream(client, name, shape)}
        check_refusal(report, f"{name} after {after} events", client, answer, expected, after)


def in_stream(client, name, shape):
    """What comes of an exception in a stream. To boto3 it is none of the modelled errors, and its members are lost."""
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
        checks = 5 * (len(STREAMED) + 1) + MODELLED_ERRORS + 2 * MODELLED_EXCEPTIONS + len(CREDENTIALS)
        report.end(f"{report.count} checks", checks)


if __name__ == "__main__":
    main()
