"""Makes the calls of conformance scenarios with boto3, or with clients of boto3 that our Python package accelerates.

Usage: adapter.py [--accelerated] [--listen PORT]
"""

import pathlib
import sys

sys.path[:1] = [str(pathlib.Path(__file__).parents[1])]

import boto3
import urllib3.exceptions
import botocore.session
from botocore import eventstream, exceptions, xform_name
from botocore.config import Config
from botocore.parsers import ResponseParserError
from kit import Unsupported, boto3_call, boto3_error, serve

ACCELERATED = sys.argv[1:2] == ["--accelerated"]
if ACCELERATED:
    import invoke_model.boto3

# The error classes of exception types. The first type that matches determines the class.
CLASSES = [
    (exceptions.EventStreamError, "stream"),
    (eventstream.ParserError, "stream"),
    (exceptions.ClientError, "service"),
    ((exceptions.ReadTimeoutError, exceptions.ConnectTimeoutError), "timeout"),
    (ResponseParserError, "response"),
    (urllib3.exceptions.TimeoutError, "timeout"),
    ((urllib3.exceptions.HTTPError, exceptions.ConnectionError), "connection"),
    ((exceptions.HTTPClientError, exceptions.IncompleteReadError), "connection"),
    ((exceptions.CredentialRetrievalError, exceptions.NoCredentialsError), "credentials"),
    ((exceptions.PartialCredentialsError, exceptions.MetadataRetrievalError), "credentials"),
    ((exceptions.NoAuthTokenError, exceptions.TokenRetrievalError), "credentials"),
    ((exceptions.ParamValidationError, exceptions.NoRegionError, ValueError), "input"),
    ((exceptions.EndpointProviderError, exceptions.InvalidEndpointConfigurationError), "input"),
]
# All clients share this loader, because it caches the model of the service.
LOADER = botocore.session.Session().get_component("data_loader")


def make_client(settings):
    """Returns a client with these settings."""
    session, options, config = botocore.session.Session(), {}, {"retries": {}}
    session.register_component("data_loader", LOADER)
    for name, value in settings.items():
        if name == "endpoint_url":
            options["endpoint_url"] = value
        elif name == "region":
            options["region_name"] = value
        elif name == "ca_file":
            options["verify"] = value
        elif name == "credentials":
            options["aws_access_key_id"] = value["access_key_id"]
            options["aws_secret_access_key"] = value["secret_access_key"]
            options["aws_session_token"] = value.get("session_token")
        elif name == "max_attempts":
            config["retries"]["total_max_attempts"] = value
        elif name == "retry_mode":
            config["retries"]["mode"] = value
        elif name == "timeouts_ms":
            if "operation" in value:
                raise Unsupported("boto3 has no timeout for the entire operation")
            config.update({f"{timeout}_timeout": milliseconds / 1000 for timeout, milliseconds in value.items()})
        elif name == "proxy_url":
            config["proxies"] = {"http": value, "https": value}
        elif name == "use_fips":
            config["use_fips_endpoint"] = value
        elif name == "use_dual_stack":
            config["use_dualstack_endpoint"] = value
        elif name == "bearer_token":
            raise Unsupported("boto3 reads bearer tokens only from the environment")
        # boto3 has no setting for the backoff, and always uses HTTP/1.1.
        elif name not in ("max_backoff_ms", "http_version"):
            raise Unsupported(f"the adapter does not know the setting {name}")
    session = boto3.Session(botocore_session=session)
    client = session.client("bedrock-runtime", config=Config(**config), **options)
    return invoke_model.boto3.accelerate(client) if ACCELERATED else client


def run(request):
    """Makes the call of a scenario, and returns the response of the adapter."""
    if "after_ms" in request.get("cancel", {}):
        raise Unsupported("boto3 has no method that cancels a call")
    client, result = None, {}
    try:
        client = make_client(request["settings"])
        method = getattr(client, xform_name(request["operation"]), None)
        if method is None:
            raise Unsupported(f"boto3 has no {request['operation']}")
        return boto3_call(method, request, result)
    except Unsupported:
        raise
    except Exception as exception:  # any error that a program would have to catch
        return {**result, "error": boto3_error(exception, CLASSES, exceptions.ClientError)}
    finally:
        if client is not None:
            client.close()


if __name__ == "__main__":
    if ACCELERATED:
        del sys.argv[1]
        serve("boto3-accelerated", invoke_model.__version__, [], run)
    else:
        serve("boto3", boto3.__version__, [], run)
