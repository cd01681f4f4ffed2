"""Starts a Redis or Valkey server, for the tests and the figures."""

import contextlib
import shutil
import socket
import subprocess
import time


def program():
    """Returns the path of a server, or `None` if none is installed."""
    return shutil.which("valkey-server") or shutil.which("redis-server")


@contextlib.contextmanager
def running(folder):
    """Starts a server in a folder, and yields its URL."""
    path = folder / "socket"
    settings = ["--port", "0", "--unixsocket", str(path), "--save", "", "--dir", str(folder)]
    process = subprocess.Popen([program(), *settings], stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 50
        while not _is_ready(path):
            assert process.poll() is None and time.monotonic() < deadline
        yield f"redis+unix://{path}"
    finally:
        process.kill()
        process.wait()


def _is_ready(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            return client.recv(7) == b"+PONG\r\n"
        except OSError:
            return False
