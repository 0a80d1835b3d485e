"""Why a sensor is taken for faulty, and what to do, in a sentence each, Swedish and English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from models.dates import clock_text
from service.domain.sensors import SensorFault, SensorState
from service.ports import Ports
from service.usecases.findings.verdict_reasons import Reason


class _Told(NamedTuple):
    """What stands in a sentence: since when, the number that tells it in either language, and the other space."""

    since: Reason
    sv: str
    en: str
    fault: SensorFault
    other: str


def _clock(told: _Told) -> Reason:
    hours, fault = told.fault.value, told.fault
    sv, en = (f"{abs(hours):.2g}".replace(".", ","), f"{abs(hours):.2g}")
    if fault.of_counts:
        return Reason(
            f"Dygnets mönster har flyttats {sv} h {'framåt' if hours > 0 else 'bakåt'} mot veckorna innan.",
            f"The day's pattern has moved {en} h {'later' if hours > 0 else 'earlier'} than in the weeks before.",
        )
    if hours > 0:
        return Reason(
            f"Meddelanden är stämplade {sv} h in i framtiden och avvisas sedan {told.since.sv}.",
            f"Messages are stamped {en} h into the future, and are refused since {told.since.en}.",
        )
    return Reason(
        f"Sedan {told.since.sv} kommer meddelanden {sv} h senare efter sin tidsstämpel än vanligt.",
        f"Since {told.since.en} messages come {en} h later after their timestamp than usual.",
    )


def _duplicated(told: _Told) -> Reason:
    if told.other:
        return Reason(
            f"Räknar detsamma som {told.other}, timme för timme.", f"Counts the same as {told.other}, hour by hour."
        )
    return Reason(
        f"Varje antal sedan {told.since.sv} är jämnt delbart med {told.sv}: meddelanden räknas {told.sv} gånger.",
        f"Every count since {told.since.en} is a multiple of {told.en}: messages are counted {told.en} times.",
    )


def _silent(told: _Told) -> Reason:
    return Reason(
        f"Har inte hörts sedan {told.since.sv}, längre än vanligt.",
        f"Not heard since {told.since.en}, which is longer than usual.",
    )


def _deaf(told: _Told) -> Reason:
    return Reason(
        f"Skickar meddelanden, men har inte hört någon sedan {told.since.sv}; så länge är det aldrig tyst där.",
        f"Sends messages, but has heard nobody since {told.since.en}; it is never calm there for so long.",
    )


def _stuck(told: _Told) -> Reason:
    return Reason(
        f"Säger {told.sv} om och om igen sedan {told.since.sv}.", f"Says {told.en} over and over since {told.since.en}."
    )


def _saturated(told: _Told) -> Reason:
    return Reason(
        f"Stannar vid {told.sv}, det mesta den kan säga.", f"Stops at {told.en}, which is the most that it can say."
    )


def _low_battery(told: _Told) -> Reason:
    if not told.fault.value:
        return Reason("Sensorn säger att batteriet är snart slut.", "It says that its battery is nearly empty.")
    unit = told.fault.unit
    return Reason(f"Batteriet är snart slut ({told.sv}{unit}).", f"The battery is nearly empty ({told.en}{unit}).")


def _level_shifted(told: _Told) -> Reason:
    return Reason(
        f"Nivån blev {told.sv} gånger den väntade; inlärt den {told.since.sv}.",
        f"The level became {told.en} times what was expected; learnt on {told.since.en}.",
    )


_REASONS: Mapping[SensorState, Callable[[_Told], Reason]] = {
    SensorState.SILENT: _silent,
    SensorState.DEAF: _deaf,
    SensorState.STUCK: _stuck,
    SensorState.SATURATED: _saturated,
    SensorState.CLOCK_SKEWED: _clock,
    SensorState.LOW_BATTERY: _low_battery,
    SensorState.DUPLICATED: _duplicated,
    SensorState.LEVEL_SHIFTED: _level_shifted,
}

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
    number = f"{fault.value:.3g}" if fault.value < 1000 else f"{fault.value:.0f}"
    day_and_time = Reason(*(clock_text(since, language) for language in ("sv", "en")))
    told = _Told(day_and_time, number.replace(".", ","), number, fault, _name_of(ports, fault.other))
    return _REASONS[fault.state](told)


def _name_of(ports: Ports, number: int | None) -> str:
    if number is None:
        return ""
    return next((f"{one.stairwell}/{one.space}" for one in ports.register.series() if one.number == number), "")
