"""A local Amazon Bedrock Runtime endpoint for tests. It runs in this process, and needs no AWS account.

    with invoke_model.testing.local_endpoint() as endpoint:
        client = endpoint.client()
        client.converse(modelId="us.amazon.nova-lite-v1:0", messages=messages)
        assert len(endpoint.calls) == 1

The pytest plugin of this package has the fixture `local_endpoint`.
"""

import contextlib
import json
import os

from . import _native
from .client import Client


def _fault_file(faults):
    """Returns the text of a fault file. `faults` is a list of rules, a complete fault file, or its text."""
    if isinstance(faults, str):
        return faults
    return json.dumps(faults if isinstance(faults, dict) else {"rules": faults})


class LocalEndpoint:
    """A running endpoint."""

    def __init__(self, *, port=0, faults=None, pace=None, replay=None, verify=True):
        text = None if faults is None else _fault_file(faults)
        self._native = _native.LocalEndpoint(port, text, pace, None if replay is None else str(replay), verify)
        self._pid = os.getpid()

    #: The URL, for `endpoint_url` of a client.
    url = property(lambda self: self._native.url)
    #: The region that signatures must have.
    region_name = property(lambda self: self._native.region_name)

    @property
    def settings(self):
        """The settings of a client, also for `boto3.client("bedrock-runtime", **endpoint.settings)`."""
        return {
            "region_name": self.region_name,
            "endpoint_url": self.url,
            "aws_access_key_id": self._native.access_key_id,
            "aws_secret_access_key": self._native.secret_access_key,
        }

    def client(self, **settings):
        """Returns a client of this endpoint."""
        return self._keep(Client(**{**self.settings, **settings}))

    def async_client(self, **settings):
        """Returns an asyncio client of this endpoint."""
        from .aio import AsyncClient

        return self._keep(AsyncClient(**{**self.settings, **settings}))

    def _keep(self, client):
        # The endpoint stops when its object is dropped, and `LocalEndpoint().client()` has no other reference to it.
        client._endpoint = self
        return client

    @property
    def calls(self):
        """The calls as dictionaries, in the order of their responses. `body` contains the body of the request."""
        return [{**json.loads(text), "body": body} for text, body in self._native.calls()]

    @property
    def stats(self):
        """The counters of connections, requests and responses."""
        return json.loads(self._native.stats())

    @property
    def connections(self):
        """The connections as dictionaries with their `id`, `is_open` and counters, in the order of their acceptance."""
        return json.loads(self._native.connections())

    def clear(self):
        """Clears the calls and the counters."""
        self._native.clear()

    def inject(self, faults):
        """Adds fault rules: a rule, a list of rules, or a fault file. See `docs/faults.md`."""
        is_rule = isinstance(faults, dict) and "rules" not in faults
        self._native.inject(_fault_file([faults] if is_rule else faults))

    def clear_faults(self):
        """Removes all fault rules."""
        self._native.clear_faults()

    def stop(self):
        """Stops the endpoint, and closes all connections, also those with calls in progress.

        Does nothing in a forked child, because the endpoint runs in the parent.
        """
        if self._pid == os.getpid():
            self._native.stop()


@contextlib.contextmanager
def local_endpoint(**options):
    """Runs an endpoint.

    Options: `port`, `faults` (a list of fault rules, or a fault file), `pace` (seconds before each event of a stream),
    `replay` (a folder with recorded exchanges), and `verify=False` to accept every signature.
    """
    endpoint = LocalEndpoint(**options)
    try:
        yield endpoint
    finally:
        endpoint.stop()
