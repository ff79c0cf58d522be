"""Configuration of Sphinx, which builds the site: ``make docs``.

Pages are Markdown, read as CommonMark; the API is read from docstrings. Links without a target are
errors. Neither the build nor the pages load anything from the network.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

import avrogen

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "avrogen"
author = "The avrogen developers"
release = avrogen.__version__

# The checkout is the source directory, so that links between pages work on GitHub as well.
root_doc = "docs/contents"
include_patterns = ["*.md", "benchmarks/*.md", "examples/*.md", "docs/**.md", "docs/**.rst"]
exclude_patterns = ["README.md", ".*", "build", "tests"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
suppress_warnings = [
    "misc.highlighting_failure",  # pages show broken JSON
    "ref.python",  # ``type`` in an annotation could be an attribute of that name
]

myst_heading_anchors = 6
myst_fence_as_directive = ["mermaid"]

autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
nitpicky = True
nitpick_ignore_regex = [("py:(class|exc|mod|obj)", ".*")]  # of other libraries, or not public

html_theme = "furo"
html_title = "avrogen"
html_extra_path = ["site", "../llms.txt"]  # site redirects from / to the first page
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False

# `make docs` installs it from npm. Without it, diagrams are shown as text.
_MERMAID = Path(__file__).parents[1] / ".venv/mermaid/package/dist"
if _MERMAID.is_dir():
    html_static_path = [str(_MERMAID)]
    html_js_files = [
        "mermaid.min.js",
        (
            None,
            {"body": "mermaid.initialize({startOnLoad: true, theme: 'neutral'})"},
        ),
    ]


class Mermaid(SphinxDirective):
    """A diagram that the browser draws."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the text as it is, for mermaid."""
        text = escape("\n".join(self.content))
        return [nodes.raw("", f'<pre class="mermaid">{text}</pre>', format="html")]


def setup(app: Sphinx) -> None:
    """Register the directive; Sphinx calls this."""
    app.add_directive("mermaid", Mermaid)
