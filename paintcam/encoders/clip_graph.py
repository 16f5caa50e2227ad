"""Finds, in the graph of CLIP's picture half, what makes an embedding of every patch.

The last block mixes the values of all patches by attention. Without attention each value stays
where it is: taken through the block's output projection and through the graph's own head, it
becomes the embedding of one patch, in the space of the texts. Nodes are found by how they are
connected, never by their names, so that any exporter's graph of this architecture works.

Source: Zhou, Loy and Dai 2022 (MaskCLIP), section 3.2, https://arxiv.org/abs/2112.01071.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

__all__ = ["PATCHES", "patch_branch"]

PATCHES = "paintcam_patches"
"""The name of the added output, and the beginning of every name in its branch."""

_TRANSPARENT = ("Cast", "Identity")
_LAYOUT = ("Cast", "Identity", "Transpose", "Slice", "Dropout")


def patch_branch(graph: GraphProto) -> GraphProto | None:
    """Build the nodes that embed each patch, to be appended to the graph.

    Args:
        graph: Of CLIP's picture half: one input, one output. It is not changed.

    Returns:
        Nodes and the output `PATCHES`, float (N · L, D) for N pictures of L tokens, the class token
        first; None if the graph has another form.
    """
    if len(graph.input) < 1 or len(graph.output) != 1:
        return None
    return _Branch(graph).build()


class _Branch:
    def __init__(self, graph: GraphProto) -> None:
        self._graph = graph
        self._nodes = list(graph.node)
        self._maker = {name: node for node in self._nodes for name in node.output if name}
        constants = {tensor.name for tensor in graph.initializer}
        inputs = {entry.name for entry in graph.input} - constants
        self._dynamic = self._after(inputs)
        self._branch: list[NodeProto] = []

    def build(self) -> GraphProto | None:
        """Return the branch, or None if a step finds another form than expected."""
        from onnx import GraphProto, helper

        attention = self._attention()
        if attention is None:
            return None
        mixed = attention.output[0]
        joined = self._residual(mixed)
        select = self._class_token(mixed)
        if joined is None or select is None:
            return None
        end = self._stream_before(select.input[0])
        if end is None or joined.output[0] not in map(self._origin, end.input):
            return None  # the block's other half must follow, with a residual of its own
        after = self._after({mixed})
        projected = next(name for name in joined.input if name in after)
        # attention by nothing but itself leaves every value where it is
        value = self._clone({mixed: attention.input[1]}, projected)
        tokens = self._clone({end.output[0]: value}, select.input[0])
        if _attribute(select, "axis") == 0:
            tokens = self._add("Transpose", [tokens], perm=[1, 0, 2])
        rows = self._add("Flatten", [tokens], axis=2)
        last = self._clone({select.output[0]: rows}, self._graph.output[0].name)
        if any(attribute.HasField("g") for node in self._branch for attribute in node.attribute):
            return None
        kind = self._graph.output[0].type.tensor_type.elem_type
        self._branch.append(helper.make_node("Identity", [last], [PATCHES], name=PATCHES))
        output = helper.make_tensor_value_info(PATCHES, kind, None)
        return GraphProto(node=self._branch, output=[output])

    def _attention(self) -> NodeProto | None:
        """Find the product of the last softmax and the values."""
        weights = [node for node in self._nodes if node.op_type == "Softmax"]
        if not weights:
            return None
        reached = self._after({weights[-1].output[0]}, _TRANSPARENT + ("Dropout",))
        found = [
            node
            for node in self._nodes
            if node.op_type == "MatMul"
            and node.input[0] in reached
            and node.input[1] not in reached
        ]
        return found[0] if len(found) == 1 and found[0].input[1] in self._dynamic else None

    def _residual(self, mixed: str) -> NodeProto | None:
        """Find the first sum of what comes from the attention and what does not, biases aside."""
        after = self._after({mixed})
        for node in self._nodes:
            if node.op_type == "Add":
                ours = [name in after for name in node.input]
                if any(ours) and not all(ours) and all(one in self._dynamic for one in node.input):
                    return node
        return None

    def _class_token(self, mixed: str) -> NodeProto | None:
        """Find the last node that takes the first of all tokens."""
        after = self._after({mixed})
        found = None
        for node in self._nodes:
            if node.op_type == "Gather" and node.input[0] in after and self._is_zero(node.input[1]):
                source = self._maker.get(self._origin(node.input[0]))
                if source is not None and source.op_type != "Shape":
                    found = node
        return found if found is not None and _attribute(found, "axis") in (0, 1) else None

    def _stream_before(self, name: str) -> NodeProto | None:
        """Find the last sum of the residual stream."""
        node = self._maker.get(name)
        while node is not None and node.op_type in _LAYOUT:
            node = self._maker.get(node.input[0])
        if node is None or node.op_type != "Add":
            return None
        return node if all(one in self._dynamic for one in node.input) else None

    def _is_zero(self, name: str) -> bool:
        from onnx import numpy_helper

        tensors = [tensor for tensor in self._graph.initializer if tensor.name == name]
        node = self._maker.get(name)
        if node is not None and node.op_type == "Constant":
            tensors = [one.t for one in node.attribute if one.name == "value"]
            if any(one.name == "value_int" and one.i == 0 for one in node.attribute):
                return True
        return any(list(one.dims) == [] and not numpy_helper.to_array(one) for one in tensors)

    def _origin(self, name: str) -> str:
        while (node := self._maker.get(name)) is not None and node.op_type in _TRANSPARENT:
            name = node.input[0]
        return name

    def _after(self, names: set[str], through: Iterable[str] = ()) -> set[str]:
        """Return the tensors that depend on any of `names`, and these themselves."""
        reached = set(names)
        for node in self._nodes:
            if (not through or node.op_type in through) and reached.intersection(node.input):
                reached.update(filter(None, node.output))
        return reached

    def _clone(self, replaced: dict[str, str], end: str) -> str:
        """Copy every node between the replaced tensors and `end`; return the copy of `end`."""
        from onnx import NodeProto

        between, needed = self._after(set(replaced)), {end}
        copied = []
        for node in reversed(self._nodes):
            ours = between.intersection(node.input) and not set(replaced).intersection(node.output)
            if ours and needed.intersection(node.output):
                needed.update(node.input)
                copied.append(node)
        names = dict(replaced)
        for node in reversed(copied):
            copy = NodeProto()
            copy.CopyFrom(node)
            copy.name = f"{PATCHES}/{len(self._branch)}"
            names.update((name, f"{copy.name}/{name}") for name in node.output if name)
            copy.input[:] = [names.get(name, name) for name in node.input]
            copy.output[:] = [names.get(name, name) for name in node.output]
            self._branch.append(copy)
        return names.get(end, end)

    def _add(self, kind: str, inputs: list[str], **attributes: object) -> str:
        from onnx import helper

        name = f"{PATCHES}/{len(self._branch)}"
        self._branch.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name


def _attribute(node: NodeProto, name: str) -> int:
    return next((int(one.i) for one in node.attribute if one.name == name), 0)
