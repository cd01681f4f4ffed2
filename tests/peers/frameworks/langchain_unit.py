"""Runs the unit tests of langchain-aws for Amazon Bedrock Runtime, which its source distribution contains.

usage: langchain_unit.py FOLDER

FOLDER contains the source distribution. The tests mock most clients of boto3, and make no calls. The other programs make
calls. Tests of other services, and of the packages of other providers, do not run.
"""

import collections
import json
import os
import pathlib
import sys
import tarfile
import tempfile

import pytest

# The files, and the number of their tests that must pass.
EXPECTED = {
    "chat_models/test_bedrock.py": 146,
    "chat_models/test_bedrock_converse.py": 525,
    "embeddings/test_bedrock_cohere.py": 11,
    "embeddings/test_bedrock_dimensions.py": 13,
    "embeddings/test_bedrock_multimodal.py": 47,
    "embeddings/test_bedrock_nova.py": 9,
    "llms/test_bedrock.py": 35,
    "test_function_calling.py": 13,
    "test_standard.py": 20,
    "test_utils.py": 135,
}
# These tests need the package `aws-bedrock-token-generator`.
DESELECTED = "tests/unit_tests/test_utils.py::test_bedrock_api_key_provider"
PLUGINS = ["-p", "no:cacheprovider", "-p", "no:codspeed", "--benchmark-disable", "--disable-socket", "--allow-unix-socket"]


class Outcomes:
    """Counts the tests of each file that have passed."""

    def __init__(self):
        self.passed = collections.Counter()

    def pytest_runtest_logreport(self, report):
        if report.when == "call" and report.outcome == "passed":
            self.passed[report.nodeid.partition("::")[0].removeprefix("tests/unit_tests/")] += 1


def main(folder):
    [archive] = pathlib.Path(folder).glob("*.tar.gz")
    outcomes = Outcomes()
    with tempfile.TemporaryDirectory() as place:
        with tarfile.open(archive) as file:
            file.extractall(place, filter="data")
        [source] = pathlib.Path(place).iterdir()
        os.chdir(source)
        files = [f"tests/unit_tests/{name}" for name in EXPECTED]
        status = pytest.main(["-q", *PLUGINS, "--deselect", DESELECTED, *files], [outcomes])
        # The folder of this process must exist.
        os.chdir("/")
    if dict(outcomes.passed) != EXPECTED:
        raise SystemExit(f"passed tests: {json.dumps(outcomes.passed, indent=4, sort_keys=True)}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
