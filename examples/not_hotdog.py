"""Hot dog or not: paintcam as a zero-shot classifier, with nothing trained.

    python examples/not_hotdog.py                      # the webcam, in a window
    python examples/not_hotdog.py --source lunch.mp4 --no-window
    python examples/not_hotdog.py --label cat --label dog --label "an empty table"

The same from the command line: paintcam --label "hot dog" --label "not hot dog".
"""

from __future__ import annotations

import argparse
import sys

from paintcam import (
    Live,
    Overlay,
    PaintcamError,
    Stage,
    Standing,
    Verdict,
    Window,
    load_encoder,
    make_judge,
    open_stream,
)

LABELS = ("hot dog", "not hot dog")


class Announcer:
    """Receives every verdict and prints the likeliest label when it changes."""

    def __init__(self) -> None:
        self.printed = ""
        self.counts: dict[str, int] = {}

    def state(self, state: str) -> None:
        """Ignore the state of the run."""

    def verdict(self, verdict: Verdict, standing: Standing) -> None:
        """Print the label if it changed. Called in the scorer's thread."""
        shares = verdict.labels or {}
        likeliest = max(shares, key=lambda label: shares[label])
        self.counts[likeliest] = self.counts.get(likeliest, 0) + 1
        if likeliest != self.printed:
            self.printed = likeliest
            print(f"{verdict.time_s:6.1f} s  {likeliest}! ({shares[likeliest]:.0%})", flush=True)

    def note(self, text: str) -> None:
        """Print a message for the user."""
        print(text, file=sys.stderr)


def main() -> int:
    """Parse the options and run."""
    parser = argparse.ArgumentParser(description="Hot dog or not.")
    parser.add_argument("--label", action="append", help="two or more; hot dog, not hot dog")
    parser.add_argument("--source", default="0", help="camera, file or URL; %(default)s")
    parser.add_argument("--model", default="auto", help="sketch, clip, auto; %(default)s")
    parser.add_argument("--no-window", action="store_true", help="only print")
    options = parser.parse_args()
    labels = tuple(options.label or LABELS)
    announcer = Announcer()
    try:
        source = open_stream(options.source)
        stage = Stage(
            prompt=" or ".join(labels) + "?",
            model=options.model,
            overlay=Overlay(),
            listener=announcer,
            window=None if options.no_window else Window(),
        )
        live = Live(
            source,
            lambda: make_judge(load_encoder(options.model), labels=labels),
            stage,
            hold=not source.live,  # a file waits for the model, a camera does not
        )
        live.run()
    except PaintcamError as error:
        print(error, file=sys.stderr)
        return 1
    for label, count in sorted(announcer.counts.items(), key=lambda row: -row[1]):
        print(f"{count:6} frames  {label}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
