"""A server that stores requests as they arrive, and sends given responses."""

import base64
import socketserver
import threading


class Server(socketserver.ThreadingTCPServer):
    """Stores the last request, and sends the byte strings that `respond` returns, each in a separate write."""

    daemon_threads = True
    request = None

    def __init__(self, respond):
        super().__init__(("127.0.0.1", 0), Connection)
        self.respond = respond
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return "http://{}:{}".format(*self.server_address)


class Connection(socketserver.StreamRequestHandler):
    """Reads the requests of a connection. Uses no HTTP library, because a library could normalize the requests."""

    disable_nagle_algorithm = True

    def handle(self):
        while line := self.rfile.readline():
            # If the request cannot be parsed, `capture` in `wire.py` reads this value.
            self.server.request = {"error": f"malformed request {line}"}
            self.server.request = self.rest(line)
            for data in self.server.respond(self.server.request):
                self.wfile.write(data)

    def rest(self, line):
        method, target, _version = line.decode("ascii").split(" ")
        headers = {}
        name = None
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            text = line.decode("utf-8").removesuffix("\r\n")
            if text[0] in " \t":  # a folded line continues the previous one
                headers[name][-1] += "\r\n" + text
                continue
            name, _, value = text.partition(":")
            name = name.lower()
            # The space after the colon is not part of the value.
            headers.setdefault(name, []).append(value.removeprefix(" "))
        body = self.rfile.read(int(headers.get("content-length", ["0"])[0]))
        return {
            "method": method,
            "target": target,
            "headers": headers,
            "body": base64.b64encode(body).decode("ascii"),
        }
