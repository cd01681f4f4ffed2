"""Runs the Python examples of the documentation and of the README of the package against a local endpoint."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[3]


def blocks():
    for page in ("docs/python.md", "docs/bulk.md", "bindings/python/README.md"):
        for number, code in enumerate(re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M)):
            yield pytest.param(code, id=f"{page}-{number}")


@pytest.mark.parametrize("code", list(blocks()))
def test_examples(local_endpoint, code, tmp_path):
    settings = local_endpoint.settings
    environment = {
        **os.environ,
        "AWS_REGION": settings["region_name"],
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": settings["endpoint_url"],
        "AWS_ACCESS_KEY_ID": settings["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": settings["aws_secret_access_key"],
    }
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert result.stdout
