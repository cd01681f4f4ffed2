"""`sign` and `presign`: their signatures equal those of botocore, and the local endpoint accepts them."""

import datetime
import io
import os
import random
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest
from conftest import EMBEDDING, HELLO

import invoke_model

auth = pytest.importorskip("botocore.auth")
from botocore.awsrequest import AWSRequest  # noqa: E402
from botocore.credentials import Credentials, RefreshableCredentials  # noqa: E402
from botocore.exceptions import PartialCredentialsError  # noqa: E402

TIME = datetime.datetime(2026, 1, 5, 10, 20, 30, tzinfo=datetime.timezone.utc)
KEYS = {"region_name": "us-east-1", "aws_access_key_id": "AKIDEXAMPLE", "aws_secret_access_key": "secret"}
URL = "https://bedrock-runtime.us-east-1.amazonaws.com/model/x/invoke"
UNRESERVED = "abcXYZ019-._~"
CHARACTERS = UNRESERVED + ":/%?#[]@!$&'()*+,;= \"<>\\^`{|}é世\U0001f600"


@pytest.fixture
def frozen_time(monkeypatch):
    monkeypatch.setattr(auth, "get_current_datetime", lambda: TIME)


def lower(headers):
    return {name.lower(): value for name, value in headers.items()}


def theirs(method, url, headers, body, credentials, region, service):
    request = AWSRequest(method, url, headers=headers, data=body)
    auth.SigV4Auth(credentials, service, region).add_auth(request)
    return lower(request.headers)


def random_request(choose):
    """Returns the arguments of a random request. The path and the query are percent-encoded as clients encode them."""

    def text(characters, most):
        return "".join(choose.choices(characters, k=choose.randrange(most)))

    def segment():
        safe = choose.choice(["", ":", ":;@", "!$&'()*+,;=:@"])
        return urllib.parse.quote(text(CHARACTERS, 12) or "x", safe=safe)

    path = "".join(f"/{segment()}" for _ in range(choose.randrange(6))) + choose.choice(["", "/"])
    pairs = [(text(CHARACTERS, 8) or "k", text(CHARACTERS, 12)) for _ in range(choose.randrange(4))]
    query = "&".join(f"{urllib.parse.quote(name, safe='')}={urllib.parse.quote(value, safe='')}" for name, value in pairs)
    scheme, port = choose.choice(["https", "http"]), choose.choice(["", ":80", ":443", ":8080"])
    url = f"{scheme}://host-{choose.randrange(9)}.example{port}{path}" + (f"?{query}" if query else "")
    names = ["Content-Type", "accept", "X-Amzn-Bedrock-Trace", "X-AMZ-Target", "User-Agent", "Connection", "x-custom"]
    headers = {name: text(UNRESERVED + "  ;=/,", 20) for name in choose.sample(names, choose.randrange(len(names)))}
    if choose.random() < 0.2:
        headers["Host"] = "proxy.example:99"
    body = choose.choice([b"", choose.randbytes(choose.randrange(300)), text(CHARACTERS, 50).encode()])
    return choose.choice(["POST", "GET", "put"]), url, headers, body


@pytest.mark.parametrize("seed", range(400))
def test_signatures_equal_those_of_botocore(seed, frozen_time):
    choose = random.Random(seed)
    method, url, headers, body = random_request(choose)
    token = choose.choice([None, "token/+=="])
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token)
    region, service = choose.choice(["us-east-1", "cn-north-1"]), choose.choice(["bedrock", "sts"])
    options = {"region_name": region, "service_name": service, "time": TIME}
    ours = invoke_model.sign(method, url, headers, body, credentials=credentials, **options)
    expected = theirs(method, url, headers, body, credentials, region, service)
    assert lower(ours) == expected, (method, url)
    signed = {**headers, "X-Amz-Content-SHA256": auth.sha256(body).hexdigest()}
    ours = invoke_model.sign(method, url, signed, body, credentials=credentials, **options)
    assert lower(ours) == theirs(method, url, signed, body, credentials, region, service)


@pytest.mark.parametrize("hash", ["UNSIGNED-PAYLOAD", auth.sha256(b"other").hexdigest(), "anything"])
def test_a_given_hash_is_signed_as_by_botocore(hash, frozen_time):
    headers, credentials = {"X-Amz-Content-SHA256": hash}, Credentials("AKID", "secret")
    options = {"region_name": "us-east-1", "credentials": credentials, "time": TIME}
    ours = invoke_model.sign("POST", URL, headers, HELLO, **options)
    assert ours["X-Amz-Content-SHA256"] == hash
    assert lower(ours) == theirs("POST", URL, headers, HELLO, credentials, "us-east-1", "bedrock")


@pytest.mark.parametrize("host", ["Bedrock-Runtime.US-EAST-1.amazonaws.com", "HOST.Example:8443", "User:Word@HOST.Example"])
@pytest.mark.parametrize("headers", [{}, {"Host": "Other.Example"}], ids=["", "header"])
def test_the_host_is_signed_as_by_botocore(host, headers, frozen_time):
    url, credentials = f"https://{host}/Model", Credentials("AKID", "secret")
    options = {"region_name": "us-east-1", "credentials": credentials, "time": TIME}
    ours = invoke_model.sign("GET", url, headers, b"", **options)
    assert lower(ours) == theirs("GET", url, headers, b"", credentials, "us-east-1", "bedrock")
    request = AWSRequest("GET", url, headers=headers)
    auth.SigV4QueryAuth(credentials, "bedrock", "us-east-1", expires=60).add_auth(request)
    presigned = invoke_model.presign("GET", url, headers, expires_in=60, **options)
    assert parameters(presigned) == parameters(request.url)
    assert presigned.startswith("https://User:Word@" if "@" in host else "https://")


def parameters(url):
    return urllib.parse.parse_qs(url.partition("?")[2])


@pytest.mark.parametrize("seed", range(100))
def test_presigned_urls_equal_those_of_botocore(seed, frozen_time):
    choose = random.Random(seed)
    method, url, headers, _ = random_request(choose)
    # botocore does not keep repeated parameters, and encodes a space in the query differently.
    url = url.partition("?")[0] + choose.choice(["", "?a=1&b=%C3%A9"])
    credentials = Credentials("AKIDEXAMPLE", "secret", choose.choice([None, "token/+=="]))
    request = AWSRequest(method, url, headers=headers)
    auth.SigV4QueryAuth(credentials, "bedrock", "us-east-1", expires=60).add_auth(request)
    options = {"region_name": "us-east-1", "credentials": credentials, "expires_in": 60, "time": TIME}
    ours = invoke_model.presign(method, url, headers, **options)
    # The order of the parameters differs only in the URL. It is the same in the canonical request.
    (our_url, our_query), (their_url, their_query) = ours.split("?"), request.url.split("?")
    assert our_url.rstrip("/") == their_url.rstrip("/")
    assert urllib.parse.parse_qs(our_query) == urllib.parse.parse_qs(their_query)


@pytest.mark.parametrize(
    "body", [HELLO, bytearray(HELLO), memoryview(HELLO), HELLO.decode(), io.BytesIO(HELLO)], ids=lambda body: type(body).__name__
)
def test_kinds_of_bodies(body):
    signed = invoke_model.sign("POST", URL, {}, body, time=TIME, **KEYS)
    assert signed == invoke_model.sign("POST", URL, {}, HELLO, time=TIME, **KEYS)
    if hasattr(body, "read"):
        assert body.read() == HELLO


def test_a_large_file_is_hashed_from_its_position(tmp_path):
    path = tmp_path / "body"
    content = os.urandom(3_000_000)
    path.write_bytes(b"skip" + content)
    with path.open("rb") as file:
        file.seek(4)
        signed = invoke_model.sign("POST", URL, body=file, time=TIME, **KEYS)
        assert file.tell() == 4
    assert signed == invoke_model.sign("POST", URL, body=content, time=TIME, **KEYS)


def test_headers_are_returned_complete():
    headers = [("Accept", "a"), (b"accept", b"b"), ("Authorization", "old"), ("X-Amz-Security-Token", "old")]
    signed = invoke_model.sign("POST", URL, headers, b"", time=TIME.timestamp(), **KEYS)
    assert list(signed) == ["Accept", "X-Amz-Date", "Authorization"]
    assert signed["Accept"] == "a,b"
    assert signed["X-Amz-Date"] == "20260105T102030Z"
    assert "SignedHeaders=accept;host;x-amz-date," in signed["Authorization"]


def send(method, url, headers, body=None):
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.read()


@pytest.mark.parametrize("model", [EMBEDDING, urllib.parse.quote(EMBEDDING, safe="")])
def test_the_endpoint_accepts_signatures(local_endpoint, model):
    settings = local_endpoint.settings
    url = f"{settings.pop('endpoint_url')}/model/{model}/invoke"
    headers = {"Content-Type": "application/json", "Accept": "*/*"}
    assert send("POST", url, invoke_model.sign("POST", url, headers, HELLO, **settings), HELLO).startswith(b'{"embedding"')
    assert local_endpoint.calls[-1]["signature"] == "valid"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        send("POST", url, invoke_model.sign("POST", url, headers, HELLO, **settings), HELLO + b" ")


def test_the_endpoint_accepts_an_arn_in_the_path(local_endpoint):
    settings = local_endpoint.settings
    arn = f"arn:aws:bedrock:us-east-1::foundation-model/{EMBEDDING}"
    url = f"{settings.pop('endpoint_url')}/model/{urllib.parse.quote(arn, safe='')}/invoke"
    headers = {"Content-Type": "application/json"}
    send("POST", url, invoke_model.sign("POST", url, headers, HELLO, **settings), HELLO)
    assert (local_endpoint.calls[-1]["signature"], local_endpoint.calls[-1]["model_id"]) == ("valid", arn)


@pytest.mark.parametrize("body", [b"", None])
def test_the_endpoint_accepts_presigned_urls(local_endpoint, body):
    settings = local_endpoint.settings
    url = invoke_model.presign("GET", f"{settings.pop('endpoint_url')}/async-invoke?maxResults=5", body=body, **settings)
    assert send("GET", url, {}) == b'{"asyncInvokeSummaries":[]}'
    assert local_endpoint.calls[-1]["signature"] == "valid"


def test_credentials_are_refreshed_by_botocore():
    loads = []

    def refresh():
        loads.append(1)
        expiry = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=5)
        return {"access_key": f"AKID{len(loads)}", "secret_key": "s", "token": "t", "expiry_time": expiry.isoformat()}

    credentials = RefreshableCredentials.create_from_metadata(refresh(), refresh, "test")
    signed = [invoke_model.sign("GET", URL, region_name="us-east-1", credentials=credentials) for _ in range(2)]
    # They expire soon, so botocore refreshes them before each signature.
    assert [headers["Authorization"].split("/")[0][-5:] for headers in signed] == ["AKID2", "AKID3"]
    assert signed[0]["X-Amz-Security-Token"] == "t"


DEFAULT = """
import os
import invoke_model
first = invoke_model.sign("GET", "https://h.example/")
os.environ["AWS_ACCESS_KEY_ID"] = "OTHER"
assert invoke_model.sign("GET", "https://h.example/")["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
pid = os.fork()
if pid == 0:
    signed = invoke_model.sign("GET", "https://h.example/")
    os._exit(0 if "Credential=OTHER/" in signed["Authorization"] else 1)
assert os.waitpid(pid, 0)[1] == 0
print(first["Authorization"], first["X-Amz-Security-Token"])
"""


def run(code, **variables):
    environment = {**os.environ, **variables}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)


def test_default_credentials_are_cached():
    result = run(DEFAULT, AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="s", AWS_SESSION_TOKEN="t", AWS_REGION="eu-west-1")
    assert result.returncode == 0, result.stderr
    assert "/eu-west-1/bedrock/aws4_request" in result.stdout
    assert result.stdout.endswith(" t\n")


def test_default_credentials_of_a_profile_that_calls_a_program(tmp_path):
    count = tmp_path / "count"
    output = '{"Version":1,"AccessKeyId":"AKPROCESS","SecretAccessKey":"s"}'
    (tmp_path / "program").write_text(f"#!/bin/sh\necho x >> {count}\necho '{output}'\n")
    (tmp_path / "program").chmod(0o755)
    (tmp_path / "config").write_text(f"[default]\nregion = eu-north-1\ncredential_process = {tmp_path / 'program'}\n")
    code = "import invoke_model\nfor _ in range(3): signed = invoke_model.sign('GET', 'https://h.example/')\nprint(signed)"
    result = run(code, AWS_CONFIG_FILE=str(tmp_path / "config"))
    assert result.returncode == 0, result.stderr
    assert "Credential=AKPROCESS/" in result.stdout
    assert "/eu-north-1/" in result.stdout
    assert count.read_text() == "x\n"


@pytest.mark.parametrize(
    ("arguments", "expected", "text"),
    [
        ({"url": "/relative"}, ValueError, "not an absolute"),
        ({"url": "https://h.example/a b"}, ValueError, "contains ` `: percent-encode it"),
        ({"url": "https://h.example/é"}, ValueError, "contains `é`: percent-encode it"),
        ({"method": "PO ST"}, ValueError, "is not an HTTP method"),
        ({"headers": {"a b": "c"}}, ValueError, "is not a header name"),
        ({"headers": {"a": "b\r\nc: d"}}, ValueError, "the value of `a` contains a line break"),
        ({"headers": {"a": 5}}, TypeError, "expected a str or bytes value for 'a', not int"),
        ({"body": 5}, TypeError, "body: expected bytes"),
        ({"body": iter([b"a"])}, TypeError, "read other bodies before signing"),
        ({"body": io.StringIO("a")}, TypeError, "open it in binary mode"),
        ({"aws_secret_access_key": None}, Exception, "aws_secret_access_key"),
        ({"credentials": Credentials("a", "b")}, ValueError, "either `credentials` or the keys"),
        ({"region_name": "us east"}, ValueError, "region is empty or contains"),
        ({"time": float("nan")}, ValueError, "time: not between"),
        ({"time": 1e18}, ValueError, "1970 to 9999"),
        ({"time": "20260102"}, TypeError, "time: expected a datetime or the seconds since 1970, not str"),
        ({"headers": {"a": b"\xff"}}, ValueError, "the value of 'a' is not valid UTF-8"),
    ],
)
def test_invalid_arguments(arguments, expected, text):
    arguments = {"method": "POST", "url": URL, **KEYS, **arguments}
    with pytest.raises(expected, match=text):
        invoke_model.sign(**arguments)


def test_credentials_of_a_wrong_type():
    with pytest.raises(TypeError, match="expected an object with `access_key`"):
        invoke_model.sign("GET", URL, region_name="us-east-1", credentials=("a", "b"))
    for credentials in Credentials(None, None), Credentials("a", ""):
        with pytest.raises(PartialCredentialsError, match="missing: (access|secret)_key"):
            invoke_model.sign("GET", URL, region_name="us-east-1", credentials=credentials)
    with pytest.raises(TypeError, match="expected a str for `token`, not bytes"):
        invoke_model.sign("GET", URL, region_name="us-east-1", credentials=Credentials("a", "b", b"c"))


def test_an_invalid_expiry():
    with pytest.raises(ValueError, match="between 1 second and 7 days"):
        invoke_model.presign("GET", URL, expires_in=0, **KEYS)
    with pytest.raises(TypeError, match="expires_in: expected a number of seconds, not str"):
        invoke_model.presign("GET", URL, expires_in="60", **KEYS)


def test_without_region_and_credentials():
    code = "import invoke_model\ntry: invoke_model.sign('GET', 'https://h.example/')\nexcept Exception as e: print(type(e))"
    assert "NoRegionError" in run(code).stdout
    result = run(code, AWS_REGION="us-east-1")
    assert "CredentialRetrievalError" in result.stdout or "NoCredentialsError" in result.stdout, result

MANY = """
import sys, threading, invoke_model
sys.setswitchinterval(1e-6)
names = []
def sign():
    try:
        invoke_model.sign("GET", "https://h.example/", region_name="us-east-1")
    except Exception as error:
        names.append(type(error).__name__)
threads = [threading.Thread(target=sign) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(len(names), sorted(set(names)))
"""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"AWS_ACCESS_KEY_ID": "AKID"}, "8 ['PartialCredentialsError']"),
        ({"AWS_PROFILE": "missing"}, "8 ['ProfileNotFound']"),
    ],
)
def test_threads_without_credentials_get_exceptions(variables, expected):
    """The exceptions import botocore, which releases the global interpreter lock."""
    assert run(MANY, **variables).stdout.strip() == expected


def test_the_default_region_follows_the_environment(monkeypatch):
    for region in ("eu-west-1", "eu-west-3"):
        monkeypatch.setenv("AWS_REGION", region)
        keys = {"aws_access_key_id": "AKID", "aws_secret_access_key": "s"}
        assert f"/{region}/bedrock/" in invoke_model.sign("GET", URL, **keys)["Authorization"]
