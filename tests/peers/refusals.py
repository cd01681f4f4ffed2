"""How a call must be refused, whichever operation and client it is: modelled errors, and credentials."""

import os

from clients import call

# The local model that answers with the error that its request names.
ERROR_MODEL = "local.error-v1"
ERROR_MEMBERS = {
    "message": "asked for by its name",
    "originalMessage": "the model's own words",
    "originalStatusCode": 500,
    "resourceName": "endpoint-7",
}

# What the endpoint takes in place of a signature.
TOKEN = {"AWS_BEARER_TOKEN_BEDROCK": os.environ["PEERS_BEARER_TOKEN"]}

# Credentials that are not those of the endpoint, and the error that says so; no operation models it.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
CREDENTIALS = [
    ({"AWS_SECRET_ACCESS_KEY": os.environ["AWS_SECRET_ACCESS_KEY"][::-1] + "x"}, "InvalidSignatureException"),
    ({"AWS_ACCESS_KEY_ID": "AKIANOBODYHASTHIS000"}, "UnrecognizedClientException"),
]
TOKENS = [({"AWS_BEARER_TOKEN_BEDROCK": "nobody-has-this"}, "AccessDeniedException")]


def check_errors(report, client, operation, shapes):
    """Each modelled error, as its own class with its own members; `shapes` are botocore's."""
    calls = [call(operation, ERROR_MODEL, {"error": shape.name, **ERROR_MEMBERS}) for shape in shapes]
    for shape, answer in zip(shapes, client.ask(calls), strict=True):
        expected = {
            "class": shape.name,
            "code": shape.name,
            "status": shape.metadata["error"]["httpStatusCode"],
            "message": ERROR_MEMBERS["message"],
            "members": {name: ERROR_MEMBERS[name] for name in shape.members},
        }
        check_refusal(report, f"{operation}, {shape.name}", client, answer, expected)


def check_credentials(report, peer, operation, family):
    """Credentials that are not those of the endpoint."""
    for settings, code in CREDENTIALS + TOKENS * peer.sends_tokens:
        client = peer(**settings)
        [answer] = client.ask([call(operation, family.model_id, family.request)])
        # The words are free, but there must be some.
        message = (answer["refusal"] or {}).get("message") or "some words"
        is_modelled = code == "AccessDeniedException"
        expected = {
            "class": code if is_modelled else client.unmodelled,
            "code": code,
            "status": 403,
            "message": message,
            "members": {"message": message} if is_modelled else {},
        }
        check_refusal(report, f"{operation}, {code} for {', '.join(settings)}", client, answer, expected)


def check_refusal(report, name, client, answer, expected, parts=0):
    """The refusal, as far as the client shows it, after so many parts."""
    shown = {part: expected[part] for part in client.shows}
    report.check(name, (len(answer["parts"]), answer["refusal"]), (parts, shown))
