"""Downloads that are crafted ONNX files: what they hide, and what they do when they run."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from paintcam.encoders import onnx_trial
from paintcam.encoders.isolated import run_python
from paintcam.encoders.onnx_trial import check_clip_part
from paintcam.encoders.onnxfile import has_external_data, is_whole
from paintcam.errors import ModelError
from roboflow_stand_in import clip_files

FRAME = ["batch", 3, 224, 224]


def model(*nodes, weights=(), functions=(), kind=TensorProto.FLOAT, out=TensorProto.FLOAT) -> bytes:
    """Build a picture half from nodes between "input" and "output"."""
    graph = helper.make_graph(
        list(nodes),
        "visual",
        [helper.make_tensor_value_info("input", kind, FRAME)],
        [helper.make_tensor_value_info("output", out, None)],
        [numpy_helper.from_array(np.array(value), name) for name, value in weights],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    made = helper.make_model(graph, functions=functions, opset_imports=imports, ir_version=8)
    return bytes(made.SerializeToString())


def node(kind: str, inputs: str, output: str, **attributes):
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def mean(source: str, output: str = "output"):
    return node("ReduceMean", source, output, axes=[2, 3], keepdims=0)


def function_that_calls_itself() -> bytes:
    inner = helper.make_node("f", ["x"], ["y"], domain="own")
    own = helper.make_function("own", "f", ["x"], ["y"], [inner], [helper.make_opsetid("own", 1)])
    return model(node("f", "input", "output", domain="own"), functions=[own])


def loop_without_end() -> bytes:
    body = helper.make_graph(
        [node("Identity", "go", "again"), node("Identity", "i", "o")],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("o", TensorProto.INT64, []),
        ],
    )
    loop = node("Loop", "n yes", "all", body=body)
    return model(loop, mean("input"), weights=[("n", np.int64(2**62)), ("yes", True)])


def constant_of_a_terabyte() -> bytes:
    return model(
        node("ConstantOfShape", "shape", "huge"),
        node("ReduceSum", "huge", "sum", keepdims=0),
        node("Add", "input sum", "added"),
        mean("added"),
        weights=[("shape", np.array([1 << 38]))],
    )


def embedding_of_a_terabyte() -> bytes:
    return model(
        node("ReduceMean", "input", "one", axes=[2, 3], keepdims=0),
        node("Slice", "one zero first axis", "cut"),
        node("Expand", "cut shape", "output"),
        weights=[
            ("zero", np.array([0])),
            ("first", np.array([1])),
            ("axis", np.array([1])),
            ("shape", np.array([1, 1 << 38])),
        ],
    )


CRAFTED = {
    "calls itself": (function_that_calls_itself, "crashed|not a valid"),
    "constant of a terabyte": (constant_of_a_terabyte, "alloc|memory|crashed"),
    "embedding of a terabyte": (embedding_of_a_terabyte, "does not run"),
    "returns a picture": (lambda: model(node("Identity", "input", "output")), "unexpected"),
    "returns texts": (
        lambda: model(node("Cast", "input", "output", to=8), out=TensorProto.STRING),
        "unexpected",
    ),
    "takes texts": (
        lambda: model(node("Cast", "input", "c", to=1), mean("c"), kind=TensorProto.STRING),
        "unexpected",
    ),
    "NaN": (
        lambda: model(
            mean("input", "m"),
            node("Log", "minus", "nan"),
            node("Add", "m nan", "output"),
            weights=[("minus", np.float32(-1))],
        ),
        "not finite",
    ),
    "the other half": (lambda: clip_files()["textual.onnx"], "unexpected"),
    "unknown operator": (lambda: model(node("Evil\x1b[31m", "input", "output")), "not a valid"),
}


@pytest.mark.parametrize("name", CRAFTED)
def test_a_download_that_is_no_half_of_clip_is_refused(tmp_path, name):
    """It runs once, in a process with little memory, before it takes its place."""
    build, words = CRAFTED[name]
    path = tmp_path / "visual.onnx.part"
    path.write_bytes(build())
    with pytest.raises(ModelError, match=words) as refused:
        check_clip_part(path)
    assert "visual.onnx is not a valid CLIP model" in str(refused.value)
    assert len(str(refused.value)) < 600
    assert "\x1b" not in str(refused.value)


def test_a_download_that_never_ends_its_first_run_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_trial, "TRIAL_S", 4.0)
    path = tmp_path / "visual.onnx.part"
    path.write_bytes(loop_without_end())
    with pytest.raises(ModelError, match="did not open and run within 4 s"):
        check_clip_part(path)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="/proc")
def test_a_trial_takes_no_thread_for_each_core(tmp_path):
    """Their stacks and buffers count as memory: on a large machine, every model was refused."""
    path = tmp_path / "visual.onnx.part"
    path.write_bytes(clip_files()["visual.onnx"])
    count = "print(len(os.listdir('/proc/self/task')), file=sys.stderr)"
    watch, main = 1, 1
    ran = run_python(f"{onnx_trial.TRIAL_CODE};{count}", str(path), timeout_s=60)
    assert ran.stdout == b""
    assert int(ran.stderr) == main + watch
    session = onnx_trial._opened(path)
    assert session.get_session_options().intra_op_num_threads == 1


@pytest.mark.parametrize("file", ["visual.onnx", "textual.onnx"])
def test_both_halves_of_clip_are_accepted(tmp_path, file):
    path = tmp_path / f"{file}.part"
    path.write_bytes(clip_files()[file])
    check_clip_part(path)


def varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


@pytest.mark.parametrize("hidden", ["graph", "weights"])
def test_weights_outside_the_file_cannot_be_hidden_behind_an_impossible_field_number(
    tmp_path, hidden
):
    """ONNX Runtime drops the upper bits of a field's number, and would read the field."""
    made = onnx.load_from_string(clip_files()["visual.onnx"])
    weights = made.graph.initializer[0]
    weights.ClearField("raw_data")
    place = onnx.StringStringEntryProto(key="location", value="/etc/passwd").SerializeToString()

    def field(number: int, content: bytes) -> bytes:
        return varint(1 << 34 | number << 3 | 2) + varint(len(content)) + content

    if hidden == "weights":
        outside = varint(1 << 34 | 14 << 3) + b"\x01"
        tensor = weights.SerializeToString() + field(13, place) + outside
        made.graph.ClearField("initializer")
        graph = made.graph.SerializeToString() + varint(5 << 3 | 2) + varint(len(tensor)) + tensor
        made.ClearField("graph")
        content = made.SerializeToString() + varint(7 << 3 | 2) + varint(len(graph)) + graph
    else:
        weights.data_location = TensorProto.EXTERNAL
        weights.external_data.add(key="location", value="/etc/passwd")
        graph = made.graph.SerializeToString()
        made.ClearField("graph")
        content = made.SerializeToString() + b"\x3a\x00" + field(7, graph)
    path = tmp_path / "visual.onnx.part"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="impossible number"):
        has_external_data(path)
    with pytest.raises(ModelError, match="impossible number"):
        check_clip_part(path)


def test_a_file_of_millions_of_tiny_fields_does_not_delay_the_start(tmp_path):
    path = tmp_path / "visual.onnx"
    path.write_bytes(b"\x08\x01" * 20_000_000 + clip_files()["visual.onnx"])
    started = time.monotonic()
    assert not is_whole(path)
    assert time.monotonic() - started < 5
