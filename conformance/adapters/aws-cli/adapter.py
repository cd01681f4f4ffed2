"""Makes the calls of conformance scenarios with the AWS CLI.

The AWS CLI is a Python package. The adapter runs its `main` in this process, because most of the time of a run would be
spent on starting a process for each call.

Usage: adapter.py [--listen PORT]
"""

import contextlib
import io
import json
import os
import pathlib
import re
import sys
import tempfile
from unittest import mock

sys.path[:1] = [str(pathlib.Path(__file__).parents[1])]

import awscli
import awscli.clidriver
import dateutil.parser
from botocore import xform_name
from kit import Unsupported, serve, tagged, time_text, untagged

BLOBS = {"bytes", "redactedContent"}
TIMES = {"endTime", "lastModifiedTime", "submitTime"}
DOCUMENTS = {"additionalModelResponseFields", "input", "json"}
FLAGS = {"endpoint_url": "--endpoint-url", "region": "--region", "ca_file": "--ca-bundle"}
SWITCHES = {"use_fips": "AWS_USE_FIPS_ENDPOINT", "use_dual_stack": "AWS_USE_DUALSTACK_ENDPOINT"}
TIMEOUTS = {"connect": "--cli-connect-timeout", "read": "--cli-read-timeout"}
FAILURE = re.compile(r"An error occurred \(([^)]*)\) when calling the \w+ operation(?: \([^)]*\))?: (.*)", re.DOTALL)
# The error classes of patterns in error messages. The first pattern that matches determines the class.
CLASSES = [
    ("credentials", r"[Cc]redentials|retrieving metadata"),
    ("timeout", r"[Rr]ead timeout|[Cc]onnect timeout"),
    ("connection", r"Could not connect|Connection was closed|Failed to connect|SSL validation|Connection broken"),
    ("response", r"Unable to parse response|[Ii]nvalid response"),
    ("input", r"Parameter validation failed|the following arguments are required|You must specify a region"),
    ("input", r"Invalid endpoint|Invalid Configuration|Unknown options|Error parsing parameter"),
]
# The loader keeps the model of the service, which takes most of the time of a command.
LOADER = awscli.clidriver.create_clidriver().session.get_component("data_loader")


def decode(data):
    """Converts the bytes of a blob inside a structure into the text that the AWS CLI accepts."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Unsupported("the AWS CLI accepts only text in blobs inside a structure") from None


def with_tags(value, name=""):
    """Replaces blobs and timestamps of an output with tagged values. `name` is the name of its member."""
    if isinstance(value, str) and name in BLOBS:
        return {"$bytes": value}
    if isinstance(value, str) and name in TIMES:
        return {"$time": time_text(dateutil.parser.parse(value))}
    if isinstance(value, list):
        return [with_tags(item) for item in value]
    if isinstance(value, dict) and name not in DOCUMENTS:
        return {name: with_tags(item, name) for name, item in value.items()}
    return value


def configure(settings):
    """Returns the flags and the environment variables for these settings."""
    flags, environment = ["--output", "json"], {}
    for name, value in settings.items():
        if name in FLAGS:
            flags += [FLAGS[name], value]
        elif name == "credentials":
            if "AWS_BEARER_TOKEN_BEDROCK" in os.environ:
                raise Unsupported("the AWS CLI takes credentials only from the environment")
            environment.update({"AWS_" + key.upper(): text for key, text in {"session_token": "", **value}.items()})
        elif name == "max_attempts":
            environment["AWS_MAX_ATTEMPTS"] = str(value)
        elif name == "retry_mode":
            environment["AWS_RETRY_MODE"] = value
        elif name == "timeouts_ms":
            for timeout, milliseconds in value.items():
                if timeout == "operation":
                    raise Unsupported("the AWS CLI has no timeout for the entire operation")
                if milliseconds % 1000:
                    raise Unsupported("the timeouts of the AWS CLI are whole seconds")
                flags += [TIMEOUTS[timeout], str(milliseconds // 1000)]
        elif name == "proxy_url":
            environment.update(http_proxy=value, https_proxy=value)
        elif name in SWITCHES:
            environment[SWITCHES[name]] = str(value).lower()
        elif name == "bearer_token":
            raise Unsupported("the AWS CLI reads bearer tokens only from the environment")
        # The AWS CLI has no setting for the backoff, and always uses HTTP/1.1.
        elif name not in ("max_backoff_ms", "http_version"):
            raise Unsupported(f"the adapter does not know the setting {name}")
    return flags, environment


def error(text):
    """Describes the error that the AWS CLI has written to standard error."""
    failure = FAILURE.search(text)
    if failure:
        return {"class": "service", "code": failure[1], "message": failure[2].rstrip("\n")}
    kinds = [kind for kind, pattern in CLASSES if re.search(pattern, text)]
    return {"class": kinds[0] if kinds else "other", "message": text.strip()[-400:]}


def run(request):
    """Runs a command for a scenario, and returns the response of the adapter."""
    operation, members = request["operation"], dict(request["input"])
    if operation.endswith("Stream"):
        raise Unsupported("the AWS CLI has no operations with event streams")
    if "cancel" in request:
        raise Unsupported("the command runs in the process of the adapter, which cannot interrupt it")
    flags, environment = configure(request["settings"])
    with tempfile.TemporaryDirectory() as folder:
        body, outfile = pathlib.Path(folder, "body"), pathlib.Path(folder, "outfile")
        words = ["bedrock-runtime", xform_name(operation, "-"), *flags]
        if operation == "InvokeModel":
            if "body" in members:
                body.write_bytes(untagged(members.pop("body")))
                words += ["--body", f"fileb://{body}"]
            words += [f"--{xform_name(name, '-')}={value}" for name, value in members.items()]
            words.append(str(outfile))
        else:
            words += ["--no-paginate", "--cli-input-json", json.dumps(untagged(members, decode), default=time_text)]
        stdout, stderr = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
        redirected = contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr)
        with mock.patch.dict(os.environ, environment), redirected[0], redirected[1]:
            try:
                driver = awscli.clidriver.create_clidriver()
                driver.session.register_component("data_loader", LOADER)
                code = driver.main(words)
            except SystemExit as end:
                code = end.code
        if code:
            return {"error": error(stderr.getvalue())}
        stdout.seek(0)
        output = with_tags(json.loads(stdout.read() or "{}"))
        if operation == "InvokeModel":
            output["body"] = tagged(outfile.read_bytes())
        return {"output": output}


if __name__ == "__main__":
    serve("aws-cli", awscli.__version__, ["error.status", "error.request_id"], run)
