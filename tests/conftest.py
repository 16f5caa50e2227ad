"""Settings for all tests."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tests share their own modules
sys.path.append(str(Path(__file__).parents[1]))  # examples; an installed paintcam comes first

os.environ.setdefault("DISABLE_VERSION_CHECK", "True")
_CACHE = tempfile.TemporaryDirectory(prefix="paintcam-cache-")
os.environ["PAINTCAM_CACHE_DIR"] = _CACHE.name  # the user's own stays as it is

from clip_fixtures import clip_cache, clip_encoder, vit_cache  # noqa: E402, F401
