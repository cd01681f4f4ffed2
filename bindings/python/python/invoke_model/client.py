"""The synchronous client."""

from . import _client
from .response import EventStream, StreamingBody


class Client(_client.BaseClient):
    """A client for Amazon Bedrock Runtime with the interface of `boto3.client("bedrock-runtime")`.

    Threads can share a client. A forked process can use the client of its parent.

    All settings are optional. Their defaults come from the environment and the shared files of AWS:

    * `region_name`, `endpoint_url`, `profile_name`, `use_fips_endpoint`, `use_dualstack_endpoint`
    * `aws_access_key_id`, `aws_secret_access_key`, `aws_session_token`, or `bearer_token` for an API key
    * `connect_timeout`, `first_byte_timeout`, `idle_timeout`, and `timeout` of a complete call, in seconds.
      `read_timeout` sets both `first_byte_timeout` and `idle_timeout`
    * `max_attempts` including the first, `retry_mode` ("standard" or "adaptive"), `max_backoff` in seconds, and
      `retry_ambiguous`, which also repeats calls that the service may have billed
    * `max_concurrency`, `requests_per_minute`, `tokens_per_minute`: calls wait for these limits. For budgets, limits for
      each tenant, and limits that clients or processes share, pass a `QuotaLimiter` as `quota_limiter`
    * `tags`: a dictionary, such as the tenant of the calls
    * `interceptors`: objects with hooks, and `interceptor_timeout` of a hook in seconds
    * `proxy`, `verify` or `ca_bundle` (the path of a file with root certificates), `http_version` ("1.1" or "2")
    * `user_agent`, which replaces the name of this package, and `user_agent_extra` and `user_agent_appid`, which follow it
    * `config`: a `botocore.config.Config`. Other arguments take precedence
    """

    def __init__(self, *, config=None, verify=None, **settings):
        super().__init__(config=config, verify=verify, body=StreamingBody, events=EventStream, **settings)

    def get_paginator(self, operation_name):
        """Returns a paginator of an operation that returns a list in pages."""
        pages = self._pages(operation_name)
        return Paginator(getattr(self, operation_name), pages)

    @staticmethod
    def _bulk_results():
        from .bulk import BulkResults

        return BulkResults

    def close(self):
        """Closes the client. Further calls raise an exception."""
        self._native.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def _method(name, operation):
    def call(self, *args, **kwargs):
        if args:
            raise _client.only_keywords(name)
        span = _client.start_span(operation)
        if span is None:
            return self._native.call(operation, kwargs)
        try:
            response = self._native.call(operation, kwargs, span.recorder)
        except BaseException as error:
            span.end(error)
            raise
        return span.watch(response, EventStream)

    return call


_client.add_methods(Client, _method, _client.OPERATIONS)


class Paginator:
    """Reads the pages of a list."""

    def __init__(self, call, pages):
        self._call = call
        self._pages = pages

    def paginate(self, PaginationConfig=None, **kwargs):
        """Returns an iterator over the pages."""
        return PageIterator(self._call, self._pages, PaginationConfig, kwargs)


class PageIterator:
    """The pages of a list."""

    def __init__(self, call, pages, config, arguments):
        self._call = call
        self._pages = pages
        self._config = config
        self._arguments = arguments
        #: The `StartingToken` of the items after `MaxItems`, or `None`.
        self.resume_token = None

    def __iter__(self):
        state = _client.PageState(self._pages, self._config, dict(self._arguments))
        while not state.is_last:
            page = state.accept(self._call(**state.arguments))
            self.resume_token = state.resume_token
            yield page

    def build_full_result(self):
        """Reads all pages, and returns their items in one dictionary. `NextToken` continues after `MaxItems`."""
        items = self._pages.items
        result = {items: [item for page in self for item in _client.member(page, items) or ()]}
        if self.resume_token is not None:
            result["NextToken"] = self.resume_token
        return result
