"""What a person reads: as chosen on a page, else as the browser asks, else Swedish."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Request, Response, current_app, redirect

from service.exports.wording import Language

COOKIE = "trappvakt_language"
_CHOICE = "language"
_YEAR_SECONDS = 365 * 86_400


def language_of(request: Request) -> Language:
    """What the person reads."""
    chosen = request.cookies.get(COOKIE, "")
    if chosen in set(Language):
        return Language(chosen)
    wished = (name.partition("-")[0] for name in request.accept_languages.values())  # en-GB is English
    return next((Language(name) for name in wished if name in set(Language)), Language.SV)


def other_languages(request: Request, language: Language) -> list[tuple[Language, str]]:
    """What else the page can be read in, with a link for each; nothing where only a form leads to the page."""
    if request.method != "GET" and not _has_a_page(request):
        return []
    kept = _without_choice(request)
    return [(one, f"?{urlencode([*kept, (_CHOICE, one.value)])}") for one in Language if one is not language]


def _without_choice(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.args.items(multi=True) if name != _CHOICE]


def _has_a_page(request: Request) -> bool:
    addresses = current_app.create_url_adapter(request)
    return addresses is not None and addresses.test(method="GET")


def choose_language(request: Request) -> Response | None:
    """Remember the language that a link names, and lead back to the page; None if it names none."""
    chosen = request.args.get(_CHOICE, "")
    if request.method != "GET" or chosen not in set(Language):
        return None
    others = urlencode(_without_choice(request))
    path = quote(f"/{request.path.lstrip('/')}")  # two slashes would lead to another site
    response = redirect(f"{path}?{others}" if others else path, 303)
    response.set_cookie(
        COOKIE, chosen, max_age=_YEAR_SECONDS, secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return response  # type: ignore[return-value]
