"""A stand-in of Roboflow's Inference server on loopback, that can fail in every way."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing where a client hung up: some tests do."""


class InferenceStandIn:
    """Embeds anything as fixed random numbers; `fault` says how it fails until it is "".

    Faults: "500", "401", "404", "redirect", "hang" (no answer), "drip" (an answer of a byte every
    tenth of a second), "cut" (half an answer), "dimension" (768 numbers), "fewer" (a row less),
    "nan", "html", "empty", "huge" (an answer without end), "down" (no connection).
    """

    def __init__(self, port: int = 0) -> None:
        self.fault = ""
        self.requests: list[tuple[str, dict]] = []
        self.released = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                stand_in.requests.append((self.path, body))
                stand_in._answer(self, body)

            def log_message(self, *_args):
                pass

        self._server = _Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request, body) -> None:
        values = body.get("image") or body.get("text")
        fault = "500" if len(values) > 8 else self.fault  # as the real one
        if fault in ("500", "401", "404"):
            text = json.dumps({"message": f"failed for key {body.get('api_key')}\x1b[31m"})
            return self._send(request, int(fault), text.encode())
        if fault == "redirect":
            request.send_response(307)
            request.send_header("Location", f"{self.url}/elsewhere")
            request.end_headers()
            return None
        if fault == "hang":
            self.released.wait(60)
            return None
        dim = 768 if fault == "dimension" else 512
        rows = []
        for value in values:
            text = value if isinstance(value, str) else value["value"]
            seed = np.frombuffer(text.encode()[-400:], np.uint8).astype(np.uint64).sum()
            rows.append(np.random.default_rng(int(seed)).normal(size=dim).tolist())
        rows = rows[1:] if fault == "fewer" else rows
        content = json.dumps({"embeddings": rows, "time": 0.01}).encode()
        content = {
            "html": b"<html>captive portal</html>",
            "empty": b"",
            "nan": b'{"embeddings": [["a"]]}',
        }.get(fault, content)
        if fault in ("drip", "cut", "huge"):
            request.send_response(200)
            request.send_header("Content-Length", str(len(content) if fault != "huge" else 1 << 40))
            request.end_headers()
            if fault == "cut":
                request.wfile.write(content[: len(content) // 2])
            elif fault == "huge":
                while not self.released.is_set():
                    request.wfile.write(b" " * (1 << 20))
            else:
                for byte in content:
                    request.wfile.write(bytes([byte]))
                    request.wfile.flush()
                    if self.released.wait(0.1):
                        break
            return None
        return self._send(request, 200, content)

    def _send(self, request, status, content) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)
