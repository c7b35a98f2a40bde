"""What makes the documents that are never written by hand: `python -m docs.build`, which `make docs` runs.

It lives beside what it makes, and outside of the layer: nothing here goes to Lambda, so pydantic models of the answers
cost no start-up. Requests come from the functions' own models, routes from template.yaml, problem codes from the
layer's catalogue; `routes`, `answers` and `events` say what no code says.
"""

import sys
from pathlib import Path

_LAYER = str(Path(__file__).parents[2] / "layers" / "core")
if _LAYER not in sys.path:
    sys.path.insert(0, _LAYER)  # as Lambda has it under /opt/python
