"""Fixtures of the tests. No test reaches the network: all calls go to a local endpoint in this process."""

import os

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


@pytest.fixture
def client(local_endpoint):
    with local_endpoint.client() as client:
        yield client
