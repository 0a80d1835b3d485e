"""What all pages have in common: templates of a package, escaped, and nothing left undefined."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment(package: str = "service.exports") -> Environment:
    """A new environment over the templates of a package, for a page to put its filters into."""
    return Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
