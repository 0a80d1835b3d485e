"""iCalendar (RFC 5545): works, moving days and guard rounds as they stand in a housing company's calendar.

Of an event only its time, place and kind are taken. What it is called and who takes part may name people, and its UID
may be an address of mail: of that a digest becomes the annotation's id, so that importing a calendar again moves what
was moved in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from service.domain.annotations import AnnotationKind, AnnotationRow, CalendarEvent
from service.errors import InvalidInput, RowProblem

_TOO_OFTEN = {"SECONDLY", "MINUTELY", "HOURLY"}
_TOLD = 100
"""Letters of what the reader says of a broken file; it repeats whole lines, whatever they hold."""


def read_calendar(
    content: bytes, timezone: str, kind: AnnotationKind, between: tuple[datetime, datetime]
) -> Iterator[tuple[int, CalendarEvent] | RowProblem]:
    """Occurrences of a calendar's events, numbered by their event's place in the file; bad events as problems.

    Parameters
    ----------
    content
        The file.
    timezone
        Of days and of times without a zone of their own.
    kind
        Of events none of whose categories is a kind.
    between
        Occurrences that overlap this interval are read; a recurring event may have no last one.

    Raises
    ------
    InvalidInput
        At once, if the file is no calendar.
    """
    try:
        calendar = icalendar.Calendar.from_ical(content)
    except (ValueError, IndexError) as error:
        raise InvalidInput(
            f"the file is no iCalendar that can be read: {_told(error)}; export it from the calendar again, as .ics"
        ) from error
    events = dict(enumerate(calendar.walk("VEVENT"), start=1))
    problems = [RowProblem(number, problem) for number, event in events.items() if (problem := _problem(event))]
    bad = {problem.row for problem in problems}
    good = {number: event for number, event in events.items() if number not in bad}
    calendar.subcomponents = [part for part in calendar.subcomponents if part.name != "VEVENT"] + list(good.values())
    return chain(problems, _occurrences(calendar, good, ZoneInfo(timezone), kind, between))


def _occurrences(
    calendar: Any,
    events: Mapping[int, Any],
    zone: ZoneInfo,
    kind: AnnotationKind,
    between: tuple[datetime, datetime],
) -> Iterator[tuple[int, CalendarEvent]]:
    numbers = {_uid(event): number for number, event in reversed(list(events.items()))}
    recurring = {_uid(event) for event in events.values() if "RRULE" in event or "RDATE" in event}
    for occurrence in recurring_ical_events.of(calendar).between(*between):
        uid = _uid(occurrence)
        row = AnnotationRow(
            kind=_kind(occurrence, kind),
            start=_moment(occurrence.start, zone),
            end=_moment(occurrence.end, zone),
            annotation=_id(uid, occurrence["RECURRENCE-ID"] if uid in recurring else None) if uid else None,
        )
        cancelled = str(occurrence.get("STATUS", "")).upper() == "CANCELLED"
        location = str(occurrence.get("LOCATION", "")).strip()
        yield numbers[uid], CalendarEvent(row=row, location=location, cancelled=cancelled)


def _problem(event: Any) -> str | None:
    """Why an event cannot be used, if it cannot."""
    if event.errors:
        name, why = event.errors[0]
        return f"{name}: {_told(why)}"
    if any(int(every) < 1 for every in event.get("RRULE", {}).get("INTERVAL", ())):
        return "it recurs every 0 days, weeks or years, and so never ends; correct INTERVAL"
    if {str(often).upper() for often in event.get("RRULE", {}).get("FREQ", ())} & _TOO_OFTEN:
        return "it recurs more often than daily; no works do, and nothing would be left to judge"
    try:
        _ = event.start, event.end
    except ValueError as error:
        return str(error)
    return None


def _told(error: object) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in str(error)[:_TOLD])


def _moment(when: date | datetime, zone: ZoneInfo) -> datetime:
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)


def _kind(event: Any, default: AnnotationKind) -> AnnotationKind:
    named = {str(name).strip().lower() for name in event.categories}
    return next((kind for kind in AnnotationKind if kind in named), default)


def _uid(event: Any) -> str:
    return str(event.get("UID", ""))


def _id(uid: str, recurrence: Any) -> str:
    """The same for the same occurrence of the same event, wherever it is moved to."""
    occurrence = recurrence.to_ical().decode() if recurrence else ""
    return hashlib.sha256(f"{uid} {occurrence}".encode()).hexdigest()[:16]
