"""The published datamodel, which is not part of the project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

__all__ = ["Datamodel", "read_datamodel"]

Datamodel = dict[str, dict[str, Any]]
"""Classes by name."""

BESIDE = Path(__file__).parents[5] / "shared" / "xenapi-datamodel"
FOLDER = Path(os.environ.get("HVLIB_XENAPI_DATAMODEL", BESIDE))


def read_datamodel() -> Datamodel:
    """Read the datamodel; skip the test if it is absent."""
    if not FOLDER.is_dir():
        pytest.skip(f"the published datamodel is not at {FOLDER} (HVLIB_XENAPI_DATAMODEL says where it is)")
    return {model["name"]: model for model in json.loads((FOLDER / "xenapi.json").read_text())}
