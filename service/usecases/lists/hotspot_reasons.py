"""Why an entry is listed: the sentence of its best block, and what else its reader should know."""

from __future__ import annotations

from collections.abc import Sequence

from models.hotspots.hotspot import HotSpot
from models.numbers import per_cent, whole_per_cent
from models.reasons import block_text, hotspot_reason

_WELL_HEARD = 0.8
_FURTHER = {"sv": "Dessutom {}.", "en": "Also {}."}
_NEW = {
    "sv": "Det normala är känt från mindre än fyra veckor här.",
    "en": "What is normal here is known from less than four weeks.",
}
_COVERAGE = {
    "sv": "Sensorn hördes {} av perioden.",
    "en": "The sensor was heard for {} of the period.",
}


def entry_reason(
    best: HotSpot, further: Sequence[tuple[HotSpot, str]], *, warming_up: bool, coverage: float, language: str
) -> str:
    """A few sentences in Swedish (``sv``) or English (``en``); ``further`` are blocks with the names of their spaces.

    Examples
    --------
    >>> best = HotSpot(0, 0, "emerging", (3, 4, 5), 21, 1, 14, 2.13, 5, 4.2, 6.3e-5, True, 0, 0)
    >>> more = HotSpot(0, 1, "emerging", (6,), 18, 21, 5, 0.13, 2, 4.2, 6.3e-5, True, 0, 0)
    >>> print(entry_reason(best, [(more, "cellar")], warming_up=False, coverage=0.5, language="en"))
    14 presences where 2.1 are normal, on 5 different days: Thursday, Friday and Saturday 21–01; chance 1 in 16,000. \
Also Sunday 18–21 (cellar). The sensor was heard for 50% of the period.
    """
    sentences = [hotspot_reason(best, language)]
    if further:
        blocks = ", ".join(f"{block_text(block, language)} ({space})" for block, space in further)
        sentences.append(_FURTHER[language].format(blocks))
    if warming_up:
        sentences.append(_NEW[language])
    if coverage < _WELL_HEARD:
        sentences.append(_COVERAGE[language].format(per_cent(f"{whole_per_cent(coverage)}", language)))
    return " ".join(sentences)
