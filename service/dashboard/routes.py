"""Pages as routes: a page is declared once, with who may see it; and what every handler gets, a visit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from zoneinfo import ZoneInfo

from flask import Response, redirect

from service.dashboard.sessions import Session
from service.domain.keys import DECIDERS, Key, Role
from service.errors import NotAuthenticated
from service.exports.wording import Language
from service.ports import Ports


@dataclass(frozen=True)
class Visit:
    """A request of a person.

    Parameters
    ----------
    ports
        What use cases need.
    language
        What the person reads.
    session
        Of the browser; its nonce is the token of every form.
    known
        The key that has signed in; None where nobody has.
    """

    ports: Ports
    language: Language
    session: Session
    known: Key | None = None

    @property
    def key(self) -> Key:
        """The key that has signed in; raises NotAuthenticated."""
        if self.known is None:
            raise NotAuthenticated("nobody is signed in; sign in with a key")
        return self.known

    @property
    def decides(self) -> bool:
        """Whether who has signed in decides about lists and episodes, and so sees drafts."""
        return self.known is not None and self.known.role in DECIDERS

    @property
    def zone(self) -> ZoneInfo:
        """Of the times that the person reads and writes."""
        return ZoneInfo(self.ports.settings.general.timezone)


def to(path: str) -> Response:
    """Lead to another page, after a form too."""
    return redirect(path, HTTPStatus.SEE_OTHER)  # type: ignore[return-value]


Handler = Callable[..., Response]


@dataclass(frozen=True)
class Page:
    """One method on one path.

    Parameters
    ----------
    method, path
        As Flask has them: ``/lists/<list_id>``.
    handler
        Gets the visit, and the variables of the path by name.
    roles
        Who may; empty for everybody, also for those who have not signed in.
    """

    method: str
    path: str
    handler: Handler
    roles: frozenset[Role]

    @property
    def name(self) -> str:
        """The handler's name, which is the endpoint's."""
        return self.handler.__name__


class Routes:
    """The pages of one subject, in the order of their declaration."""

    def __init__(self) -> None:
        self._pages: list[Page] = []

    def __iter__(self) -> Iterator[Page]:
        return iter(self._pages)

    def declare(self, method: str, path: str, roles: Collection[Role] = ()) -> Callable[[Handler], Handler]:
        """Decorate the handler of a page; parameters as of :class:`Page`."""

        def decorate(handler: Handler) -> Handler:
            self._pages.append(Page(method, path, handler, frozenset(roles)))
            return handler

        return decorate
