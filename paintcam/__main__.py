"""`python -m paintcam`."""

import os
import sys

# `python -m` puts the working folder first on the path. It goes: a json.py there must not run, nor
# a module that is tried and usually not installed. A checkout run in place is imported already.
if sys.path and sys.path[0] in ("", os.getcwd()):  # noqa: PTH109 - pathlib would import much
    del sys.path[0]

from paintcam.cli import main

if __name__ == "__main__":
    main()
