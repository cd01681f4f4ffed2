"""Fixtures of the tests. No test reaches the network: all calls go to a local endpoint in this process."""

import os
import socket
import threading

import pytest

for _name in list(os.environ):
    if _name.startswith("AWS_") or _name.lower() in ("http_proxy", "https_proxy", "all_proxy"):
        del os.environ[_name]
os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
os.environ["AWS_CONFIG_FILE"] = os.environ["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull

MODEL = "us.amazon.nova-lite-v1:0"
EMBEDDING = "amazon.titan-embed-text-v2:0"
CLAUDE = "anthropic.claude-3-haiku-20240307-v1:0"
VIDEO = "amazon.nova-reel-v1:0"
VIDEO_INPUT = {"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": "waves"}}
MESSAGES = [{"role": "user", "content": [{"text": "hi"}]}]
HELLO = b'{"inputText":"hello"}'
CONVERSE = {"modelId": MODEL, "messages": MESSAGES}
CLAUDE_BODY = '{"anthropic_version":"bedrock-2023-05-31","max_tokens":9,"messages":[{"role":"user","content":"hi"}]}'


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session):
    """Fails if a test was skipped, and `cargo xtask ci` has installed everything that the tests need."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("INVOKE_MODEL_SKIPS") == "fail" and reporter.stats.get("skipped"):
        reporter.write_line("tests were skipped: run pytest with -rs to see the reasons", red=True)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


class Peer:
    """A server that replies to each request, and closes the connection. `reply` is the bytes of a reply, or a function of
    the connection.
    """

    def __init__(self, reply):
        self.reply = reply if callable(reply) else lambda connection: connection.sendall(reply)
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.reply(connection)

    def __enter__(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/"

    def __exit__(self, *_):
        self.socket.close()


@pytest.fixture
def client(local_endpoint):
    with local_endpoint.client() as client:
        yield client


@pytest.fixture
def create(local_endpoint):
    """Creates accelerated clients of the endpoint."""
    import boto3

    import invoke_model.boto3

    def create(session=boto3, **settings):
        client = session.client("bedrock-runtime", **{**local_endpoint.settings, **settings})
        return invoke_model.boto3.accelerate(client)

    return create


@pytest.fixture
def paths(monkeypatch):
    """The path of each call of an accelerated client: "native" or "botocore"."""
    from invoke_model.boto3 import _client

    found = []
    call, request = _client.Acceleration.call, _client.Acceleration.request

    def record_call(*arguments):
        """Records calls without events."""
        found.append("native")
        parsed = call(*arguments)
        if parsed is None:
            found.pop()
        return parsed

    def record_request(*arguments):
        made = request(*arguments)
        found.append("botocore" if made is None else "native")
        return made

    monkeypatch.setattr(_client.Acceleration, "call", record_call)
    monkeypatch.setattr(_client.Acceleration, "request", record_request)
    return found
