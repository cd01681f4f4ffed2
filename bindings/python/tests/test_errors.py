"""Exceptions of calls and streams."""

import pickle
import socket

import pytest
from conftest import EMBEDDING, HELLO, MESSAGES, MODEL

from invoke_model import exceptions


def failure(call, error):
    with pytest.raises(error) as caught:
        call()
    return caught.value


def test_service_errors(client, local_endpoint):
    error = {"code": "ModelErrorException", "message": "no", "originalStatusCode": 400, "resourceName": "r"}
    local_endpoint.inject({"status": 424, "headers": {"x-amzn-errortype": error.pop("code")}, "body_json": error})
    caught = failure(lambda: client.converse(modelId=MODEL, messages=MESSAGES), client.exceptions.ModelErrorException)
    assert isinstance(caught, exceptions.ClientError)
    assert str(caught) == "An error occurred (ModelErrorException) when calling the Converse operation: no"
    assert caught.response["Error"] == {"Code": "ModelErrorException", "Message": "no"}
    assert (caught.response["originalStatusCode"], caught.response["resourceName"]) == (400, "r")
    assert caught.response["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert (caught.operation_name, caught.attempts, caught.retry_class) == ("Converse", 1, "ambiguous")
    copy = pickle.loads(pickle.dumps(caught))
    assert type(copy) is type(caught)
    assert (str(copy), copy.response, copy.attempts) == (str(caught), caught.response, 1)


def test_retries_are_logged(local_endpoint, caplog):
    caplog.set_level("INFO", "invoke_model")
    local_endpoint.inject({"error": {"code": "ThrottlingException"}, "retry_after": {"seconds": 0}})
    with local_endpoint.client(max_attempts=2) as client:
        failure(lambda: client.converse(modelId=MODEL, messages=MESSAGES), client.exceptions.ThrottlingException)
    expected = "Converse: attempt 1 failed: ThrottlingException (rejected), request id "
    assert [record.getMessage()[: len(expected)] for record in caplog.records] == [expected]


def test_the_client_retries(local_endpoint):
    local_endpoint.inject({"first": 1, "error": {"code": "ThrottlingException"}, "retry_after": {"seconds": 0}})
    with local_endpoint.client(max_attempts=2) as client:
        response = client.converse(modelId=MODEL, messages=MESSAGES)
    assert response["ResponseMetadata"]["RetryAttempts"] == 1


def test_hints(client):
    caught = failure(lambda: client.converse(modelId="x", messages=MESSAGES), client.exceptions.ValidationException)
    assert caught.hint.startswith("no such model in us-east-1")
    assert caught.request_id == caught.response["ResponseMetadata"]["RequestId"]
    assert any(caught.hint in note for note in caught.__notes__)


def test_errors_in_streams(client, local_endpoint):
    local_endpoint.inject({"break_stream": {"after_events": 1, "by": {"error": {"code": "ThrottlingException", "message": "slow"}}}})
    events = iter(client.converse_stream(modelId=MODEL, messages=MESSAGES)["stream"])
    assert next(events) == {"messageStart": {"role": "assistant"}}
    caught = failure(lambda: next(events), exceptions.EventStreamError)
    assert caught.response["Error"] == {"Code": "throttlingException", "Message": "slow"}
    assert (
        str(caught) == "An error occurred (throttlingException) when calling the ConverseStream operation: slow"
    )
    assert type(pickle.loads(pickle.dumps(caught))) is type(caught)


def test_responses_that_cannot_be_parsed(client, local_endpoint):
    """The class must not be that of a lost connection, because programs repeat the call after such an exception."""
    local_endpoint.inject({"status": 200, "headers": {"content-type": "application/json"}, "body": "nonsense"})
    caught = failure(lambda: client.converse(modelId=MODEL, messages=MESSAGES), exceptions.ResponseParserError)
    assert "the body is not JSON" in str(caught)
    assert not isinstance(caught, exceptions.BotoCoreError)
    assert str(pickle.loads(pickle.dumps(caught))) == str(caught)


def test_members_of_errors_that_are_null(client, local_endpoint):
    body = {"message": "no", "originalStatusCode": None}
    local_endpoint.inject({"status": 424, "headers": {"x-amzn-errortype": "ModelErrorException"}, "body_json": body})
    caught = failure(lambda: client.converse(modelId=MODEL, messages=MESSAGES), client.exceptions.ModelErrorException)
    assert "originalStatusCode" not in caught.response


def test_members_of_errors_that_are_parts_of_every_response(client, local_endpoint):
    for error in ("oops", {"Code": "other"}):
        local_endpoint.clear_faults()
        body = {"message": "no", "Error": error, "ResponseMetadata": {}}
        local_endpoint.inject({"status": 400, "headers": {"x-amzn-errortype": "ValidationException"}, "body_json": body})
        call = lambda: client.converse(modelId=MODEL, messages=MESSAGES)
        caught = failure(call, client.exceptions.ValidationException)
        assert caught.response["Error"] == {"Code": "ValidationException", "Message": "no"}
        assert caught.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_truncated_streams_and_bodies(client, local_endpoint):
    local_endpoint.inject({"first": 1, "break": {"at": {"body_bytes": 100}, "by": "close"}})
    response = client.invoke_model(modelId=EMBEDDING, body=HELLO)
    body, request_id = response["body"], response["ResponseMetadata"]["RequestId"]
    caught = failure(body.read, exceptions.ResponseStreamingError)
    assert (caught.request_id, caught.attempts, caught.retry_class) == (request_id, 1, "ambiguous")
    with pytest.raises(ValueError, match="closed file"):
        body.read()


def test_transport_errors(client, local_endpoint):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = "http://127.0.0.1:%d" % unused.getsockname()[1]
        with local_endpoint.client(endpoint_url=url, max_attempts=1) as other:
            caught = failure(lambda: other.converse(modelId=MODEL, messages=MESSAGES), exceptions.EndpointConnectionError)
    assert str(caught) == f'Could not connect to the endpoint URL: "{url}"'
    assert caught.retry_class == "not sent"
    assert type(pickle.loads(pickle.dumps(caught))) is type(caught)
    local_endpoint.inject({"delay_ms": 60_000})
    with local_endpoint.client(read_timeout=0.05) as other:
        caught = failure(lambda: other.converse(modelId=MODEL, messages=MESSAGES), exceptions.ReadTimeoutError)
    assert str(caught) == f'Read timeout on endpoint URL: "{local_endpoint.url}"'
    assert "raise `first_byte_timeout`" in caught.__notes__[0]
    assert caught.retry_class == "ambiguous"
    botocore = pytest.importorskip("botocore.exceptions")
    assert isinstance(caught, botocore.ReadTimeoutError)


def test_unknown_names_of_exceptions(client):
    with pytest.raises(AttributeError, match="valid exceptions are: AccessDeniedException"):
        client.exceptions.Nonsense
    with pytest.raises(AttributeError):
        exceptions.Nonsense
    assert "ThrottlingException" in dir(exceptions)


def test_the_hierarchy_of_the_classes():
    pairs = [
        (exceptions.ReadTimeoutError, exceptions.HTTPClientError),
        (exceptions.ConnectTimeoutError, exceptions.ConnectionError),
        (exceptions.NoRegionError, exceptions.BotoCoreError),
        (exceptions.ThrottlingException, exceptions.ClientError),
        (exceptions.EventStreamError, exceptions.ClientError),
    ]
    for derived, base in pairs:
        assert issubclass(derived, base)
    botocore = pytest.importorskip("botocore.exceptions")
    for derived, base in pairs:
        assert issubclass(derived, getattr(botocore, base.__name__))


def test_the_header_of_a_page_in_html_has_the_code(local_endpoint):
    local_endpoint.inject(
        {"status": 503, "headers": {"x-amzn-errortype": "ServiceUnavailableException"}, "body": "<html>No backend</html>"}
    )
    client = local_endpoint.client(max_attempts=1)
    caught = failure(lambda: client.converse(modelId=MODEL, messages=MESSAGES), client.exceptions.ServiceUnavailableException)
    assert caught.response["Error"]["Code"] == "ServiceUnavailableException"
    local_endpoint.clear_faults()
    local_endpoint.inject({"status": 503, "body": "<html>No backend</html>"})
    caught = failure(lambda: client.converse(modelId=MODEL, messages=MESSAGES), client.exceptions.ClientError)
    assert caught.response["Error"] == {"Code": "503", "Message": "Service Unavailable"}
