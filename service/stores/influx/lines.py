"""Line protocol, as far as it is written here."""

from __future__ import annotations

from collections.abc import Mapping

_TAG = str.maketrans({",": "\\,", "=": "\\=", " ": "\\ "})
_TEXT = str.maketrans({'"': '\\"', "\\": "\\\\"})


def key(measurement: str, tags: Mapping[str, str]) -> str:
    """Measurement and tags of a point, sorted as InfluxDB wants them.

    Examples
    --------
    >>> print(key("presence", {"stairwell": "Storgatan 2, B", "space": "attic"}))
    presence,space=attic,stairwell=Storgatan\\ 2\\,\\ B
    """
    return ",".join([measurement, *(f"{name}={tags[name].translate(_TAG)}" for name in sorted(tags))])


def text(value: str) -> str:
    """A text field's value.

    Examples
    --------
    >>> print(text('a "b"'))
    "a \\"b\\""
    """
    return f'"{value.translate(_TEXT)}"'
