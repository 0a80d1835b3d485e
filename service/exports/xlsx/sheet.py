"""One sheet of a workbook: its first lines, how it prints, and the one way that text gets into a cell."""

from __future__ import annotations

from datetime import datetime

from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook

from service.domain.hotspots import HotspotList
from service.exports.inert import inert
from service.exports.summary import headline, is_joint, local_time, notes
from service.exports.wording import Language
from service.exports.xlsx.styles import Styles

FIRST_ROW = 2
"""Below the headline and the notes."""
_A4 = 9
_MARGINS_INCHES = {"left": 0.4, "right": 0.4, "top": 0.5, "bottom": 0.6}
_FOOTER = {"sv": "&L&9{}&R&9Sida &P av &N", "en": "&L&9{}&R&9Page &P of &N"}


class Sheet:
    """A sheet with the list's headline and notes on it, set up for A4 in landscape.

    Parameters
    ----------
    workbook, name
        Where it is made, and what it is called.
    styles
        Of the workbook.
    listed, language
        What it tells, and in what words.
    draft
        Whether nobody has approved it yet.
    """

    def __init__(
        self,
        workbook: Workbook,
        name: str,
        *,
        styles: Styles,
        listed: HotspotList,
        language: Language,
        draft: bool,
    ) -> None:
        self.styles, self.listed, self.language = styles, listed, language
        self.page = workbook.add_worksheet(name)
        self.page.hide_gridlines(2)
        self.page.set_landscape()
        self.page.set_paper(_A4)
        self.page.set_margins(**_MARGINS_INCHES)
        self.page.set_footer(_FOOTER[language].format(f"Trappvakt {listed.list_id}".replace("&", "&&")))
        self.page.set_row(0, 26)
        self.page.set_row(1, 16)
        self.text(0, 0, headline(listed, language, draft=draft), styles.headline)
        self.text(1, 0, " ".join(notes(listed, language)), styles.note)

    @property
    def joint(self) -> bool:
        """Whether each entry has to say whose it is."""
        return is_joint(self.listed)

    def text(self, row: int, column: int, words: str, style: Format) -> None:
        """Write a text that is a text, whoever wrote it."""
        self.page.write_string(row, column, inert(words), style)

    def value(self, row: int, column: int, value: str | float | datetime | None, style: Format) -> None:
        """Write a text, a number, or the local day of a time; nothing for None."""
        match value:
            case None:
                self.page.write_blank(row, column, None, style)
            case str():
                self.text(row, column, value, style)
            case datetime():
                day = local_time(self.listed, value).replace(tzinfo=None)
                self.page.write_datetime(row, column, day, style)
            case _:
                self.page.write_number(row, column, value, style)
