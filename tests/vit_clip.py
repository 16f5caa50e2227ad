"""Write a small CLIP with random weights: the real architecture, exported as Roboflow exports it.

    python tests/vit_clip.py FOLDER [SEED]

Two layers a half, and everything else as in ViT-B/16: its graph has the same nodes.
"""

from __future__ import annotations

import sys
from pathlib import Path


def write(folder: Path, seed: int = 0) -> None:
    """Write visual.onnx and textual.onnx, 12 MB in all."""
    import torch
    from clip.model import CLIP

    torch.manual_seed(seed)
    model = CLIP(
        embed_dim=64,
        image_resolution=224,
        vision_layers=2,
        vision_width=128,
        vision_patch_size=16,
        context_length=77,
        vocab_size=49408,
        transformer_width=32,
        transformer_heads=2,
        transformer_layers=2,
    ).eval()

    class Half(torch.nn.Module):
        def __init__(self, encode):
            super().__init__()
            self.model, self.encode = model, encode

        def forward(self, x):
            return self.encode(x)

    folder.mkdir(parents=True, exist_ok=True)
    examples = {
        "visual": (model.encode_image, torch.randn(1, 3, 224, 224)),
        "textual": (model.encode_text, torch.zeros(1, 77, dtype=torch.int32)),
    }
    with torch.no_grad():
        for name, (encode, example) in examples.items():
            torch.onnx.export(
                Half(encode),
                (example,),
                str(folder / f"{name}.onnx"),
                input_names=["input"],
                output_names=["output"],
                dynamic_axes={"input": {0: "batch"}, "output": {0: "batch"}},
                opset_version=17,
                dynamo=False,
            )


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0)
