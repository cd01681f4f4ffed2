"""Records, edits and replays HTTP responses as bytes."""

import base64
import json
import os
import socket
import socketserver
import struct
import threading
import urllib.parse
import urllib.request
import zlib

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from common import TIMEOUT

# Headers that are not replayed, because they describe the recorded connection.
HOP_BY_HOP = ("connection", "content-length", "date", "transfer-encoding")


def record(model_id, body):
    """Sends a streaming request to the endpoint and returns the headers and the body of the response."""
    endpoint = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    url = f"{endpoint}/model/{urllib.parse.quote(model_id, safe='')}/invoke-with-response-stream"
    request = AWSRequest("POST", url, {"content-type": "application/json"}, json.dumps(body).encode())
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "bedrock", os.environ["AWS_REGION"]).add_auth(request)
    request = urllib.request.Request(url, request.data, dict(request.headers))
    with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
        headers = [(name, value) for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP]
        return headers, response.read()


def frames(body):
    """Splits an event stream into messages. Each message starts with its length."""
    found = []
    while body:
        [length] = struct.unpack_from(">I", body)
        found.append(body[:length])
        body = body[length:]
    return found


def frame(headers, payload):
    """Returns a message with text headers. https://smithy.io/2.0/aws/amazon-eventstream.html"""
    block = b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


def part(message):
    """Returns the decoded `bytes` member of a chunk event."""
    length, headers = struct.unpack_from(">II", message)
    return base64.b64decode(json.loads(message[12 + headers : length - 4])["bytes"])


def flip_bit(data, at):
    """Returns the data with one bit flipped."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def head(headers):
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in headers), "connection: close", "", ""]
    return "\r\n".join(lines).encode()


def chunked(headers, parts, is_complete=True):
    """Returns a chunked response, as one byte string for each write.

    If `is_complete` is false, the last chunk is missing.
    """
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts]
    return [head([*headers, ("transfer-encoding", "chunked")]), *chunks, *[b"0\r\n\r\n"] * is_complete]


def with_length(headers, length, parts):
    """Returns a response with Content-Length, as one byte string for each write."""
    return [head([*headers, ("content-length", length)]), *parts]


def without_length(headers, parts):
    """Returns a response whose body ends when the connection closes, as one byte string for each write."""
    return [head(headers), *parts]


class Replay(socketserver.ThreadingTCPServer):
    """A server that sends the recorded response for the model id of a request, then closes the connection."""

    daemon_threads = True

    def __init__(self, responses):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.responses = responses
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://{}:{}".format(*self.server_address)


class Exchange(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        target = self.rfile.readline().split(b" ")[1].decode()
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        self.rfile.read(length)
        model_id = urllib.parse.unquote(target.split("/")[2])
        try:
            for data in self.server.responses[model_id]:
                self.connection.sendall(data)
            self.connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # the client has closed the connection
