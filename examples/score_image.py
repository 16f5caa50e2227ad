"""Score one picture against a prompt, with an encoder and a judge.

    python examples/score_image.py drawing.jpg --prompt "a cat driving a tractor"

A phone's photo, a scan or a drawing program's PNG will do.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from paintcam import PaintcamError, load_encoder, make_judge, read_picture


def main() -> int:
    """Parse the options, score the picture, print the verdict."""
    parser = argparse.ArgumentParser(description="Score one picture against a prompt.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--prompt", required=True, help="what the picture should show")
    parser.add_argument("--model", default="sketch", help="sketch, clip, auto; %(default)s")
    options = parser.parse_args()
    try:
        judge = make_judge(load_encoder(options.model), options.prompt, pictures="stills")
        verdicts = judge.judge([read_picture(options.picture)])
    except PaintcamError as error:  # the message includes the fix
        print(error, file=sys.stderr)
        return 1
    for verdict in verdicts:  # empty if the encoder returned no usable embedding
        print(f"{verdict.score:5.1f} of 100  (similarity {verdict.similarity:.3f})")
        for flag in verdict.flags:
            print(f"       {flag}")
    return 0 if verdicts else 1


if __name__ == "__main__":
    sys.exit(main())
