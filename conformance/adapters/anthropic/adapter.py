"""Makes the calls of conformance scenarios with the client for Bedrock of the package `anthropic`.

The client makes only calls of InvokeModel and InvokeModelWithResponseStream, with a body in the schema of Anthropic.

Usage: adapter.py [--listen PORT]
"""

import json
import pathlib
import sys

sys.path[:1] = [str(pathlib.Path(__file__).parents[1])]

import anthropic
import httpx2 as httpx
from kit import Unsupported, serve, tagged, untagged

OPERATIONS = {"InvokeModel": False, "InvokeModelWithResponseStream": True}
# The members of a body that the client sets itself.
SET_BY_CLIENT = {"anthropic_version", "stream"}


def make_client(settings):
    """Returns a client with these settings."""
    options, transport = {"max_retries": settings.get("max_attempts", 3) - 1}, {}
    for name, value in settings.items():
        if name == "endpoint_url":
            options["base_url"] = value
        elif name == "region":
            options["aws_region"] = value
        elif name == "credentials":
            options["aws_access_key"] = value["access_key_id"]
            options["aws_secret_key"] = value["secret_access_key"]
            options["aws_session_token"] = value.get("session_token")
        elif name == "bearer_token":
            options["api_key"] = value
        elif name == "timeouts_ms":
            if "operation" in value:
                raise Unsupported("the client has no timeout for the entire operation")
            timeouts = {timeout: milliseconds / 1000 for timeout, milliseconds in value.items()}
            options["timeout"] = httpx.Timeout(**{**anthropic.DEFAULT_TIMEOUT.as_dict(), **timeouts})
        elif name == "proxy_url":
            transport["proxy"] = value
        elif name == "ca_file":
            transport["verify"] = httpx.create_ssl_context(verify=value)
        elif name in ("use_fips", "use_dual_stack"):
            raise Unsupported("the client does not support FIPS and dual-stack endpoints")
        elif name == "retry_mode" and value != "standard":
            raise Unsupported("the client has only one retry mode")
        # The client has no setting for the backoff, and always uses HTTP/1.1.
        elif name not in ("max_attempts", "max_backoff_ms", "http_version", "retry_mode"):
            raise Unsupported(f"the adapter does not know the setting {name}")
    if transport:
        options["http_client"] = anthropic.DefaultHttpxClient(**transport)
    return anthropic.AnthropicBedrock(**options)


def error(exception, in_stream):
    """Describes an exception."""
    facts = {"class": "other", "type": type(exception).__name__, "message": str(exception)}
    if isinstance(exception, (anthropic.APITimeoutError, httpx.TimeoutException)):
        facts["class"] = "timeout"
    elif isinstance(exception, anthropic.APIStatusError):
        body = exception.body if isinstance(exception.body, dict) else {}
        headers = exception.response.headers
        code = headers.get("x-amzn-errortype", "").split(":")[0]
        facts.update({"class": "stream" if in_stream else "service", "code": code or None})
        facts.update(message=str(body.get("message", exception)), status=exception.status_code)
        facts["request_id"] = headers.get("x-amzn-requestid")
    elif isinstance(exception, (anthropic.APIConnectionError, httpx.TransportError)):
        facts["class"] = "connection"
    elif isinstance(exception, anthropic.APIResponseValidationError):
        facts["class"] = "response"
    elif "credentials" in str(exception).lower():
        facts["class"] = "credentials"
    elif in_stream:
        facts["class"] = "stream"
    elif isinstance(exception, (TypeError, ValueError, anthropic.AnthropicError)):
        facts["class"] = "response" if isinstance(exception, json.JSONDecodeError) else "input"
    return {name: value for name, value in facts.items() if value is not None}


def run(request):
    """Makes the call of a scenario, and returns the response of the adapter."""
    is_stream = OPERATIONS.get(request["operation"])
    members, cancel = untagged(request["input"]), request.get("cancel", {})
    model, content = members.pop("modelId", None), members.pop("body", b"")
    try:
        body = {name: value for name, value in json.loads(content).items() if name not in SET_BY_CLIENT}
    except (AttributeError, TypeError, ValueError):
        body = {}
    if is_stream is None or not {"messages", "max_tokens"} <= body.keys():
        raise Unsupported("the client sends only messages in the schema of Anthropic with InvokeModel")
    if members.keys() - {"contentType", "accept"}:
        raise Unsupported(f"the client has no parameters for {sorted(members)}")
    if "environment" in request:
        raise Unsupported("the client keeps a session of boto3, and with it the environment of an earlier call")
    if "after_ms" in cancel:
        raise Unsupported("the client has no method that cancels a call")
    result, events = {}, None
    try:
        with make_client(request["settings"]) as client:
            # The client returns only the parsed message, so the adapter reports it as JSON.
            if not is_stream:
                message = client.messages.create(model=model, **body)
                text = json.dumps(message.to_dict(mode="json"))
                return {"output": {"body": tagged(text.encode()), "contentType": "application/json"}}
            stream = client.messages.create(model=model, stream=True, **body)
            events = result["events"] = []
            for event in stream:
                events.append({"chunk": {"bytes": tagged(json.dumps(event.to_dict(mode="json")).encode())}})
                if len(events) == cancel.get("after_events"):
                    stream.close()
                    return {"cancelled": True}
    except Unsupported:
        raise
    except Exception as exception:  # any error that a program would have to catch
        result["error"] = error(exception, events is not None)
    return result


if __name__ == "__main__":
    serve("anthropic", anthropic.__version__, [], run)
