"""The pytest plugin."""

import pytest


@pytest.fixture(name="local_endpoint")
def _local_endpoint():
    """A local Amazon Bedrock Runtime endpoint: see `invoke_model.testing`."""
    from invoke_model.testing import local_endpoint

    with local_endpoint() as endpoint:
        yield endpoint
