"""Makes the calls of conformance scenarios with `invoke-model call`. Starts the command for each call.

Usage: adapter.py COMMAND [--listen PORT]
"""

import base64
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

sys.path[:1] = [str(pathlib.Path(__file__).parents[1])]

from kit import Unsupported, serve, time_text, untagged

BLOBS = {"body", "bytes", "redactedContent"}
TIMES = {"endTime", "lastModifiedTime", "submitTime"}
DOCUMENTS = {"additionalModelResponseFields", "input", "json"}
SWITCHES = {"use_fips": "AWS_USE_FIPS_ENDPOINT", "use_dual_stack": "AWS_USE_DUALSTACK_ENDPOINT"}


def with_tags(value, name=""):
    """Replaces blobs and timestamps of an output or event with tagged values. `name` is the name of its member."""
    if isinstance(value, str) and name in BLOBS:
        return {"$bytes": value}
    if isinstance(value, str) and name in TIMES:
        return {"$time": value}
    if isinstance(value, list):
        return [with_tags(item) for item in value]
    if isinstance(value, dict) and name not in DOCUMENTS:
        return {name: with_tags(item, name) for name, item in value.items()}
    return value


def configure(settings):
    """Returns the flags and the environment variables for these settings."""
    flags, environment = [], {name: value for name, value in os.environ.items() if name != "RUST_LOG"}
    for name, value in settings.items():
        if name in ("endpoint_url", "region", "bearer_token"):
            flags += ["--" + name.replace("_", "-"), value]
        elif name == "max_attempts":
            flags += ["--max-attempts", str(value)]
        elif name == "credentials":
            if environment.keys() & {"AWS_BEARER_TOKEN_BEDROCK", "AWS_PROFILE"}:
                raise Unsupported("the command takes credentials only from the environment")
            environment.pop("AWS_SESSION_TOKEN", None)
            environment.update({"AWS_" + key.upper(): text for key, text in value.items()})
        elif name == "timeouts_ms":
            if value.keys() - {"operation"}:
                raise Unsupported("the command has no connect timeout and no read timeout")
            if settings["max_attempts"] > 1:
                raise Unsupported("the command has no setting for the backoff, which can exceed the timeout")
            flags += ["--timeout", f"{value['operation']}ms"]
        elif name == "retry_mode":
            environment["AWS_RETRY_MODE"] = value
        elif name == "proxy_url":
            environment.update(http_proxy=value, https_proxy=value)
        elif name == "ca_file":
            environment["AWS_CA_BUNDLE"] = value
        elif name in SWITCHES:
            environment[SWITCHES[name]] = str(value).lower()
        # The command has no setting for the backoff. It uses HTTP/1.1, except for bidirectional streams.
        elif name not in ("max_backoff_ms", "http_version"):
            raise Unsupported(f"the command has no setting {name}")
    return flags, environment


def error(code, stderr):
    """Describes the error that the command has written to standard error."""
    attempts = re.findall(r"http.response.status_code=(\d+)(?: aws.request_id=\"([^\"]*)\")?", stderr)
    status, request_id = attempts[-1] if attempts else (None, None)
    text = re.search(r"^error: (.*)", stderr, re.DOTALL | re.MULTILINE)
    text = text.group(1).strip() if text else f"exit code {code}"
    facts = {"message": text, "status": status and int(status), "request_id": request_id or None}
    service = re.match(r"\w+: (request failed|error in the response stream): (\w+)(?:: (.*))? \(HTTP \d+", text, re.DOTALL)
    if service:
        facts.update(code=service.group(2), message=service.group(3))
    if "error in the response stream" in text or re.search(r"response stream|event of the response", text):
        facts["class"] = "stream"
    elif "cannot parse the response" in text or "response truncated" in text:
        facts["class"] = "response"
    elif code in (4, 5):
        facts["class"] = "service"
    elif re.search(r"credential|AWS_SECRET_ACCESS_KEY", text):
        facts["class"] = "credentials"
    elif code == 6:
        facts["class"] = "timeout" if re.search(r"timed out|timeout|no response within", text) else "connection"
    else:
        facts["class"] = "input" if "request not sent" in text else "other"
    return {name: value for name, value in facts.items() if value is not None}


def run(request):
    """Runs the command for a scenario, and returns the response of the adapter."""
    flags, environment = configure(request["settings"])
    operation, value = request["operation"], untagged(request["input"], lambda data: base64.b64encode(data).decode())
    is_stream, cancel = operation.endswith("Stream"), request.get("cancel", {})
    if operation == "InvokeModelWithBidirectionalStream":
        stdin = "".join(json.dumps(event) + "\n" for event in value.pop("body", []))
        flags += ["--input", json.dumps(value, default=time_text)]
    else:
        stdin, flags = json.dumps(value, default=time_text), flags + ["--input", "-"]
    with tempfile.TemporaryFile("w+", errors="replace") as stderr:
        words = [COMMAND, "--debug", "call", operation, *flags]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": stderr, "text": True, "errors": "replace"}
        process = subprocess.Popen(words, env=environment, **pipes)
        try:
            if "after_events" in cancel:
                process.stdin.write(stdin)
                process.stdin.close()
                for _ in range(cancel["after_events"]):
                    process.stdout.readline()
                raise subprocess.TimeoutExpired(words, 0)
            limit = cancel["after_ms"] / 1000 if "after_ms" in cancel else None
            stdout, _ = process.communicate(stdin, timeout=limit)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.wait()
            return {"cancelled": True}
        stderr.seek(0)
        log = stderr.read()
    response = {"error": error(process.returncode, log)} if process.returncode else {}
    if is_stream:
        # The command prints only the events of a stream, and then a part that it cannot read.
        lines = stdout.splitlines()
        if "cannot parse the response" in log or "cannot parse an event" in log:
            received = re.search(r"after (\d+) events?", log)
            lines = lines[: int(received.group(1)) - 1 if received else 0]
        return {"events": [with_tags(json.loads(line)) for line in lines], "unreported": ["output"], **response}
    return response or {"output": with_tags(json.loads(stdout))}


if __name__ == "__main__":
    # A shell starts background jobs with an ignored SIGINT, which the command would inherit. It does not inherit a handler.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    COMMAND = sys.argv.pop(1)
    version = subprocess.run([COMMAND, "--version"], capture_output=True, text=True).stdout
    serve("cli", version.split()[-1], [], run)
