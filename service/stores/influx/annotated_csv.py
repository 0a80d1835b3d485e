"""What InfluxDB answers, read into columns.

A parser of our own because it is a tenth of the work: the client's makes an object of every row. Here separators are
found in the bytes all at once, and a field is looked at only when its column is asked for.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from service.errors import StoreError

_COMMA, _NEWLINE, _QUOTE = b',\n"'
_SECONDS = len("2026-11-01T00:00:00")


class Answer:
    """An answer without annotations. Memory beside it is a number of eight bytes for each field.

    Parameters
    ----------
    body
        The bytes of the answer. Tables with other columns come under a header of their own, after an empty line.

    Raises
    ------
    StoreError
        If the server broke off with an error, which it tells as a table, or the answer ends amid a row.

    Examples
    --------
    >>> body = b',result,table,n,space\\r\\n,_result,0,3,attic\\r\\n\\r\\n,result,table,n\\r\\n,_result,1,4\\r\\n\\r\\n'
    >>> answer = Answer(body)
    >>> answer.columns(["n", "space"])
    {'n': ['3', '4'], 'space': ['attic', '']}
    >>> answer.integers("n")
    array([3, 4])
    >>> answer.tables(["space"])
    ({'space': ['attic', '']}, array([0, 1]))
    """

    def __init__(self, body: bytes) -> None:
        self._blocks = [block for part in _parts(body) if len(block := _Block(part))]
        for block in self._blocks:
            if said := block.texts("error"):
                raise StoreError(f"InfluxDB broke off its answer: {said[0]}; look at its log")

    def columns(self, names: Sequence[str]) -> dict[str, list[str]]:
        """The named columns of all tables, one under the other; one that a table does not have is empty there."""
        return {
            name: [text for block in self._blocks for text in block.texts(name) or [""] * len(block)] for name in names
        }

    def seconds(self, name: str) -> NDArray[np.int64]:
        """A column of times that end in Z, as whole seconds UTC, int64[n]."""
        return _joined([block.seconds(name) for block in self._blocks])

    def nanoseconds(self, name: str) -> NDArray[np.int64]:
        """A column of times that end in Z, to the nanosecond, int64[n]."""
        times = [time.removesuffix("Z") for time in self.columns([name])[name]]
        return np.array(times, dtype="datetime64[ns]").astype(np.int64)

    def integers(self, name: str) -> NDArray[np.int64]:
        """A column of numbers, int64[n]; fractions are cut off."""
        return _joined([block.integers(name) for block in self._blocks])

    def floats(self, name: str) -> NDArray[np.float64]:
        """A column of numbers to the last bit, float64[n]."""
        return np.fromiter((number for block in self._blocks for number in block.floats(name)), dtype=np.float64)

    def tables(self, names: Sequence[str]) -> tuple[dict[str, list[str]], NDArray[np.int64]]:
        """Columns that are the same throughout a table, once for each table, and the table of each row, int64[n]."""
        columns: dict[str, list[str]] = {name: [] for name in names}
        of_rows, tables = [], 0
        for block in self._blocks:
            first = block.first_rows()
            for name, column in columns.items():
                column.extend(block.texts(name, first) or [""] * len(first))
            marks = np.zeros(len(block), dtype=np.int64)
            marks[first] = 1
            of_rows.append(tables - 1 + np.cumsum(marks))
            tables += len(first)
        return columns, _joined(of_rows)


class _Block:
    """Rows under one header; a separator within quotes is none."""

    def __init__(self, part: bytes) -> None:
        header, _, self._body = part.partition(b"\n")
        self._names = next(csv.reader([header.decode()]), [])
        if self._body and not self._body.endswith(b"\n"):
            self._body += b"\r\n"
        buffer = np.frombuffer(self._body, dtype=np.uint8)
        separates = (buffer == _COMMA) | (buffer == _NEWLINE)
        if b'"' in self._body:
            separates &= np.cumsum(buffer == _QUOTE, dtype=np.uint8) % 2 == 0  # whether odd or even survives the wrap
        ends = np.flatnonzero(separates)
        if len(ends) % max(1, len(self._names)):
            raise StoreError("InfluxDB's answer ends amid a row; look at its log, and at what is between it and here")
        self._ends = ends.reshape(-1, max(1, len(self._names)))

    def __len__(self) -> int:
        return len(self._ends)

    def texts(self, name: str, rows: NDArray[np.int64] | slice = slice(None)) -> list[str]:
        """The fields of some rows as text; nothing if there is no such column."""
        if name not in self._names:
            return []
        starts, ends = (side[rows].tolist() for side in self._sides(name))
        return [_text(self._body[start:end]) for start, end in zip(starts, ends, strict=True)]

    def seconds(self, name: str) -> NDArray[np.int64]:
        times = self._fixed(self._sides(name)[0], _SECONDS)
        return times.astype("datetime64[s]").astype(np.int64)

    def integers(self, name: str) -> NDArray[np.int64]:
        starts, ends = self._sides(name)
        width = int((ends - starts).max())
        fields = self._fixed(starts, width)
        letters = fields.view(np.uint8).reshape(-1, width)
        letters[np.arange(width) >= (ends - starts)[:, None]] = 0
        try:
            return fields.astype(np.int64)
        except ValueError:
            return fields.astype(np.float64).astype(np.int64)

    def floats(self, name: str) -> list[float]:
        starts, ends = (side.tolist() for side in self._sides(name))
        return [float(self._body[start:end]) for start, end in zip(starts, ends, strict=True)]

    def first_rows(self) -> NDArray[np.int64]:
        """The first row of each table."""
        starts, ends = self._sides("table")
        lengths = ends - starts
        fields = self._fixed(starts, int(lengths.max()))
        changes = (fields[1:] != fields[:-1]) | (lengths[1:] != lengths[:-1])
        return np.concatenate([[0], 1 + np.flatnonzero(changes)])

    def _sides(self, name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the fields of a column start and end; a row ends before its carriage return."""
        column = self._names.index(name)
        before = self._ends[:, column - 1] if column else np.concatenate([[-1], self._ends[:-1, -1]])
        return before + 1, self._ends[:, column] - (column == len(self._names) - 1)

    def _fixed(self, starts: NDArray[np.int64], width: int) -> NDArray[np.bytes_]:
        """So many bytes from each start on."""
        padded = self._body + bytes(width)
        return np.ndarray(len(self._body), dtype=f"S{max(1, width)}", buffer=padded, strides=(1,))[starts]


def _parts(body: bytes) -> Iterator[bytes]:
    """What is between empty lines, but for those within quotes."""
    held: list[bytes] = []
    for piece in body.split(b"\r\n\r\n"):
        held.append(piece)
        if sum(part.count(b'"') for part in held) % 2 == 0:
            if part := b"\r\n\r\n".join(held).strip(b"\r\n"):
                yield part
            held = []
    if held:
        raise StoreError("InfluxDB's answer ends amid a row; look at its log, and at what is between it and here")


def _text(field: bytes) -> str:
    text = field.decode()
    return text[1:-1].replace('""', '"') if text.startswith('"') else text


def _joined(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, dtype=np.int64), *parts])
