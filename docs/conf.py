"""How Sphinx builds the site."""

from __future__ import annotations

import re
from importlib.metadata import version as package_version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "clusteropt"
author = "The clusteropt authors"
project_copyright = "the clusteropt authors, Apache 2.0"
release = version = package_version("clusteropt")

extensions = ["myst_parser", "sphinx.ext.autodoc", "numpydoc"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "clusteropt"
html_show_sphinx = False

myst_heading_anchors = 3

add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False


def escape_bars(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Keep |x| in a docstring a pair of bars, which reStructuredText would take for a substitution."""
    lines[:] = [re.sub(r"\|(?=\S)", r"\\|", line) for line in lines]


def setup(app: Sphinx) -> None:
    """Connect the hook."""
    app.connect("autodoc-process-docstring", escape_bars)
