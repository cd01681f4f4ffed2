"""Compares the events that boto3, the SDK for JavaScript and our command read from the same bytes.

usage: replay.py INVOKE_MODEL

This script records streams of the local endpoint, and replays them in several forms: complete streams that are split in
several ways, streams with errors, streams with flipped bits, and truncated streams. INVOKE_MODEL is our command. Each
line that our command prints must equal the bytes of an event that boto3 reads.
"""

import os
import re
import subprocess
import sys

from clients import STREAM, Boto3, JavaScript, call
from common import TIMEOUT, Report, differing
from families import CLAUDE, FAMILIES
from recording import Replay, record
from replies import complete, corrupted, ended

MINIMUM_RESPONSES = 90


class Ours:
    """Our command, with the interface of `clients.py`. The code of a failure is the exit code."""

    name = "ours"

    def __init__(self, program, **settings):
        self.program = program
        self.environment = {**os.environ, **settings}

    def run(self, calls):
        return [self.result(call["input"]["modelId"]) for call in calls]

    def result(self, model_id):
        command = [self.program, "invoke", "--stream", "--raw", "--model-id", model_id, "--body", "{}"]
        done = subprocess.run(command, env=self.environment, capture_output=True, check=False, timeout=TIMEOUT)
        failure = {"code": str(done.returncode), "message": done.stderr.decode()}
        failed = done.returncode != 0 or done.stderr
        return {"parts": done.stdout.split(b"\n")[:-1], "failure": failure if failed else None}


def text_of(failure):
    if failure is None:
        return None
    texts = (failure.get("class"), failure.get("code"))
    return f"{' '.join(filter(None, texts))}: {failure['message']}"


def check(report, client, name, reply, result):
    expected, found = getattr(reply, client.name), text_of(result["failure"])
    if expected and found and re.search(expected, found):
        found = expected
    report.check(f"{name}: failure of {client.name}", found, expected)
    parts = reply.parts
    if expected == "aborted":
        # Accept fewer parts: if the connection is lost, Node discards the received data that the program has not read.
        parts = parts[: len(result["parts"])]
    report.check(f"{name}: different parts of {client.name}", differing(result["parts"], parts), [])


def main(program):
    recorded = {family.model_id: record(family.model_id, family.request) for family in FAMILIES}
    headers, body = recorded[CLAUDE.model_id]
    replies = {
        f"{model_id}, {split}": reply
        for model_id, recording in recorded.items()
        for split, reply in complete(*recording).items()
    }
    model = Boto3().client.meta.service_model.operation_model(STREAM)
    replies.update(corrupted(headers, body, model.output_shape.members["body"]))
    replies.update(ended(headers, body))

    # The model id of a call selects the reply.
    server = Replay({name: reply.writes for name, reply in replies.items()})
    settings = {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": server.url, "PEERS_HTTP1": "1"}
    calls = [call(STREAM, name, {}) for name in replies]
    report = Report("replay")
    for client in (Boto3(**settings), JavaScript(**settings), Ours(program, **settings)):
        for (name, reply), result in zip(replies.items(), client.run(calls), strict=True):
            check(report, client, name, reply, result)
    report.end(f"{len(replies)} responses, read by each of 3 clients", 6 * MINIMUM_RESPONSES)


if __name__ == "__main__":
    main(*sys.argv[1:])
