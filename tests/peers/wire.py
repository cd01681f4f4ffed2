"""Compares our requests with the requests of boto3, for all operations without a bidirectional stream.

usage: wire.py PEER_MESSAGES

PEER_MESSAGES is the program of `tests/examples/peer_messages.rs`. Both InvokeModel operations send all inputs of
`inputs.json`, because the operations have the same members, but bind them to different headers. All operations send the
inputs that `generate.py` makes from the model. Method, target, modeled headers and body must be equal. JSON bodies must
have equal values, and other bodies equal bytes. Our server code also parses each request of boto3. When our client
serializes the parsed input, the result must be the same request.

`differences.json` lists the differences, as `listed.py` describes.
"""

import base64
import itertools
import json
import os
import sys
import time
import uuid
from unittest import mock

import boto3
from botocore import xform_name
from botocore.config import Config
from capture import Server
from common import Report, data, run_program
from compare import leaves, parse
from generate import cases, to_json, uncovered
from listed import Listed

# The operations that send the inputs of `inputs.json`.
INVOKE = ("InvokeModel", "InvokeModelWithResponseStream")
# The model in boto3 contains this operation, but the client of boto3 has no method for it.
BIDIRECTIONAL = "InvokeModelWithBidirectionalStream"
MINIMUM_INPUTS = 80
MINIMUM_GENERATED = 3000
# Token that `PEER_MESSAGES` sets in requests without an idempotency token.
IDEMPOTENCY_TOKEN = uuid.UUID("5b6a1c1e-4f0e-4e0c-9d0e-3f1f2a7b8c9d")


def client(url, validation):
    return boto3.client(
        "bedrock-runtime",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIDEXAMPLE",
        aws_secret_access_key="secret",
        config=Config(parameter_validation=validation, retries={"total_max_attempts": 1}),
    )


def is_modeled(name):
    return name in ("content-type", "accept") or name.startswith("x-amzn-bedrock-")


def capture(server, call, values):
    """Returns the request that a call sends.

    If the call sends no request, returns the error that the call raises. If the server cannot parse the request,
    returns the error of the server.
    """
    server.request = None
    try:
        call(**values)
    except Exception as error:  # any error that a library raises for an input
        if server.request is None:
            return {"error": f"{type(error).__name__}: {error}"}
        if "error" not in server.request:
            raise
    if "error" in server.request:
        return server.request
    headers = {name: values for name, values in server.request["headers"].items() if is_modeled(name)}
    return {**server.request, "headers": headers}


def differences(theirs, ours, is_json):
    """Yields each part that differs: its name, the value of boto3, and our value."""
    outcome = ["error" if "error" in side else "sent" for side in (theirs, ours)]
    if "error" in outcome:
        if outcome[0] != outcome[1]:
            yield "outcome", *outcome
        return
    pairs = [(part, theirs[part], ours[part]) for part in ("method", "target")]
    (path, names, parameters), (our_path, our_names, our_parameters) = map(split, (theirs["target"], ours["target"]))
    if is_json and names and (path, names) == (our_path, our_names):
        # If only the values of query parameters differ, yield each parameter separately.
        pairs[1:] = [(f"query {name}", *pair) for name, *pair in zip(names, parameters, our_parameters, strict=True)]
    yield from ((part, *pair) for part, *pair in pairs if pair[0] != pair[1])
    if theirs["body"] != ours["body"]:
        if is_json:
            for path, *pair in leaves(*(parse(base64.b64decode(side["body"])) for side in (theirs, ours))):
                yield f"body {path[-1] if path else ''}", *pair
        else:
            yield "body", theirs["body"], ours["body"]
    for name in sorted({*theirs["headers"], *ours["headers"]}):
        pair = [side["headers"].get(name, []) for side in (theirs, ours)]
        if pair[0] != pair[1]:
            yield name, *pair


def is_json_value(value):
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def split(target):
    """Returns the path, the names of the query parameters, and their values."""
    path, _, query = target.partition("?")
    parameters = [parameter.partition("=") for parameter in query.split("&")] if query else []
    return path, [name for name, _, _ in parameters], [value for _, _, value in parameters]


class Comparison:
    def __init__(self, program, report):
        self.program = program
        self.report = report
        self.server = Server(lambda _request: [b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"])
        self.checked, self.unchecked = (client(self.server.url, validation) for validation in (True, False))
        self.service = self.checked.meta.service_model
        self.listed = Listed("differences.json")

    def written(self, operation):
        """Compares the requests for the inputs of `inputs.json`."""
        inputs = data("inputs.json")
        results = run_program([self.program, "requests", operation], [case["input"] for case in inputs])
        listed = self.listed.named()
        for case, ours in zip(inputs, results, strict=True):
            values = dict(case["input"])
            if "body" in values:
                values["body"] = base64.b64decode(values["body"])
            peer = self.unchecked if case.get("unvalidated") else self.checked
            theirs = capture(self.server, getattr(peer, xform_name(operation)), values)
            found = {part: pair for part, *pair in differences(theirs, ours, False)}
            expected = listed.pop(case["name"], {})
            context = f"boto3: {theirs}", f"ours:  {ours}"
            self.report.check(f"{operation}, {case['name']}", found, expected, *context)
        self.report.check("cases of differences.json that do not exist", set(listed), set())
        modeled = set(self.service.operation_model(operation).input_shape.members)
        for how, members in (("set", modeled), ("unset", modeled - {"modelId"})):
            covered = {member for case in inputs for member in members if (member in case["input"]) == (how == "set")}
            self.report.check(f"members of {operation} that are {how} in an input", covered, members)
        return len(inputs)

    def generated(self, operation):
        """Compares the requests for the generated inputs."""
        model = self.service.operation_model(operation)
        inputs = list(cases(model.input_shape))
        missing = uncovered(model.input_shape, [case.value for case in inputs])
        self.report.check(f"members of {operation} that no generated input contains", missing, [])
        call = getattr(self.unchecked, xform_name(operation))
        theirs = [capture(self.server, call, case.value) for case in inputs]
        ours = self.requests(operation, [to_json(model.input_shape, case.value) for case in inputs])
        # The body of the InvokeModel operations is a blob.
        is_json = "payload" not in model.input_shape.serialization
        for case, *pair in zip(inputs, theirs, ours, strict=True):
            self.check(operation, case, "sent", *pair, is_json)
        sent = [(case, request) for case, request in zip(inputs, theirs, strict=True) if "error" not in request]
        relayed = run_program([self.program, "relayed", operation], [request for _, request in sent])
        for (case, request), again in zip(sent, relayed, strict=True):
            self.check(operation, case, "parsed and sent", request, again, is_json)
        return len(inputs)

    def requests(self, operation, values):
        """Returns our requests, or an error for an input with NaN or infinity, because JSON has no such numbers."""
        numbers = [is_json_value(value) for value in values]
        results = iter(run_program([self.program, "requests", operation], list(itertools.compress(values, numbers))))
        return [next(results) if number else {"error": "not a JSON value"} for number in numbers]

    def check(self, operation, case, how, theirs, ours, is_json):
        found = differences(theirs, ours, is_json)
        found = [difference for difference in found if not self.listed.explains(operation, case, how, difference)]
        context = f"boto3: {str(theirs)[:1000]}", f"ours:  {str(ours)[:1000]}"
        self.report.check(f"{operation}, {case.name}, {how}", found, [], *context)


def main(program):
    # Set another time zone than UTC, because the local time zone must not change a request.
    os.environ["TZ"] = "Asia/Kathmandu"
    time.tzset()
    report = Report("wire")
    comparison = Comparison(program, report)
    count = sum(map(comparison.written, INVOKE))
    operations = [name for name in comparison.service.operation_names if name != BIDIRECTIONAL]
    with mock.patch("uuid.uuid4", return_value=IDEMPOTENCY_TOKEN):
        generated = {operation: comparison.generated(operation) for operation in operations}
    report.check("listed differences that do not occur", comparison.listed.unused(), [])
    counts = ", ".join(f"{operation} {count}" for operation, count in generated.items())
    summary = f"{count} inputs of {len(INVOKE)} operations, {sum(generated.values())} generated inputs: {counts}"
    report.end(summary, MINIMUM_INPUTS * len(INVOKE) + MINIMUM_GENERATED)


if __name__ == "__main__":
    main(*sys.argv[1:])
