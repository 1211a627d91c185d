"""How the pages are built."""

from xuchang_sim import __version__

project = "xuchang-sim"
author = "The xuchang-sim maintainers"
release = __version__
language = "en"

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_show_sourcelink = False
myst_heading_anchors = 3
myst_enable_extensions = ["amsmath", "dollarmath"]
numpydoc_show_class_members = False
