"""Start Roboflow's Inference server without Docker, on this machine alone.

    pip install 'inference[http]'
    python examples/inference_server.py --port 9001
    paintcam --model server:http://127.0.0.1:9001 --prompt "a red fox"

With `--models DIR` it serves weights that are installed already: the folder that
`paintcam models` shows, or another MODEL_CACHE_DIR. It needs about 2.3 GB of memory.

The server has no authentication, and workflows sent to it may run Python unless
ALLOW_CUSTOM_PYTHON_EXECUTION_IN_WORKFLOWS=False, as set here. Bind it to another address in a
private network only.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path


def main() -> None:
    """Read the options and serve until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Start an Inference server without Docker.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--models", type=Path, help="weights that are installed: MODEL_CACHE_DIR")
    options = parser.parse_args()
    settings = {"USE_INFERENCE_MODELS": "False", "DISABLE_VERSION_CHECK": "True"}
    settings |= {"ALLOW_CUSTOM_PYTHON_EXECUTION_IN_WORKFLOWS": "False", "METRICS_ENABLED": "False"}
    if options.models:
        settings |= {"MODEL_CACHE_DIR": str(options.models.resolve()), "OFFLINE_MODE": "true"}
    os.environ.update(settings)
    with tempfile.TemporaryDirectory() as folder:
        # the server looks for its landing page in the working folder
        for page in ("static", "_next/static"):
            (Path(folder) / "inference" / "landing" / "out" / page).mkdir(parents=True)
        os.chdir(folder)

        import uvicorn
        from inference.core.interfaces.http.http_api import HttpInterface
        from inference.core.managers.base import ModelManager
        from inference.core.registries.roboflow import RoboflowModelRegistry
        from inference.models.utils import ROBOFLOW_MODEL_TYPES

        manager = ModelManager(model_registry=RoboflowModelRegistry(ROBOFLOW_MODEL_TYPES))
        server = HttpInterface(manager)
        uvicorn.run(server.app, host=options.host, port=options.port, log_level="warning")


if __name__ == "__main__":
    main()
