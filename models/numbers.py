"""Numbers as people are told them, on pages, in sentences and in letters; Swedish (``sv``), English (``en``)."""

from __future__ import annotations

_NO_BREAK = "\N{NO-BREAK SPACE}"
_ROUNDING_ERROR = 1e-9  # 0.29 times 100 is a little less than 29
_SWEDISH = str.maketrans({".": ",", ",": _NO_BREAK})


def in_language(number: str, language: str) -> str:
    """A number as Python writes it, with the signs of the language for decimals and thousands.

    Examples
    --------
    >>> in_language("12,345.6", "en"), in_language("12,345.6", "sv").replace("\N{NO-BREAK SPACE}", "~")
    ('12,345.6', '12~345,6')
    """
    return number.translate(_SWEDISH) if language == "sv" else number


def whole_number(number: int, language: str) -> str:
    """A number with its thousands apart."""
    return in_language(f"{number:,}", language)


def plain_number(value: float, language: str) -> str:
    """A number of presences with as many decimals as it is good for; little is not told as none.

    Examples
    --------
    >>> plain_number(2.13, "en"), plain_number(0.04, "sv"), plain_number(0.002, "en")
    ('2.1', '0,04', '0.01')
    """
    return in_language(f"{value:.1f}" if value >= 0.1 else f"{max(value, 0.01):.2f}", language)


def short_number(value: float, language: str, digits: int = 3) -> str:
    """A number to so many digits that matter; from a thousand on it is whole.

    Examples
    --------
    >>> short_number(0.0012345, "sv"), short_number(26.0, "en"), short_number(999.7, "en"), short_number(65535, "en")
    ('0,00123', '26', '1,000', '65,535')
    """
    told = f"{value:,.0f}" if abs(value) >= 1000 else f"{float(f'{value:.{digits}g}'):,.15g}"
    return in_language(told, language)


def whole_per_cent(share: float) -> int:
    """A share in whole per cent, rounded down lest 99.9 become all.

    Examples
    --------
    >>> whole_per_cent(0.999), whole_per_cent(0.29)
    (99, 29)
    """
    return int(100 * share + _ROUNDING_ERROR)


def per_cent(number: str, language: str) -> str:
    """A number of per cent, as Python writes it: Swedish has a space before the sign, English has none.

    Examples
    --------
    >>> per_cent("12.5", "en"), per_cent("12.5", "sv").replace("\N{NO-BREAK SPACE}", "~")
    ('12.5%', '12,5~%')
    """
    return f"{in_language(number, language)}{_NO_BREAK if language == 'sv' else ''}%"
