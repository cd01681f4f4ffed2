"""Checks of failed calls, for any operation and client: modeled errors, and errors for wrong credentials."""

import os

from clients import call

# A model of the local endpoint that returns the error that a request names.
ERROR_MODEL = "local.error-v1"
ERROR_MEMBERS = {
    "message": "a message",
    "originalMessage": "a message of the model",
    "originalStatusCode": 500,
    "resourceName": "endpoint-7",
}

# Bearer token that the endpoint accepts instead of a signature.
TOKEN = {"AWS_BEARER_TOKEN_BEDROCK": os.environ["PEERS_BEARER_TOKEN"]}

# Wrong credentials and the resulting errors, which the Smithy model does not define.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
CREDENTIALS = [
    ({"AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"][::-1] + "x"}, "InvalidSignatureException"),
    ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWN000000000"}, "UnrecognizedClientException"),
]
TOKENS = [({"AWS_BEARER_TOKEN_BEDROCK": "an-unknown-token"}, "AccessDeniedException")]


def check_errors(report, client, operation, shapes):
    """Checks the class and members of each modeled error. `shapes` are the error shapes of botocore."""
    calls = [call(operation, ERROR_MODEL, {"error": shape.name, **ERROR_MEMBERS}) for shape in shapes]
    for shape, result in zip(shapes, client.run(calls), strict=True):
        expected = {
            "class": shape.name,
            "code": shape.name,
            "status": shape.metadata["error"]["httpStatusCode"],
            "message": ERROR_MEMBERS["message"],
            "members": {name: ERROR_MEMBERS[name] for name in shape.members},
        }
        check_failure(report, f"{operation}, {shape.name}", client, result, expected)


def check_credentials(report, peer, operation, family):
    """Checks the errors for wrong credentials."""
    for settings, code in CREDENTIALS + TOKENS * peer.sends_tokens:
        client = peer(**settings)
        [result] = client.run([call(operation, family.model_id, family.request)])
        # The message may be any text that is not empty.
        message = (result["failure"] or {}).get("message") or "a message"
        is_modeled = code == "AccessDeniedException"
        expected = {
            "class": code if is_modeled else client.unmodeled,
            "code": code,
            "status": 403,
            "message": message,
            "members": {"message": message} if is_modeled else {},
        }
        check_failure(report, f"{operation}, {code} for {', '.join(settings)}", client, result, expected)


def check_failure(report, name, client, result, expected, parts=0):
    """Checks the number of streamed parts, and the members of the failure that the client exposes."""
    shown = {part: expected[part] for part in client.shows}
    report.check(name, (len(result["parts"]), result["failure"]), (parts, shown))
