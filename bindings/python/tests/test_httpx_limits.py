"""Redirects, timeouts and rejected credentials of the transports and signatures for `httpx` and `httpx2`."""

import socket
import struct
import threading

import pytest
from test_httpx import modules  # noqa: F401


class Peer:
    """A server that ends each connection in its own way after it has received a request."""

    def __init__(self, end):
        self.end = end
        self.socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                self.end(connection)

    def __enter__(self):
        return f"http://127.0.0.1:{self.socket.getsockname()[1]}/"

    def __exit__(self, *_):
        self.socket.close()


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def half(connection):
    connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")


@pytest.mark.parametrize("end", [lambda connection: None, reset, half], ids=["close", "reset", "half"])
def test_a_lost_connection_raises_the_exception_of_the_http_client(modules, end):  # noqa: F811
    module, ours = modules
    found = []
    with Peer(end) as url:
        for transport in (None, ours.Transport()):
            with module.Client(transport=transport) as client, pytest.raises(module.TransportError) as caught:
                client.get(url)
            found.append(type(caught.value))
    assert found[0] is found[1]
    assert found[0] is (module.ReadError if end is reset else module.RemoteProtocolError)


@pytest.mark.parametrize("timeout", [-1, float("nan")])
@pytest.mark.parametrize("name", ["connect", "read"])
def test_an_invalid_timeout(modules, name, timeout):  # noqa: F811
    module, ours = modules
    timeouts = module.Timeout(5, **{name: timeout})
    with module.Client(transport=ours.Transport(), timeout=timeouts) as client:
        with pytest.raises(ValueError, match=f"^timeout: {name}: expected at least 0 seconds, not "):
            client.get("http://127.0.0.1:1/")


def test_no_timeout_disables_the_connect_timeout():
    """The transport of the Rust client gives up a handshake after 10 seconds."""
    module, ours = pytest.importorskip("httpx"), pytest.importorskip("invoke_model.httpx")
    gave_up, errors = threading.Event(), []

    def wait_for_the_end(connection):
        while connection.recv(65536):
            pass
        gave_up.set()

    def get():
        with module.Client(transport=ours.Transport(), timeout=None) as client:
            try:
                client.get(url)
            except module.ConnectError as error:
                errors.append(error)

    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"https://127.0.0.1:{server.getsockname()[1]}/"
        thread = threading.Thread(target=get)
        thread.start()
        connection, _ = server.accept()
        threading.Thread(target=wait_for_the_end, args=(connection,)).start()
        assert not gave_up.wait(11)
        connection.shutdown(socket.SHUT_RDWR)
        thread.join()
        connection.close()
    assert len(errors) == 1
