"""The embedding of every patch: found in any exporter's graph, written once, never trusted."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from clip_fixtures import clip_environment, run
from paintcam.encoders import clip_patches, load_encoder
from paintcam.encoders.clip_graph import PATCHES, patch_branch
from paintcam.encoders.clip_patches import patches_file, patches_path, write_patches

WIDTH, HEADS, EDGE, STRIDE, LENGTH = 32, 2, 32, 8, 24
TOKENS = (EDGE // STRIDE) ** 2 + 1


class Writer:
    """Writes a small pre-LN transformer as ONNX, in the form of different exporters."""

    def __init__(self, qkv, layout, norm, head):
        self.qkv, self.layout, self.norm, self.head = qkv, layout, norm, head
        self.rng = np.random.default_rng(3)
        self.nodes, self.weights = [], {}

    def op(self, kind, *inputs, **attributes):
        name = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def weight(self, array):
        name = f"w{len(self.weights)}"
        self.weights[name] = np.asarray(array)
        return name

    def random(self, *shape):
        return self.weight((0.3 * self.rng.normal(size=shape)).astype(np.float32))

    def ints(self, *values):
        return self.weight(np.array(values, np.int64))

    def linear(self, x, size, out):
        if self.qkv == "gemm":  # an exporter that flattens
            flat = self.op("Reshape", x, self.ints(-1, size))
            flat = self.op("Gemm", flat, self.random(out, size), self.random(out), transB=1)
            first = (TOKENS, -1) if self.layout == "LND" else (-1, TOKENS)
            return self.op("Reshape", flat, self.ints(*first, out))
        return self.op("Add", self.random(out), self.op("MatMul", x, self.random(size, out)))

    def normed(self, x):
        scale, shift = self.random(WIDTH), self.random(WIDTH)
        if self.norm == "one node":
            return self.op("LayerNormalization", x, scale, shift, axis=-1)
        centred = self.op("Sub", x, self.op("ReduceMean", x, axes=[-1]))
        square = self.op("Pow", centred, self.weight(np.float32(2)))
        variance = self.op("ReduceMean", square, axes=[-1])
        variance = self.op("Add", variance, self.weight(np.float32(1e-5)))
        x = self.op("Div", centred, self.op("Sqrt", variance))
        return self.op("Add", self.op("Mul", x, scale), shift)

    def heads(self, x):
        """Return (N, heads, L, size)."""
        size = WIDTH // HEADS
        if self.layout == "LND":
            x = self.op("Reshape", x, self.ints(TOKENS, -1, HEADS, size))
            return self.op("Transpose", x, perm=[1, 2, 0, 3])
        x = self.op("Reshape", x, self.ints(-1, TOKENS, HEADS, size))
        return self.op("Transpose", x, perm=[0, 2, 1, 3])

    def attention(self, x, reference):
        if self.qkv == "three":
            parts = [self.linear(x, WIDTH, WIDTH) for _ in range(3)]
        else:
            whole = self.linear(x, WIDTH, 3 * WIDTH)
            names = [f"{whole}q", f"{whole}k", f"{whole}v"]
            self.nodes.append(
                helper.make_node("Split", [whole, self.ints(*[WIDTH] * 3)], names, axis=-1)
            )
            parts = names
        queries, keys, values = map(self.heads, parts)
        keys = self.op("Transpose", keys, perm=[0, 1, 3, 2])
        weights = self.op("Softmax", self.op("MatMul", queries, keys), axis=-1)
        # the reference: every token sees itself alone
        mixed = values if reference else self.op("MatMul", weights, values)
        flat = self.layout == "LND"
        mixed = self.op("Transpose", mixed, perm=[2, 0, 1, 3] if flat else [0, 2, 1, 3])
        mixed = self.op(
            "Reshape", mixed, self.ints(*((TOKENS, -1) if flat else (-1, TOKENS)), WIDTH)
        )
        return self.linear(mixed, WIDTH, WIDTH)

    def block(self, x, reference=False):
        attended = self.attention(self.normed(x), reference)
        x = self.op("Add", x, attended)
        hidden = self.op("Sigmoid", self.linear(self.normed(x), WIDTH, 2 * WIDTH))
        x = self.op("Add", self.linear(hidden, 2 * WIDTH, WIDTH), x)
        return attended if reference else x

    def model(self, reference=False):
        x = self.random(WIDTH, 3, STRIDE, STRIDE)
        x = self.op("Conv", "input", x, strides=[STRIDE, STRIDE])
        x = self.op("Transpose", self.op("Reshape", x, self.ints(0, 0, -1)), perm=[0, 2, 1])
        count = self.op("Slice", self.op("Shape", x), self.ints(0), self.ints(1))
        shape = self.op("Concat", count, self.ints(1, WIDTH), axis=0)
        token = self.op("Expand", self.random(1, 1, WIDTH), shape)
        x = self.op("Add", self.op("Concat", token, x, axis=1), self.random(1, TOKENS, WIDTH))
        x = self.normed(x)
        if self.layout == "LND":
            x = self.op("Transpose", x, perm=[1, 0, 2])
        x = self.block(self.block(x), reference)
        tokens_first = self.layout == "LND"
        if tokens_first and (reference or self.head != "gather first"):
            x, tokens_first = self.op("Transpose", x, perm=[1, 0, 2]), False
        first = self.weight(np.array(0, np.int64))
        if reference:
            x = self.op("Reshape", x, self.ints(-1, WIDTH))
        else:
            x = self.op("Gather", x, first, axis=0 if tokens_first else 1)
        x = self.normed(x)
        if self.head == "gemm":
            x = self.op("Gemm", x, self.random(LENGTH, WIDTH), self.random(LENGTH), transB=1)
        else:
            x = self.op("MatMul", x, self.random(WIDTH, LENGTH))
        self.nodes.append(helper.make_node("Identity", [x], ["output"]))
        graph = helper.make_graph(
            self.nodes,
            "visual",
            [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["N", 3, EDGE, EDGE])],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["N", LENGTH])],
            [numpy_helper.from_array(array, name) for name, array in self.weights.items()],
        )
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


FORMS = [
    ("one", "LND", "one node", "matmul"),  # torch 2, opset 17
    ("gemm", "LND", "parts", "gather first"),  # torch 1, opset 14
    ("three", "NLD", "parts", "gemm"),
    ("three", "NLD", "one node", "matmul"),  # as Hugging Face's
    ("gemm", "NLD", "one node", "gemm"),
    ("one", "LND", "parts", "gather first"),
]


def written(folder, form):
    path = folder / "visual.onnx"
    onnx.save(Writer(*form).model(), path)
    return path


def ran(path, pixels):
    model = path.read_bytes() if hasattr(path, "read_bytes") else path.SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": pixels})


def some_pixels(count=2, edge=EDGE):
    return np.random.default_rng(1).normal(size=(count, 3, edge, edge)).astype(np.float32)


@pytest.mark.parametrize("form", FORMS, ids=" · ".join)
def test_each_patch_is_embedded_alone_whatever_form_the_graph_has(tmp_path, form):
    path, pixels = written(tmp_path, form), some_pixels()
    assert write_patches(path) == ""
    embeddings, patches = ran(patches_file(path), pixels)
    assert np.array_equal(embeddings, ran(path, pixels)[0])
    assert patches.shape == (2 * TOKENS, LENGTH)
    (expected,) = ran(Writer(*form).model(reference=True), pixels)
    assert patches == pytest.approx(expected, abs=1e-5)
    assert np.abs(patches[1] - patches[2]).max() > 0.01


def test_clips_own_architecture_gives_the_values_of_its_last_block(vit_cache, tmp_path):
    """Compared with what torch computes from the same weights, by the paper's formula."""
    shutil.copy(vit_cache.folder / "visual.onnx", tmp_path)
    assert write_patches(tmp_path / "visual.onnx") == ""
    code = """
import sys
import numpy as np, torch
from pathlib import Path
import vit_clip
from torch.nn.functional import linear
kept = []
original = torch.onnx.export
torch.onnx.export = lambda half, *_more, **_options: kept.append(half)
vit_clip.write(Path(sys.argv[1]))
model = kept[0].model.visual
pixels = torch.from_numpy(np.load(sys.argv[2]))
seen = []
block = model.transformer.resblocks[-1]
block.ln_1.register_forward_hook(lambda _m, _i, out: seen.append(out))
with torch.no_grad():
    model(pixels)
    normed, attention = seen[0], block.attn
    size = attention.embed_dim
    values = linear(normed, attention.in_proj_weight[-size:], attention.in_proj_bias[-size:])
    rows = model.ln_post(attention.out_proj(values).permute(1, 0, 2)) @ model.proj
np.save(sys.argv[3], rows.numpy())
"""
    pixels = some_pixels(edge=224)
    np.save(tmp_path / "pixels.npy", pixels)
    places = [str(tmp_path / name) for name in ("other", "pixels.npy", "rows.npy")]
    tests = str(Path(__file__).parent)
    done = run(["-c", code, *places], dict(os.environ, PYTHONPATH=tests))
    assert done.returncode == 0, done.stderr
    _, patches = ran(patches_file(tmp_path / "visual.onnx"), pixels)
    expected = np.load(tmp_path / "rows.npy").reshape(-1, 64)
    assert patches == pytest.approx(expected, abs=1e-4)


def no_softmax(model):
    for node in model.graph.node:
        node.op_type = node.op_type.replace("Softmax", "Sigmoid")
        if node.op_type == "Sigmoid":
            del node.attribute[:]


def other_token(model):
    for tensor in model.graph.initializer:
        if not tensor.dims and not numpy_helper.to_array(tensor):
            tensor.CopyFrom(numpy_helper.from_array(np.array(1, np.int64), tensor.name))


@pytest.mark.parametrize("changed", [no_softmax, other_token])
def test_a_graph_of_another_form_has_no_patches(tmp_path, changed):
    model = Writer(*FORMS[0]).model()
    assert patch_branch(model.graph) is not None
    changed(model)
    assert patch_branch(model.graph) is None
    onnx.save(model, tmp_path / "visual.onnx")
    assert write_patches(tmp_path / "visual.onnx") == "its graph has another form"
    assert [path.name for path in tmp_path.iterdir()] == ["visual.onnx"]


def test_a_resnets_graph_has_no_patches(clip_cache):
    assert write_patches(clip_cache.folder / "visual.onnx") == "its graph has another form"


def test_the_file_of_other_weights_is_not_used(tmp_path):
    path = written(tmp_path, FORMS[0])
    assert write_patches(path) == ""
    whole = patches_path(path).read_bytes()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert patches_file(path) is None
    assert write_patches(path) == ""  # written again
    assert patches_file(path) == patches_path(path)
    assert patches_path(path).read_bytes() != whole


@pytest.mark.parametrize("fault", ["cut", "plain", "empty", "folder", "fifo", "long"])
def test_a_damaged_file_is_not_used(tmp_path, fault):
    path = written(tmp_path, FORMS[0])
    assert write_patches(path) == ""
    beside = patches_path(path)
    whole = beside.read_bytes()
    beside.unlink()
    if fault == "folder":
        beside.mkdir()
    elif fault == "fifo":
        os.mkfifo(beside)
    else:
        long = onnx.ModelProto(doc_string="x" * (2 << 20)).SerializeToString()
        contents = {
            "cut": whole[:-40],
            "plain": path.read_bytes(),
            "empty": b"",
            "long": whole + long,
        }
        beside.write_bytes(contents[fault])
    assert patches_file(path) is None


def test_without_the_package_onnx_the_reason_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(clip_patches, "CODE", "sys.modules['onnx'] = None;" + clip_patches.CODE)
    reason = write_patches(written(tmp_path, FORMS[0]))
    assert "the package onnx is missing" in reason
    assert "pip install onnx" in reason


def test_a_process_that_is_killed_is_a_reason(tmp_path, monkeypatch):
    monkeypatch.setattr(clip_patches, "CODE", "import os; os.kill(os.getpid(), 9)")
    reason = write_patches(written(tmp_path, FORMS[0]))
    assert reason == (
        "the process that adds it ended with code -9, the system may have run out of memory"
    )


def test_a_cache_that_cannot_be_written_is_a_reason(tmp_path):
    path = written(tmp_path, FORMS[0])
    (tmp_path / "visual-patches.onnx.part").mkdir()
    assert "is a folder instead of a file" in write_patches(path)


@pytest.fixture
def cache(vit_cache, tmp_path, monkeypatch):
    root = tmp_path / "cache"
    shutil.copytree(vit_cache.root, root)
    for name, value in clip_environment(root, "http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    return root


def test_pull_writes_it_and_a_run_opens_it_alone(cache, monkeypatch):
    env = clip_environment(cache, "http://127.0.0.1:9")
    pulled = run(["-m", "paintcam", "models", "pull", "clip"], env)
    assert pulled.returncode == 0, pulled.stderr
    (visual,) = cache.glob("*clip*/visual.onnx")
    assert patches_file(visual) is not None
    before = load_encoder("clip")  # the embeddings and their fingerprint stay
    assert before.info.patch_grid == 14
    opened = []
    from paintcam.encoders import clip_session

    plain = clip_session.open_session
    monkeypatch.setattr(
        clip_session,
        "open_session",
        lambda path, *more, **named: opened.append(path.name) or plain(path, *more, **named),
    )
    load_encoder("clip")
    assert opened == ["textual.onnx", "visual-patches.onnx"]
    patches_path(visual).unlink()
    after = load_encoder("clip")
    assert (after.info.patch_grid, after.info.fingerprint) == (0, before.info.fingerprint)
    images = [np.random.default_rng(k).integers(0, 256, (90, 120, 3), np.uint8) for k in range(3)]
    embeddings, patches = before.encode_patches(images)
    assert np.array_equal(before.encode_image(images), after.encode_image(images))
    assert np.abs(embeddings - after.encode_image(images)).max() < 1e-6
    assert patches.shape == (3, 196, 64)
    assert np.linalg.norm(patches, axis=2) == pytest.approx(1, abs=1e-5)


def test_a_file_that_does_not_open_is_replaced_by_the_plain_one_with_a_note(cache):
    (visual,) = cache.glob("*clip*/visual.onnx")
    assert write_patches(visual) == ""
    beside = patches_path(visual)
    data = beside.read_bytes()
    at = data.rindex(b"Flatten")
    beside.write_bytes(data[:at] + b"Flottem" + data[at + 7 :])
    encoder = load_encoder("clip", apart=True)
    assert encoder.info.patch_grid == 0
    assert "visual-patches.onnx is damaged" in encoder.info.notes[0]
    assert "paintcam models pull clip:ViT-B-16" in encoder.info.notes[0]
    assert encoder.encode_image([np.zeros((9, 9, 3), np.uint8)]).shape == (1, 64)
    encoder.close()


def test_patches_come_through_the_process_apart(cache):
    (visual,) = cache.glob("*clip*/visual.onnx")
    assert write_patches(visual) == ""
    apart, here = load_encoder("clip", apart=True), load_encoder("clip")
    image = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    assert apart.info.patch_grid == 14
    for theirs, ours in zip(
        apart.encode_patches([image]), here.encode_patches([image]), strict=True
    ):
        assert theirs == pytest.approx(ours, abs=1e-5)
    apart.close()


def test_the_added_part_is_small_and_has_one_name():
    branch = patch_branch(Writer(*FORMS[1]).model().graph)
    assert len(branch.SerializeToString()) < 20_000
    assert all(node.name.startswith(PATCHES) for node in branch.node)
    assert not branch.initializer
