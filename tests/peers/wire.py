"""Compares our requests with those of boto3, byte for byte.

usage: wire.py PEER_REQUESTS

PEER_REQUESTS is the program of `tests/examples/peer_requests.rs`. Each operation sends all inputs of `inputs.json`: the
operations have the same members, but bind them to different headers. Method, target, modeled headers and body must be
equal, unless `differences.json` lists both values and a reason. A listed difference that does not occur is a failure.
"""

import base64
import socketserver
import sys
import threading

import boto3
from botocore.config import Config
from common import Report, run_program, data

# Method names of boto3, by the operation name in the model.
OPERATIONS = {
    "InvokeModel": "invoke_model",
    "InvokeModelWithResponseStream": "invoke_model_with_response_stream",
}
MINIMUM_INPUTS = 80


class Wire(socketserver.TCPServer):
    """A server that stores the last request and responds to it."""

    request = None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Exchange)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://{}:{}".format(*self.server_address)

    def capture(self, call, values):
        """Returns the request of a call, or the error that it raises."""
        self.request = None
        try:
            call(**values)
        except Exception as error:  # any error that a library raises for an input
            if self.request is None:
                return {"error": f"{type(error).__name__}: {error}"}
            raise
        return self.request


class Exchange(socketserver.StreamRequestHandler):
    """Reads one request. Uses no HTTP library, because it could normalize the request."""

    def handle(self):
        self.server.request = {}  # the client has sent a request: `capture` no longer returns its error
        method, target, _version = self.rfile.readline().decode("ascii").split(" ")
        headers = {}
        name = None
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            text = line.decode("utf-8").removesuffix("\r\n")
            if text[0] in " \t":  # a folded line continues the previous one
                headers[name][-1] += "\r\n" + text
                continue
            name, _, value = text.partition(":")
            name = name.lower()
            # The space after the colon is not part of the value.
            headers.setdefault(name, []).append(value.removeprefix(" "))
        body = self.rfile.read(int(headers.get("content-length", ["0"])[0]))
        self.server.request = {
            "method": method,
            "target": target,
            "headers": {name: values for name, values in headers.items() if is_modeled(name)},
            "body": base64.b64encode(body).decode("ascii"),
        }
        self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")


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


def differences(theirs, ours):
    """Yields each part that differs: its name, the value of boto3, and our value."""
    outcome = ["error" if "error" in side else "sent" for side in (theirs, ours)]
    if "error" in outcome:
        if outcome[0] != outcome[1]:
            yield "outcome", *outcome
        return
    for part in ("method", "target", "body"):
        if theirs[part] != ours[part]:
            yield part, theirs[part], ours[part]
    for name in sorted({*theirs["headers"], *ours["headers"]}):
        pair = [side["headers"].get(name, []) for side in (theirs, ours)]
        if pair[0] != pair[1]:
            yield name, *pair


def listed_differences():
    """Returns the listed values of boto3 and of our client, by case and part."""
    listed = {}
    for group in data("differences.json"):
        if not group["reason"].strip():
            raise SystemExit(f"differences.json: {group['part']} of {group['cases']} has no reason")
        for case in group["cases"]:
            listed.setdefault(case, {})[group["part"]] = [group["boto3"], group["ours"]]
    return listed


def compare(program, wire, operation, report):
    cases = data("inputs.json")
    results = run_program([program, operation], [case["input"] for case in cases])
    listed = listed_differences()
    checked, unchecked = client(wire.url, True), client(wire.url, False)

    for case, ours in zip(cases, results, strict=True):
        values = dict(case["input"])
        if "body" in values:
            values["body"] = base64.b64decode(values["body"])
        peer = unchecked if case.get("unvalidated") else checked
        theirs = wire.capture(getattr(peer, OPERATIONS[operation]), values)
        found = {part: pair for part, *pair in differences(theirs, ours)}
        expected = listed.pop(case["name"], {})
        report.check(f"{operation}, {case['name']}", found, expected, f"boto3: {theirs}", f"ours:  {ours}")

    report.check("cases of differences.json that do not exist", set(listed), set())
    modeled = set(checked.meta.service_model.operation_model(operation).input_shape.members)
    for how, members in (("set", modeled), ("unset", modeled - {"modelId"})):
        covered = {member for case in cases for member in members if (member in case["input"]) == (how == "set")}
        report.check(f"members of {operation} that are {how} in an input", covered, members)
    return len(cases)


def main(program):
    report = Report("wire")
    wire = Wire()
    count = sum(compare(program, wire, operation, report) for operation in OPERATIONS)
    listed = sum(map(len, listed_differences().values()))
    summary = f"{count} inputs of {len(OPERATIONS)} operations, {listed} listed differences for each"
    report.end(summary, MINIMUM_INPUTS * len(OPERATIONS))


if __name__ == "__main__":
    main(*sys.argv[1:])
