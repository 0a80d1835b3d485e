"""What all pages have in common: templates of this package, escaped, and nothing left undefined."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment() -> Environment:
    """A new environment, for a page to put its filters into."""
    return Environment(
        loader=PackageLoader("service.exports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
