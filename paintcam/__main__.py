"""`python -m paintcam`."""

import os
import sys

# `python -m` puts the working folder first on the path: a json.py that lies there must not run
if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib would import much
    sys.path.append(sys.path.pop(0))

from paintcam.cli import main

if __name__ == "__main__":
    main()
