"""Answers as bytes: recorded from the endpoint, taken apart and put together, and given again by a server."""

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
from common import PATIENCE

# Of the connection, not of the answer.
HOP_BY_HOP = ("connection", "content-length", "date", "transfer-encoding")


def record(model_id, body):
    """The header fields and the body of a streamed answer of the endpoint."""
    endpoint = os.environ["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"]
    url = f"{endpoint}/model/{urllib.parse.quote(model_id, safe='')}/invoke-with-response-stream"
    request = AWSRequest("POST", url, {"content-type": "application/json"}, json.dumps(body).encode())
    keys = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "bedrock", os.environ["AWS_REGION"]).add_auth(request)
    request = urllib.request.Request(url, request.data, dict(request.headers))
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        fields = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP]
        return fields, answer.read()


def frames(body):
    """The messages of an event stream: each begins with its length."""
    found = []
    while body:
        [length] = struct.unpack_from(">I", body)
        found.append(body[:length])
        body = body[length:]
    return found


def frame(headers, payload):
    """A message with headers of text. https://smithy.io/2.0/aws/amazon-eventstream.html"""
    fields = b"".join(
        struct.pack(f">B{len(name)}sBH", len(name), name.encode(), 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(fields) + len(payload), len(fields))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + fields + payload
    return message + struct.pack(">I", zlib.crc32(message))


def part(message):
    """The bytes that a message has for a model's part of an answer."""
    length, fields = struct.unpack_from(">II", message)
    return base64.b64decode(json.loads(message[12 + fields : length - 4])["bytes"])


def spoiled(data, at):
    """The same with one bit turned."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def pieces(data, size):
    return [data[at : at + size] for at in range(0, len(data), size)]


def head(fields):
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields), "connection: close", "", ""]
    return "\r\n".join(lines).encode()


def chunked(fields, parts, is_whole=True):
    """An answer in chunks, as a list of what is written at once; the last chunk says that it is whole."""
    chunks = [b"%x\r\n%b\r\n" % (len(part), part) for part in parts]
    return [head([*fields, ("transfer-encoding", "chunked")]), *chunks, *[b"0\r\n\r\n"] * is_whole]


def measured(fields, length, parts):
    """An answer of a length that its head says."""
    return [head([*fields, ("content-length", length)]), *parts]


def unmeasured(fields, parts):
    """An answer that ends when the connection does."""
    return [head(fields), *parts]


class Replay(socketserver.ThreadingTCPServer):
    """Answers a request for a model with what `answers` has for its id, written as it is split there, and closes."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Exchange)
        self.answers = answers
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
            for data in self.server.answers[model_id]:
                self.connection.sendall(data)
            self.connection.shutdown(socket.SHUT_WR)
        except ConnectionError:
            pass  # the client has heard enough
