"""Settings for all tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # tests share their own modules
sys.path.append(str(Path(__file__).parents[1]))  # examples; an installed paintcam comes first

os.environ.setdefault("DISABLE_VERSION_CHECK", "True")

from clip_fixtures import clip_cache, clip_encoder, vit_cache  # noqa: F401
