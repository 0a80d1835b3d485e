"""What a person reads: as chosen on a page, else as the browser asks, else Swedish."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from flask import Request, Response, redirect

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


def choose_language(request: Request) -> Response | None:
    """Remember the language that a link names, and lead back to the page; None if it names none."""
    chosen = request.args.get(_CHOICE, "")
    if request.method != "GET" or chosen not in set(Language):
        return None
    others = urlencode([(name, value) for name, value in request.args.items(multi=True) if name != _CHOICE])
    response = redirect(f"{quote(request.path)}?{others}" if others else quote(request.path), 303)
    response.set_cookie(
        COOKIE, chosen, max_age=_YEAR_SECONDS, secure=request.is_secure, httponly=True, samesite="Strict"
    )
    return response  # type: ignore[return-value]
