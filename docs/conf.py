"""How the pages are built."""

from xuchang_sim import __version__

project = "xuchang-sim"
author = "The xuchang-sim maintainers"
release = __version__
language = "en"

extensions = ["myst_parser", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_title = f"xuchang-sim {release}"
html_show_sourcelink = False
# A dozen pages on one level: all of them at the left, none in the header.
templates_path = html_static_path = ["_theme"]
html_css_files = ["pages.css"]
html_sidebars = {"**": ["pages.html"]}
html_theme_options = {
    "navbar_center": [],
    "show_prev_next": False,
    "secondary_sidebar_items": ["page-toc"],
    "pygments_light_style": "tango",
}
myst_heading_anchors = 3
myst_enable_extensions = ["amsmath", "dollarmath"]
numpydoc_show_class_members = False
