"""The command `invoke-model`: `python -m invoke_model` and the console script."""

import base64
import os
import pathlib
import signal
import subprocess
import sys
import time

import invoke_model
import pytest
from conftest import EMBEDDING, HELLO

MODULE = [sys.executable, "-m", "invoke_model"]
SCRIPT = [str(pathlib.Path(sys.executable).with_name("invoke-model"))]
LOCAL = ["invoke", "--local", "-m"]


def run(*arguments, program=MODULE, **options):
    return subprocess.run([*program, *arguments], capture_output=True, timeout=120, **options)


def environment(local_endpoint):
    """The variables with which the command calls the endpoint once."""
    settings = local_endpoint.settings
    return {
        **os.environ,
        "AWS_REGION": settings["region_name"],
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": settings["endpoint_url"],
        "AWS_ACCESS_KEY_ID": settings["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": settings["aws_secret_access_key"],
        "AWS_MAX_ATTEMPTS": "1",
    }


def wait_for_a_request(local_endpoint):
    deadline = time.monotonic() + 60
    while local_endpoint.stats["requests"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("program", [MODULE, SCRIPT], ids=["module", "script"])
def test_version_and_help(program):
    result = run("--version", program=program)
    assert (result.returncode, result.stdout.decode()) == (0, f"invoke-model {invoke_model.__version__}\n")
    result = run("--help", program=program)
    assert (result.returncode, result.stderr) == (0, b"")
    assert b"\nUsage: invoke-model [OPTIONS] <COMMAND>\n" in result.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_are_those_of_the_script(shell):
    result = run("completions", shell)
    assert result.returncode == 0
    assert b"invoke-model" in result.stdout and b"max-attempts" in result.stdout
    if shell == "bash":
        assert subprocess.run(["bash", "-n"], input=result.stdout).returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["invoke", "--unknown"], 2, "unexpected argument '--unknown'"),
        (["invoke", "-m", EMBEDDING, "--body", "{}"], 3, "error: no region: set --region or AWS_REGION\n"),
        ([*LOCAL, "local.error-v1", "--body", '{"error":"ThrottlingException","message":"slow"}'], 4, "slow"),
        ([*LOCAL, "local.error-v1", "--body", '{"error":"InternalServerException","message":"oh"}'], 5, "oh"),
    ],
)
def test_failures_have_the_exit_codes_of_the_program(arguments, code, message):
    result = run(*arguments)
    assert (result.returncode, result.stdout) == (code, b"")
    assert message in result.stderr.decode()
    assert "Traceback" not in result.stderr.decode()


def test_bytes_pass_unchanged(local_endpoint, tmp_path):
    every = bytes(range(256)) * 300
    local_endpoint.inject({"status": 200, "body_base64": base64.b64encode(every).decode()})
    arguments = ["invoke", "-m", EMBEDDING, "--body", "-", "--content-type", "application/octet-stream"]
    result = run(*arguments, input=every, env=environment(local_endpoint))
    # The command ends the standard output with a line feed.
    assert (result.returncode, result.stdout) == (0, every + b"\n"), result.stderr
    assert local_endpoint.calls[0]["body"] == every

    # An argument that is not UTF-8.
    path = os.fsencode(tmp_path) + b"/\xff"
    result = run(*arguments, path, input=every, env=environment(local_endpoint))
    assert result.returncode == 0, result.stderr
    assert pathlib.Path(os.fsdecode(path)).read_bytes() == every


def test_ctrl_c_ends_a_call(local_endpoint):
    local_endpoint.inject({"delay_ms": 600_000})
    command = [*MODULE, "invoke", "-m", EMBEDDING, "--body", HELLO]
    with subprocess.Popen(command, env=environment(local_endpoint), stderr=subprocess.PIPE) as process:
        wait_for_a_request(local_endpoint)
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT
        assert process.stderr.read() == b""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_serve(number):
    with subprocess.Popen([*MODULE, "serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://127.0.0.1:")
        # The command prints this line after its listeners for signals exist.
        assert "shows the calls" in process.stderr.readline()
        process.send_signal(number)
        assert process.wait(60) == 0
        assert process.stderr.read() == ""


def test_serve_runs_a_command_with_default_signals():
    # SIGPIPE ends the shell only if the command does not pass on that Python ignores the signal.
    script = 'test -n "$AWS_ENDPOINT_URL_BEDROCK_RUNTIME" && kill -s PIPE $$; exit 9'
    assert run("serve", "--", "sh", "-c", script).returncode == 128 + signal.SIGPIPE
    assert run("serve", "--", "sh", "-c", "exit 7").returncode == 7


def test_a_closed_pipe_ends_the_command_quietly():
    command = [*MODULE, "embed", "--local", "-m", EMBEDDING]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        process.stdout.close()
        # The command prints only after it has read this line.
        process.stdin.write(b"a\n")
        process.stdin.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize(("closed", "code"), [(">&-", 1), ("<&-", 0), ("2>&-", 0)])
def test_closed_standard_streams(local_endpoint, closed, code):
    shell = ["sh", "-c", f'exec "$@" {closed}', "sh"]
    arguments = ["invoke", "-m", EMBEDDING, "--body", HELLO.decode()]
    result = run(*arguments, program=[*shell, *MODULE], env=environment(local_endpoint))
    assert result.returncode == code, result.stderr
    # If standard output is closed, the command sends nothing.
    assert len(local_endpoint.calls) == (0 if code else 1)
    assert (b'"embedding"' in result.stdout) == (code == 0)
    assert (b"standard output is closed" in result.stderr) == (code == 1)


def test_interactive_input_reaches_the_command():
    result = run("chat", "--local", "-m", "us.amazon.nova-lite-v1:0", "--interactive", input="Grüße\n/exit\n".encode())
    assert result.returncode == 0, result.stderr
    assert "Grüße" in result.stdout.decode()
