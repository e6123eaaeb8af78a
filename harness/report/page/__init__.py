"""Records and what was judged of them -> the report: one HTML file that works offline, and Markdown with its figures. Reads nothing."""

from harness.report.page.content import Material
from harness.report.page.render import html, markdown, write

__all__ = ["Material", "html", "markdown", "write"]
