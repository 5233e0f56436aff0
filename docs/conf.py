"""Sphinx's configuration: `make docs` builds the documentation. Warnings are errors, and examples are run."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from mapping import write

project = "hvlib"
author = "The hvlib authors"
project_copyright = "2026, the hvlib authors"
release = importlib.metadata.version("hvlib-sdk")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.doctest"]
exclude_patterns = ["_build", "_generated"]
html_theme = "furo"
html_title = "hvlib"

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
myst_enable_extensions = ["colon_fence"]

doctest_test_doctest_blocks = ""  # The examples of docstrings run in their own module: make docs.
doctest_global_setup = "import hvlib"

write(Path(__file__).parent / "_generated")
