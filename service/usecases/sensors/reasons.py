"""Why a sensor is taken for faulty, and what to do, in a sentence each, Swedish and English."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from models.dates import clock_text
from models.numbers import per_cent, short_number
from service.domain.reasons import Reason
from service.domain.sensors import PER_CENT, SensorFault, SensorState
from service.ports import Ports

_REASONS: Mapping[SensorState, Reason] = {
    SensorState.SILENT: Reason(
        "Har inte hörts sedan {since}, längre än vanligt.", "Not heard since {since}, which is longer than usual."
    ),
    SensorState.DEAF: Reason(
        "Skickar meddelanden, men har inte hört någon sedan {since}; så länge är det aldrig tyst där.",
        "Sends messages, but has heard nobody since {since}; it is never calm there for so long.",
    ),
    SensorState.STUCK: Reason(
        "Säger {number} om och om igen sedan {since}.", "Says {number} over and over since {since}."
    ),
    SensorState.SATURATED: Reason(
        "Stannar vid {number}, det mesta den kan säga.", "Stops at {number}, which is the most that it can say."
    ),
    SensorState.CLOCK_SKEWED: Reason(
        "Sedan {since} kommer meddelanden {hours} h senare efter sin tidsstämpel än vanligt.",
        "Since {since} messages come {hours} h later after their timestamp than usual.",
    ),
    SensorState.LOW_BATTERY: Reason("Batteriet är snart slut ({level}).", "The battery is nearly empty ({level})."),
    SensorState.DUPLICATED: Reason(
        "Varje antal sedan {since} är jämnt delbart med {number}: meddelanden räknas {number} gånger.",
        "Every count since {since} is a multiple of {number}: messages are counted {number} times.",
    ),
    SensorState.LEVEL_SHIFTED: Reason(
        "Nivån blev {number} gånger den väntade; inlärt den {since}.",
        "The level became {number} times what was expected; learnt on {since}.",
    ),
}
_FROM_THE_FUTURE = Reason(
    "Meddelanden är stämplade {hours} h in i framtiden och avvisas sedan {since}.",
    "Messages are stamped {hours} h into the future, and are refused since {since}.",
)
_MOVED_LATER = Reason(
    "Dygnets mönster har flyttats {hours} h framåt mot veckorna innan.",
    "The day's pattern has moved {hours} h later than in the weeks before.",
)
_MOVED_EARLIER = Reason(
    "Dygnets mönster har flyttats {hours} h bakåt mot veckorna innan.",
    "The day's pattern has moved {hours} h earlier than in the weeks before.",
)
_SAME_AS = Reason("Räknar detsamma som {other}, timme för timme.", "Counts the same as {other}, hour by hour.")
_SAYS_IT_IS_LOW = Reason("Sensorn säger att batteriet är snart slut.", "It says that its battery is nearly empty.")

ACTIONS: Mapping[SensorState, Reason] = {
    SensorState.AWAITED: Reason(
        "Kontrollera att sensorn är påslagen och att den heter så i registret.",
        "Check that the sensor is switched on, and that this is its name in the register.",
    ),
    SensorState.SILENT: Reason(
        "Byt batteri eller starta om sensorn; hörs inte heller dess grannar, kontrollera nätet där.",
        "Change its battery or restart it; where its neighbours are not heard either, check the network there.",
    ),
    SensorState.DEAF: Reason(
        "Gå dit och prova sensorn: den kan vara övertäckt, flyttad eller avstängd för närvaro.",
        "Go there and try it: it may be covered, moved, or have its detection switched off.",
    ),
    SensorState.STUCK: Reason(
        "Leta efter ett ljud eller en rörelse som aldrig slutar; starta annars om sensorn.",
        "Look for a noise or movement that never ends; otherwise restart the sensor.",
    ),
    SensorState.SATURATED: Reason(
        "Låt den skicka oftare, eller sänk känsligheten.", "Have it send more often, or lower its sensitivity."
    ),
    SensorState.CLOCK_SKEWED: Reason(
        "Ställ avsändarens klocka och kontrollera dess tidszon.", "Set the sender's clock, and check its time zone."
    ),
    SensorState.LOW_BATTERY: Reason("Byt batteri.", "Change the battery."),
    SensorState.DUPLICATED: Reason(
        "Ta bort den ena av två avsändare, eller den ena av två rader i registret.",
        "Remove one of two senders, or one of two rows in the register.",
    ),
    SensorState.LEVEL_SHIFTED: Reason(
        "Fråga om sensorn är bytt eller flyttad, eller om huset används annorlunda.",
        "Ask whether the sensor was changed or moved, or whether the house is used otherwise.",
    ),
}
"""What to do about each."""


def sensor_reason(ports: Ports, fault: SensorFault) -> Reason:
    """Why a sensor is taken for faulty, with the numbers."""
    since = datetime.fromtimestamp(fault.since, UTC).astimezone(ZoneInfo(ports.settings.general.timezone))
    other = _name_of(ports, fault.other)
    said = _said(fault, other)
    swedish, english = (
        said_in.format(since=clock_text(since, language), other=other, **_numbers(fault, language))
        for said_in, language in ((said.sv, "sv"), (said.en, "en"))
    )
    return Reason(swedish, english)


def _numbers(fault: SensorFault, language: str) -> dict[str, str]:
    number = short_number(fault.value, language)
    level = per_cent(short_number(fault.value, "en"), language) if fault.unit == PER_CENT else f"{number}{fault.unit}"
    return {"number": number, "level": level, "hours": short_number(abs(fault.value), language, digits=2)}


def _said(fault: SensorFault, other: str) -> Reason:
    """What is said of a fault, without its numbers."""
    match fault.state:
        case SensorState.CLOCK_SKEWED if fault.of_counts:
            return _MOVED_LATER if fault.value > 0 else _MOVED_EARLIER
        case SensorState.CLOCK_SKEWED if fault.value > 0:
            return _FROM_THE_FUTURE
        case SensorState.DUPLICATED if other:
            return _SAME_AS
        case SensorState.LOW_BATTERY if not fault.value:
            return _SAYS_IT_IS_LOW
    return _REASONS[fault.state]


def _name_of(ports: Ports, number: int | None) -> str:
    if number is None:
        return ""
    return next((f"{one.stairwell}/{one.space}" for one in ports.register.series() if one.number == number), "")
