"""A retraining in plain words, Swedish and English: what was learnt, how it did, and what promoting it would change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from models.dates import date_text
from models.numbers import per_cent, short_number, whole_number
from service.domain.retraining import Figures, RetrainingReport
from service.exports.wording import Language

CLEAR = 3.0
"""Standard errors from which a difference is called clear."""
NOTICED = 0.001
"""Share of the log-loss below which a difference, however sure, is nothing that anybody would notice."""
_PARAMETERS = {
    "level_memory_weeks": ("nivåns minne, veckor", "memory of the level, weeks"),
    "time_memory_weeks": ("dygnets minne, veckor", "memory of the time of day, weeks"),
    "slot_memory_weeks": ("veckotimmarnas minne, veckor", "memory of the hours of the week, weeks"),
    "dispersion_memory_weeks": ("ojämnhetens minne, veckor", "memory of the unevenness, weeks"),
    "unlikely_z": ("gräns för misstro, normalvärde", "where distrust begins, normal score"),
    "loitering_odds": ("odds att tillhåll börjar", "odds that loitering begins"),
    "memory_gain": ("tyngd hos tidigare kvällar", "weight of earlier nights"),
}
_NOUNS = {
    "counts": (("räkning", "räkningar"), ("count", "counts")),
    "hang-outs": (("tillhåll", "tillhåll"), ("hang-out", "hang-outs")),
    "missing": (("räkning saknas", "räkningar saknas"), ("window missing", "windows missing")),
    "prior": (
        ("utrymme till flottans utgångspunkt", "utrymmen till flottans utgångspunkt"),
        ("space for the fleet prior", "spaces for the fleet prior"),
    ),
    "silent": (("räkning", "räkningar"), ("window", "windows")),
    "spaces": (("utrymme", "utrymmen"), ("space", "spaces")),
    "stairwells": (("trapphus", "trapphus"), ("stairwell", "stairwells")),
    "weeks": (("vecka", "veckor"), ("week", "weeks")),
}
"""What is counted, of one and of more."""
_SENTENCES = {
    "learnt": (
        "Version {version} har lärt av {weeks}, {start} till {end}: {counts} från {series}.",
        "Version {version} learnt from {weeks}, {start} to {end}: {counts} of {series}.",
    ),
    "left_out": (
        "Utelämnat: {annotated} med känd orsak och {silent} från tysta sensorer.",
        "Left out: {annotated} with a known cause and {silent} of silent sensors.",
    ),
    "foresees_better": (
        "Den förutser räkningarna bättre än version {champion}: förlusten är {percent} lägre, och det är säkert.",
        "It foresees counts better than version {champion}: its log-loss is {percent} less, and that is sure.",
    ),
    "foresees_worse": (
        "Den förutser räkningarna sämre än version {champion}: förlusten är {percent} högre, och det är säkert.",
        "It foresees counts worse than version {champion}: its log-loss is {percent} more, and that is sure.",
    ),
    "foresees_as_well": (
        "Den förutser räkningarna lika bra som version {champion}: förlusten skiljer {percent}, för lite att märka.",
        "It foresees counts as well as version {champion}: log-loss differs by {percent}, too little to notice.",
    ),
    "foresees_alike": (
        "Den förutser räkningarna ungefär som version {champion}: förlusten skiljer {percent}, vilket kan vara slump.",
        "It foresees counts about as version {champion} does: log-loss differs by {percent}, which may be chance.",
    ),
    "calibration": (
        "Det som ska hända i {often} av fallen hände {new} gånger så ofta (version {champion}: {old}; 1 är rätt).",
        "What is due in {often} of windows came {new} times as often (version {champion}: {old}; 1 is right).",
    ),
    "recall": (
        "Av {trials} tillagda i verkliga räkningar fann den {new} på 14 dagar (version {champion}: {old}).",
        "Of {trials} added to the real counts it found {new} within 14 days (version {champion}: {old}).",
    ),
    "no_recall": (
        "Hur många tillhåll den finner är inte prövat: för få veckor hölls undan.",
        "How many hang-outs it finds was not tried: too few weeks were held back.",
    ),
    "list_same": (
        "Listan blir densamma: {stay}.",
        "The list would stay the same: {stay}.",
    ),
    "list": (
        "På listan blir {stay} kvar, {enter} kommer in och {leave} går ut.",
        "On the list {stay} would stay, {enter} enter and {leave} leave.",
    ),
    "kept": (
        "Inga andra inställningar var klart bättre (antal prövade: {tried}), så de från version {champion} behålls.",
        "No other settings were clearly better (tried: {tried}), so those of version {champion} are kept.",
    ),
    "fell_back": (
        "Inställningar som såg bättre ut föll igenom på de undanhållna veckorna; de från version {champion} behålls.",
        "Settings that looked better failed on the weeks held back; those of version {champion} are kept.",
    ),
    "changed": (
        "Inställningar ändras, för andra var klart bättre (antal prövade: {tried}): {changes}.",
        "Settings change, because others were clearly better (tried: {tried}): {changes}.",
    ),
}


def summary(report: RetrainingReport, language: Language) -> list[str]:
    """The whole of a report in a few sentences."""
    return [_said(name, language, words) for name, words in _facts(report, language)]


def parameter_text(name: str, language: Language) -> str:
    """A hyper-parameter in words; one that has none goes by its name."""
    return _PARAMETERS.get(name, (name, name))[_column(language)]


def changes_text(changes: Mapping[str, float], language: Language) -> str:
    """Hyper-parameters and their values, such as ``memory of the level, weeks: 8``."""
    return "; ".join(
        f"{parameter_text(name, language)}: {short_number(value, language)}" for name, value in changes.items()
    )


def noun(number: float, name: str, language: Language) -> str:
    """What so many are called.

    Examples
    --------
    >>> noun(1, "weeks", Language.SV), noun(1.5, "weeks", Language.SV), noun(0, "spaces", Language.EN)
    ('vecka', 'veckor', 'spaces')
    """
    one, more = _NOUNS[name][_column(language)]
    return one if number == 1 else more


def counted(number: int, name: str, language: Language) -> str:
    """A number with its thousands apart, and what is counted."""
    return f"{whole_number(number, language)} {noun(number, name, language)}"


def percent(share: float, language: Language) -> str:
    """A small share in per cent, to two digits.

    Examples
    --------
    >>> percent(0.0123, Language.SV).split(), percent(0.25, Language.EN), percent(1.25, Language.EN)
    (['1,2', '%'], '25%', '120%')
    """
    return per_cent(short_number(100 * share, "en", digits=2), language)


def _facts(report: RetrainingReport, language: Language) -> Iterator[tuple[str, dict[str, str]]]:
    learnt, zone = report.learnt, ZoneInfo(report.timezone)
    yield (
        "learnt",
        {
            "version": report.version,
            "weeks": f"{short_number(learnt.weeks, language)} {noun(learnt.weeks, 'weeks', language)}",
            "start": date_text(learnt.start.astimezone(zone), language),
            "end": date_text(learnt.end.astimezone(zone), language),
            "counts": counted(learnt.counts, "counts", language),
            "series": counted(learnt.series, "spaces", language),
        },
    )
    if learnt.annotated or learnt.silent:
        yield (
            "left_out",
            {
                "annotated": counted(learnt.annotated, "counts", language),
                "silent": counted(learnt.silent, "silent", language),
            },
        )
    yield _foresight(report), {"champion": report.champion, "percent": percent(abs(report.log_loss_gain), language)}
    yield from _calibration(report.champion_figures, report.challenger_figures, report.champion, language)
    yield _recall(report, language)
    yield _list(report, language)
    yield from _settings(report, language)


def _foresight(report: RetrainingReport) -> str:
    if abs(report.log_loss_z) < CLEAR:
        return "foresees_alike"
    if abs(report.log_loss_gain) < NOTICED:
        return "foresees_as_well"
    return "foresees_better" if report.log_loss_gain > 0 else "foresees_worse"


def _calibration(old: Figures, new: Figures, champion: str, language: Language) -> Iterator[tuple[str, dict[str, str]]]:
    for level, ratio in new.tail_ratios.items():
        if level in old.tail_ratios:
            yield (
                "calibration",
                {
                    "often": percent(float(level), language),
                    "new": short_number(ratio, language),
                    "old": short_number(old.tail_ratios[level], language),
                    "champion": champion,
                },
            )


def _recall(report: RetrainingReport, language: Language) -> tuple[str, dict[str, str]]:
    old, new = report.champion_figures.recall, report.challenger_figures.recall
    if old is None or new is None:
        return "no_recall", {}
    told = {
        "trials": counted(new.trials, "hang-outs", language),
        "new": whole_number(new.found, language),
        "old": whole_number(old.found, language),
    }
    return "recall", {**told, "champion": report.champion}


def _list(report: RetrainingReport, language: Language) -> tuple[str, dict[str, str]]:
    stay = counted(report.challenger_figures.listed - len(report.entering), "stairwells", language)
    if not report.entering and not report.leaving:
        return "list_same", {"stay": stay}
    return "list", {
        "stay": stay,
        "enter": whole_number(len(report.entering), language),
        "leave": whole_number(len(report.leaving), language),
    }


def _settings(report: RetrainingReport, language: Language) -> Iterator[tuple[str, dict[str, str]]]:
    tried = sum(not candidate.all_series for candidate in report.candidates)
    said = {
        "tried": whole_number(tried, language),
        "champion": report.champion,
        "changes": changes_text(report.changes, language),
    }
    if report.fell_back:
        yield "fell_back", said
    elif tried:
        yield "changed" if report.changes else "kept", said


def _said(name: str, language: Language, words: Mapping[str, str]) -> str:
    return _SENTENCES[name][_column(language)].format(**words)


def _column(language: Language) -> int:
    return list(Language).index(language)
