"""How the cells of a workbook look: warm paper, dark ink, one red that grows with the presences."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from models.numbers import per_cent
from service.exports.wording import Language

_NO_BREAK = "\N{NO-BREAK SPACE}"
INK, FAINT, LINE, HOT = "#2B2B2B", "#6B6B6B", "#DAD5CA", "#B2182B"
_SHADES = ("#F4F1EA", "#EFCDC3", "#E5A497", "#D6756C", "#C5464A", "#B2182B")
"""From calm to hot, a shade for each level of a heat map."""
_WHITE_FROM_LEVEL = 3  # where dark figures would no longer be read
FONT = {"font_name": "Arial", "font_size": 10, "font_scheme": "none"}
"""Every computer has it, or one of the same measures, so that widths hold."""
_KINDS: Mapping[str, Mapping[str, Any]] = {
    "text": {"text_wrap": True, "align": "left", "indent": 1},
    "rank": {"num_format": "0", "align": "right"},
    "whole": {"num_format": "0", "align": "right"},
    "decimal": {"num_format": "[<0.095]0.00;0.0", "align": "right"},
    "share": {"align": "right"},
    "day": {"num_format": "yyyy-mm-dd", "align": "right"},
}
_IN_BRACKETS = {"num_format": '"("0")"'}
_THIN, _MEDIUM, _DOTTED = 1, 2, 4


class Styles:
    """The formats of one workbook, made when first asked for.

    Parameters
    ----------
    workbook
        What they belong to.
    language
        Which per cent are told in; a spreadsheet does by itself what else differs.
    """

    def __init__(self, workbook: Workbook, language: Language) -> None:
        self._workbook = workbook
        self._kinds = {**_KINDS, "share": {**_KINDS["share"], "num_format": _quoted(per_cent("0", language))}}
        self.headline = self._made(font_size=15, bold=True, valign="vcenter")
        self.note = self._made(font_size=9, font_color=FAINT, valign="vcenter")
        self.heading = cache(self._heading)
        self.place = self._made(font_size=12, bold=True, valign="vcenter")
        self.hour = self._made(font_size=7, font_color=FAINT, align="left")
        self.weekday = self._made(font_size=9, font_color=FAINT, align="right", valign="vcenter")
        self.cell = cache(self._cell)
        self.heat = cache(self._heat)

    def _heading(self, kind: str) -> Format:
        """The heading of a column whose cells are of a kind."""
        look = {"bold": True, "bg_color": _SHADES[0], "bottom": _MEDIUM, "bottom_color": HOT, "valign": "vcenter"}
        return self._made(**{**self._kinds[kind], **look, "text_wrap": True})

    def _cell(self, kind: str, *, strong: bool = False, faint: bool = False) -> Format:
        """A cell of a table, by what stands in it; strong if it is news, faint if it is uncertain."""
        look = {**self._kinds[kind], "bottom": _THIN, "bottom_color": LINE, "valign": "top", "bold": strong}
        if faint:
            look |= {"font_color": FAINT} | (_IN_BRACKETS if kind == "rank" else {})
        elif strong:
            look |= {"font_color": HOT}
        return self._made(**look)

    def _heat(self, level: int, edges: Collection[str], *, midnight: bool) -> Format:
        """A cell of a heat map: its shade, the frame round the hours to go, and a line where the day turns."""
        look: dict[str, Any] = {
            "bg_color": _SHADES[level],
            "font_color": "#FFFFFF" if level >= _WHITE_FROM_LEVEL else INK,
            "font_size": 8,
            "align": "center",
            "valign": "vcenter",
        }
        if midnight:
            look |= {"left": _DOTTED, "left_color": FAINT}
        for side in edges:
            look |= {side: _MEDIUM, f"{side}_color": INK}
        return self._made(**look)

    def _made(self, **look: Any) -> Format:
        return self._workbook.add_format({"font_color": INK, **look})


def _quoted(number_format: str) -> str:
    """A format whose no-break space is quoted: only plain spaces may stand there as they are (ECMA-376-1, 18.8.31)."""
    return number_format.replace(_NO_BREAK, f'"{_NO_BREAK}"')
