"""Runs the complete examples of `docs/ray.md` against a local endpoint."""

import os
import pathlib
import re
import subprocess
import sys

import pytest

PAGE = pathlib.Path(__file__).parents[3] / "docs" / "ray.md"
BLOCKS = re.findall(r"^```python\n(import .*?)^```", PAGE.read_text(), re.S | re.M)
# The examples run in a cluster of their own. Otherwise, Ray would start one with the size of the machine.
START = "import ray\nray.init(\"local\", num_cpus=2, object_store_memory=100_000_000, include_dashboard=False)\n"


@pytest.mark.parametrize("code", BLOCKS, ids=range(len(BLOCKS)))
def test_examples(local_endpoint, code):
    settings = local_endpoint.settings
    environment = {
        **os.environ,
        "AWS_REGION": settings["region_name"],
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": settings["endpoint_url"],
        "AWS_ACCESS_KEY_ID": settings["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": settings["aws_secret_access_key"],
    }
    command = [sys.executable, "-c", START + code]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr
    assert result.stdout and "errorCode" not in result.stdout, result.stdout
    assert local_endpoint.calls
