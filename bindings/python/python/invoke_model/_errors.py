"""Creates exceptions from the facts of errors.

If botocore is installed, the classes are subclasses of the classes of botocore, so that existing `except` clauses
work. botocore is imported only when an exception is needed, because the import takes long.
"""

import functools
import json

# The classes of botocore that this package raises: the base class, and the text of an exception.
_FORMATS = {
    "BotoCoreError": ("Exception", "An unspecified error occurred"),
    "ParamValidationError": ("BotoCoreError", "Parameter validation failed:\n{report}"),
    "NoCredentialsError": ("BotoCoreError", "Unable to locate credentials"),
    "PartialCredentialsError": ("BotoCoreError", "Partial credentials found in {provider}, missing: {cred_var}"),
    "CredentialRetrievalError": ("BotoCoreError", "Error when retrieving credentials from {provider}: {error_msg}"),
    "NoRegionError": ("BotoCoreError", "You must specify a region."),
    "ProfileNotFound": ("BotoCoreError", "The config profile ({profile}) could not be found"),
    "OperationNotPageableError": ("BotoCoreError", "Operation cannot be paginated: {operation_name}"),
    "HTTPClientError": ("BotoCoreError", "An HTTP Client raised an unhandled exception: {error}"),
    "ConnectionError": ("BotoCoreError", "An HTTP Client failed to establish a connection: {error}"),
    "EndpointConnectionError": ("ConnectionError", 'Could not connect to the endpoint URL: "{endpoint_url}"'),
    "ConnectTimeoutError": ("ConnectionError", 'Connect timeout on endpoint URL: "{endpoint_url}"'),
    "ProxyConnectionError": ("ConnectionError", 'Failed to connect to proxy URL: "{proxy_url}"'),
    "SSLError": ("ConnectionError", "SSL validation failed for {endpoint_url} {error}"),
    "ReadTimeoutError": ("HTTPClientError", 'Read timeout on endpoint URL: "{endpoint_url}"'),
    "ConnectionClosedError": (
        "HTTPClientError",
        'Connection was closed before we received a valid response from endpoint URL: "{endpoint_url}".',
    ),
    "ResponseStreamingError": ("HTTPClientError", "An error occurred while reading from response stream: {error}"),
}

# The class for each kind of failure of the native module.
_KINDS = {
    "Resolve": "EndpointConnectionError",
    "Connect": "EndpointConnectionError",
    "ConnectTimeout": "ConnectTimeoutError",
    "Proxy": "ProxyConnectionError",
    "Tls": "SSLError",
    "ResponseTimeout": "ReadTimeoutError",
    "FirstByteTimeout": "ReadTimeoutError",
    "IdleTimeout": "ReadTimeoutError",
    "OperationTimeout": "ReadTimeoutError",
    "Refused": "ConnectionClosedError",
    "RequestBodyIncomplete": "ConnectionClosedError",
    "Send": "ConnectionClosedError",
    "ResponseHead": "ConnectionClosedError",
    "BodyIncomplete": "ResponseStreamingError",
    "Truncated": "ResponseStreamingError",
    "Decode": "ParserError",
    "Parse": "ResponseParserError",
    "NoCredentials": "NoCredentialsError",
    "NoRegion": "NoRegionError",
    "Credentials": "CredentialRetrievalError",
    "Serialize": "ParamValidationError",
}

# The classes of failures of this package alone, and their base classes.
_OWN = {
    "QuotaError": "HTTPClientError",
    "OverBudgetError": "QuotaError",
    "NoPriceError": "QuotaError",
    "QuotaStoreError": "QuotaError",
    "InterceptorError": "HTTPClientError",
}
_OWN_KINDS = {
    "Quota": "QuotaError",
    "OverBudget": "OverBudgetError",
    "NoPrice": "NoPriceError",
    "QuotaStore": "QuotaStoreError",
    "Interceptor": "InterceptorError",
}


class CallDetails:
    """The facts about a call that exceptions of botocore do not have."""

    #: The request id that the service assigned.
    request_id = None
    #: The number of attempts.
    attempts = 0
    #: "not sent", "rejected", "server error" or "ambiguous". The service may have executed an "ambiguous" call.
    retry_class = None
    #: Advice for a well-known error.
    hint = None
    #: The name of the target whose error this is, if the client is a failover.
    target = None
    #: The targets on which the call failed before, and those that it skipped: `target`, `reason` and `error`.
    other_targets = ()

    def _add_details(self, facts):
        for name in ("request_id", "attempts", "retry_class", "hint", "target", "other_targets"):
            if name in facts:
                setattr(self, name, facts[name])
        # The attributes of a class of this package.
        for name, value in facts.get("details", {}).items():
            setattr(self, name, value)
        # A traceback shows the note. `str()` stays the text of botocore.
        self.add_note(facts["text"])
        return self


class _BotoCoreError(Exception):
    """The base class if botocore is not installed."""

    fmt = _FORMATS["BotoCoreError"][1]

    def __init__(self, **kwargs):
        super().__init__(self.fmt.format(**kwargs))
        self.kwargs = kwargs

    def __reduce__(self):
        return _restore_core, (type(self).__name__, self.kwargs, self.__dict__)


class _ClientError(Exception):
    """The base class of service errors if botocore is not installed."""

    def __init__(self, error_response, operation_name):
        error = error_response.get("Error", {})
        metadata = error_response.get("ResponseMetadata", {})
        retries = ""
        if metadata.get("MaxAttemptsReached") and "RetryAttempts" in metadata:
            retries = f" (reached max retries: {metadata['RetryAttempts']})"
        super().__init__(
            f"An error occurred ({error.get('Code', 'Unknown')}) when calling the {operation_name} operation"
            f"{retries}: {error.get('Message', 'Unknown')}"
        )
        self.response = error_response
        self.operation_name = operation_name


def _restore(code, response, operation, details):
    error = (classes()["EventStreamError"] if code is None else by_code(code))(response, operation)
    error.__dict__.update(details)
    return error


def _restore_core(name, kwargs, details):
    error = classes()[name](**kwargs)
    error.__dict__.update(details)
    return error


def _reduce_client_error(self):
    code = None if isinstance(self, classes()["EventStreamError"]) else self.response["Error"]["Code"]
    return _restore, (code, self.response, self.operation_name, self.__dict__)


def _reduce_core_error(self):
    return _restore_core, (type(self).__name__, self.kwargs, self.__dict__)


def _once(create):
    """Calls `create` once. If threads call it at the same time, all of them get the same value.

    There is no lock, because `create` imports modules, and another thread may hold the lock of an import.
    """
    created = {}

    @functools.wraps(create)
    def get():
        try:
            return created[create]
        except KeyError:
            return created.setdefault(create, create())

    return get


@_once
def classes():
    """Returns the exception classes by name."""
    try:
        from botocore import exceptions as botocore
        from botocore.eventstream import ParserError as frame_error
        from botocore.parsers import ResponseParserError as response_error
    except ImportError:
        botocore, frame_error, response_error = None, Exception, Exception
    found = {}
    for name, (base, fmt) in _FORMATS.items():
        # A class has the base class of this package and the class of botocore, so that both work in `except`.
        bases = (found.get(base, CallDetails),)
        body = {"__module__": "invoke_model.exceptions"}
        if botocore is not None:
            bases += (getattr(botocore, name),)
            body["__reduce__"] = _reduce_core_error
        elif base == "Exception":
            bases = (CallDetails, _BotoCoreError)
        else:
            body["fmt"] = fmt
        found[name] = type(name, bases, body)
    body = {"__module__": "invoke_model.exceptions", "__reduce__": _reduce_client_error}
    client_error = botocore.ClientError if botocore else _ClientError
    found["ClientError"] = type("ClientError", (CallDetails, client_error), dict(body))
    if botocore is None:
        found["EventStreamError"] = type("EventStreamError", (found["ClientError"],), dict(body))
    else:
        bases = (found["ClientError"], botocore.EventStreamError)
        found["EventStreamError"] = type("EventStreamError", bases, dict(body))
    for name, base in (("ParserError", frame_error), ("ResponseParserError", response_error)):
        found[name] = type(name, (CallDetails, base), {"__module__": "invoke_model.exceptions"})
    for name, base in _OWN.items():
        # Not all errors of a limiter concern a limit.
        body = {"limit": None, "key": None} if name == "QuotaError" else {}
        found[name] = type(name, (found[base],), {"__module__": "invoke_model.exceptions", **body})
    return found


@_once
def modeled():
    """Returns the classes of the errors in the model by code."""
    from ._native import operations

    base = classes()["ClientError"]
    codes = sorted({code for operation in operations() for code in operation.error_codes})
    return {code: type(code, (base,), {"__module__": "invoke_model.exceptions"}) for code in codes}


def by_code(code):
    """Returns the class of a service error. Errors that are not in the model are a `ClientError`."""
    return modeled().get(code, classes()["ClientError"])


def param_validation(report):
    return classes()["ParamValidationError"](report=report)


def partial_credentials(missing):
    return classes()["PartialCredentialsError"](provider="explicit", cred_var=missing)


def of_config(kind, text, name=None):
    known = classes()
    if kind == "no_region":
        error = known["NoRegionError"]()
    elif kind == "profile":
        error = known["ProfileNotFound"](profile=name)
    elif kind == "partial_credentials":
        error = known["PartialCredentialsError"](provider="env", cred_var=name)
    else:
        return ValueError(text)
    error.add_note(text)
    return error


def of_body(kind, text, endpoint_url, request_id, attempts):
    name = _KINDS.get(kind, "ResponseStreamingError")
    facts = {"text": text, "request_id": request_id, "attempts": attempts, "retry_class": "ambiguous"}
    return _core_error(name, text, endpoint_url)._add_details(facts)


def of_call(facts):
    """Returns the exception of a failed call."""
    kind = facts["kind"]
    if kind == "Service":
        error = _service_error(facts)
    elif kind == "StreamException":
        error = _stream_error(facts)
    elif kind in _OWN_KINDS:
        error = classes()[_OWN_KINDS[kind]](error=facts["text"])
    else:
        name, proxy_url = _KINDS.get(kind, "HTTPClientError"), facts.get("proxy_url")
        if proxy_url and name == "EndpointConnectionError":
            # The connection to the proxy has failed, or the proxy could not connect to the endpoint.
            name = "ProxyConnectionError"
        error = _core_error(name, facts["text"], facts["endpoint_url"], proxy_url)
    return error._add_details(facts)


def _core_error(name, text, endpoint_url, proxy_url=None):
    cls = classes()[name]
    if name in ("ParserError", "ResponseParserError"):
        return cls(text)
    return cls(
        error=text,
        endpoint_url=endpoint_url,
        proxy_url=proxy_url or endpoint_url,
        report=text,
        provider="credentials provider",
        error_msg=text,
    )


def _body_members(body):
    """Returns the members of the body of an error. A body that is not a JSON object is its message."""
    if not body:
        return {}
    try:
        members = json.loads(body)
    except ValueError:
        members = None
    return members if isinstance(members, dict) else {"message": body.decode("utf-8", "replace")}


def _code_and_message(facts, members):
    """Returns the code and the message of an error as botocore does. Without a code, the code is the status.

    The client also derives the error from the status alone. botocore does not, so programs do not expect it. For a page
    in HTML, botocore also ignores the code in the header, which this function returns.
    """
    status, body = facts["status"], facts["body"].strip()
    code = facts["headers"].get("x-amzn-errortype")
    if code is None and status >= 500 and (not body or body.startswith(b"<html>")):
        from http.client import responses

        return str(status), responses.get(status, "")
    for name in ("code", "Code", "__type"):
        if code is None:
            code = members.get(name)
    if code is not None:
        code = str(code).split(":", 1)[0].rsplit("#", 1)[-1]
    return code or str(status), members.get("message", members.get("Message", ""))


def _service_error(facts):
    members = _body_members(facts["body"])
    code, message = _code_and_message(facts, members)
    metadata = {}
    if facts["request_id"] is not None:
        metadata["RequestId"] = facts["request_id"]
    metadata["HTTPStatusCode"] = facts["status"]
    metadata["HTTPHeaders"] = facts["headers"]
    if facts["retryable"] and facts["attempts"] >= facts["max_attempts"]:
        metadata["MaxAttemptsReached"] = True
    metadata["RetryAttempts"] = max(facts["attempts"] - 1, 0)
    response = {"Error": {"Message": message, "Code": code}, "ResponseMetadata": metadata}
    if code in modeled():
        ignored = ("__type", "code", "Code", "Message", "Error", "ResponseMetadata")
        response.update({name: value for name, value in members.items() if value is not None and name not in ignored})
    return by_code(code)(response, facts["operation"])


def _stream_error(facts):
    headers = facts["headers"]
    code = headers.get(":exception-type") or headers.get(":error-code") or facts["code"] or ""
    message = facts["message"] or headers.get(":error-message") or ""
    return classes()["EventStreamError"]({"Error": {"Code": code, "Message": message}}, facts["operation"])
