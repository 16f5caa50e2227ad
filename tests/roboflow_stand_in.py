"""A stand-in of Roboflow's API on loopback, serving small weights in CLIP's shape, with faults."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np

DIM = 512


@cache
def clip_files(dim: int = DIM) -> dict[str, bytes]:
    """Two ONNX models with CLIP's inputs and outputs: 1.4 MB of fixed random numbers."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(7)

    def model(nodes, name, kind, shape, weights):
        graph = helper.make_graph(
            nodes,
            name,
            [helper.make_tensor_value_info("input", kind, shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", dim])],
            [numpy_helper.from_array(weights.astype(np.float32), "weights")],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        return model.SerializeToString()

    visual = model(
        [
            helper.make_node(
                "AveragePool", ["input"], ["pooled"], kernel_shape=[16, 16], strides=[16, 16]
            ),
            helper.make_node("Flatten", ["pooled"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["output"]),
        ],
        "visual",
        TensorProto.FLOAT,
        ["batch", 3, 224, 224],
        rng.normal(size=(3 * 14 * 14, dim)),
    )
    textual = model(
        [
            helper.make_node("Cast", ["input"], ["numbers"], to=TensorProto.FLOAT),
            helper.make_node("Sin", ["numbers"], ["waves"]),
            helper.make_node("MatMul", ["waves", "weights"], ["output"]),
        ],
        "textual",
        TensorProto.INT32,
        ["batch", 77],
        rng.normal(size=(77, dim)),
    )
    return {"visual.onnx": visual, "textual.onnx": textual}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing where a client hung up: some tests do."""


class RoboflowStandIn:
    """Serves `clip/ViT-B-16`; `faults` are used up one a download, in order.

    Faults: "cut" (half of what was asked for, then a closed connection), "hang" (half, then
    silence), "500", "403", "wrong-md5", "other-file" (an ONNX header and rubbish), "no-length",
    "no-range" (the whole file whatever was asked for), "changed" (another ETag, another file),
    "cut-no-etag" (as "cut", and never resumed), "one-byte" (a byte, then a closed connection),
    "drip" (a byte every tenth of a second). `headers` replace those of every download.
    """

    def __init__(self) -> None:
        self.files = dict(clip_files())
        self.faults: list[str] = []
        self.ranges: list[tuple[str, str]] = []
        self.weights_key = "weights"
        self.etag = '"one"'
        self.headers: dict[str, str] = {}
        self.file_url = ""
        self.released = threading.Event()
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                stand_in._answer(self)

            def do_HEAD(self):
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_args):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def downloads(self, file: str = "visual.onnx") -> list[str]:
        """The Range headers of a file's downloads, "" for none; questions for its length aside."""
        return [header for name, header in self.ranges if name == file]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        path = request.path.partition("?")[0]
        if path == "/core_model/clip/ViT-B-16":
            urls = {
                name.partition(".")[0]: (
                    self.file_url or f"{self.url}/signed/{{name}}?key=secret"
                ).replace("{name}", name)
                for name in self.files
            }
            self._send(request, 200, json.dumps({self.weights_key: urls}).encode())
        elif path.startswith("/signed/"):
            self._file(request, path.rpartition("/")[2])
        else:
            self._send(request, 404, b"{}")

    def _send(self, request, status, body, headers=()):
        request.send_response(status)
        request.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(body)

    def _file(self, request: BaseHTTPRequestHandler, name: str) -> None:
        body, header = self.files[name], request.headers.get("Range", "")
        if header == "bytes=0-0":
            self._send(request, 206, body[:1], [("Content-Range", f"bytes 0-0/{len(body)}")])
            return
        self.ranges.append((name, header))
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("500", "403"):
            self._send(request, int(fault), b"no")
            return
        if fault == "changed":
            self.etag = '"two"'
        if fault == "other-file":
            body = b"<html>" + bytes(len(body) - 6)
        digest = base64.b64encode(hashlib.md5(body).digest()).decode()
        if fault == "wrong-md5":
            digest = base64.b64encode(bytes(16)).decode()
        start = 0
        may_resume = request.headers.get("If-Range") == self.etag and fault != "no-range"
        if header and may_resume:
            start = int(header.removeprefix("bytes=").partition("-")[0])
        sent = body[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        headers = {
            "Content-Length": str(len(sent)),
            "ETag": self.etag,
            "x-goog-hash": f"crc32c=AAAAAA==,md5={digest}",
        } | self.headers
        if fault == "no-length":
            headers |= {"Connection": "close"}
            del headers["Content-Length"]
        if fault == "cut-no-etag":
            del headers["ETag"]
        for header, value in headers.items():
            request.send_header(header, value)
        request.end_headers()
        if fault in ("one-byte", "drip"):
            drops = 1 if fault == "one-byte" else 1000
            for place in range(drops):
                request.wfile.write(sent[place : place + 1])
                request.wfile.flush()
                if drops > 1 and self.released.wait(0.1):
                    break
            request.close_connection = True
            return
        if fault == "cut-no-etag":
            fault = "cut"
        if fault in ("cut", "hang"):
            request.wfile.write(sent[: len(sent) // 2])
            request.wfile.flush()
            if fault == "hang":
                self.released.wait(60)
            request.close_connection = True
            return
        request.wfile.write(sent)
        request.close_connection = fault == "no-length"
