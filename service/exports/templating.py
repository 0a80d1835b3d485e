"""What all pages have in common: templates, escaped, the words for what lists hold, and nothing left undefined."""

from __future__ import annotations

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from service.exports import wording

_EXPORTS = "service.exports"


def page_environment(package: str = _EXPORTS) -> Environment:
    """A new environment over the templates of a package, and of this one, for a page to put its filters into."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(_EXPORTS)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "area": wording.area_text,
        "change": wording.change_text,
        "kind": wording.kind_text,
        "number": wording.number_text,
        "percent": wording.percent_text,
        "rank": wording.rank_text,
        "reason": wording.reason_text,
        "space": wording.space_text,
        "trend": wording.trend_text,
        "when": wording.when_text,
    }
    return environment
