"""Routes: an operation is declared once, and its handler's annotations validate, encode and document it.

A handler names what it needs as parameters: ``ports``, ``key``, ``query`` (a struct: unknown query keys are refused),
``body`` (a struct, or bytes as they came) and the variables of its path. It returns a struct, ``None`` or a
:class:`Reply`. The first line of its docstring is the operation's summary, the rest its description.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, get_args, get_type_hints

import msgspec
from werkzeug.exceptions import PreconditionFailed, UnsupportedMediaType

from service import errors
from service.api.problems import BY_STATUS, Problem, ProblemType, type_of
from service.domain.keys import Role
from service.ports import Ports
from service.usecases.request_limits import Policy
from service.usecases.revisions import Revision

JSON = "application/json"
TEXT = "text/plain"
_INJECTED = {"ports", "key", "query", "body", "return"}
_VARIABLE = re.compile(r"{(\w+)}")

Handler = TypeVar("Handler", bound=Callable[..., object])


class NoQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of an operation that takes none."""


@dataclass(frozen=True)
class Reply:
    """A response that is more than its body; ``body`` is a struct to encode, or bytes as they are."""

    body: object
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON


@dataclass(frozen=True)
class Operation:
    """One method on one path.

    Parameters
    ----------
    method, path
        As in OpenAPI: ``/v1/places/{stairwell}``.
    tag
        Heading in the documentation.
    handler
        Called with what its parameters name.
    roles
        Roles that may call it; empty for everybody, without a key.
    status
        Of success.
    raises
        Errors of the use case, beside those that follow from the declaration.
    produces
        Type of the response by media type, where the handler returns a :class:`Reply`.
    reads
        Type of a JSON body that the handler takes as bytes, to read row by row.
    headers
        Response headers worth knowing, with a description each.
    sent, answered
        Examples of body and response.
    revision
        Of a GET: what becomes another whenever the answer may have; whoever has the answer is told so at once.
    problem
        Shape of its problem documents.
    """

    method: str
    path: str
    tag: str
    handler: Callable[..., Any]
    roles: frozenset[Role]
    status: int
    raises: tuple[type[Exception], ...]
    produces: Mapping[str, Any] | None
    reads: type[msgspec.Struct] | None
    headers: Mapping[str, str]
    sent: object
    answered: object
    problem: type[Problem]
    revision: Callable[[Ports, str], Revision] | None

    @property
    def name(self) -> str:
        """The handler's name: operationId, and endpoint."""
        return self.handler.__name__

    @cached_property
    def hints(self) -> dict[str, Any]:
        """The handler's annotations by parameter."""
        return get_type_hints(self.handler, include_extras=True)

    @cached_property
    def documentation(self) -> tuple[str, str]:
        """Summary and description."""
        summary, _, description = inspect.cleandoc(self.handler.__doc__ or "").partition("\n\n")
        return summary, description

    @property
    def tagged(self) -> bool:
        """Whether its answers have an ETag."""
        return self.method == "GET" and bool(self.responses) and (bool(self.roles) or "ports" not in self.hints)

    @property
    def policy(self) -> Policy:
        """With what its requests are limited: what sensors send is apart from all else."""
        return Policy.WRITES if Role.INGEST in self.roles else Policy.REQUESTS

    @property
    def path_types(self) -> dict[str, Any]:
        """Type of each variable of the path."""
        return {name: self.hints[name] for name in _VARIABLE.findall(self.path)}

    @property
    def query(self) -> type[msgspec.Struct]:
        """Struct of the query."""
        found: type[msgspec.Struct] = self.hints.get("query", NoQuery)
        return found

    @property
    def body(self) -> Any:
        """What the handler takes as the body: a struct, bytes, or None."""
        return self.hints.get("body")

    @property
    def body_required(self) -> bool:
        """Whether the operation means nothing without a body."""
        return type(None) not in get_args(self.body)

    @property
    def accepts(self) -> tuple[str, Any]:
        """Media type of the body and the type that documents it."""
        documented = self.reads or next((kind for kind in get_args(self.body) if kind is not type(None)), self.body)
        return (TEXT, str) if documented is bytes else (JSON, documented)

    @cached_property
    def responses(self) -> Mapping[str, Any]:
        """Type of a good response by media type; empty where there is no content."""
        if self.produces is not None:
            return self.produces
        returned = self.hints["return"]
        return {} if returned in (None, type(None)) else {JSON: returned}

    @cached_property
    def failures(self) -> list[ProblemType]:
        """Every problem it can answer with, by status."""
        raised: list[type[Exception]] = [*self.raises, Exception]
        if self.roles:
            raised += [errors.NotAuthenticated, errors.NotPermitted, errors.InvalidInput, errors.TooManyRequests]
        if self.body is not None:
            raised += [errors.TooLarge, UnsupportedMediaType]
        if "ports" in self.hints:
            raised.append(errors.StoreError)
        if self.tagged or self.roles:
            raised.append(PreconditionFailed)
        return sorted(set(map(type_of, raised)), key=BY_STATUS)


class Routes:
    """Operations of one resource, in the order of their declaration.

    Parameters
    ----------
    tag
        Heading in the documentation.
    """

    def __init__(self, tag: str) -> None:
        self._tag = tag
        self._operations: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(self._operations)

    def declare(
        self,
        method: str,
        path: str,
        *,
        roles: Collection[Role] = (),
        status: int = 200,
        raises: Collection[type[Exception]] = (),
        produces: Mapping[str, Any] | None = None,
        reads: type[msgspec.Struct] | None = None,
        headers: Mapping[str, str] | None = None,
        sent: object = None,
        answered: object = None,
        problem: type[Problem] = Problem,
        revision: Callable[[Ports, str], Revision] | None = None,
    ) -> Callable[[Handler], Handler]:
        """Decorate the handler of an operation; parameters as of :class:`Operation`.

        Raises
        ------
        TypeError
            If the handler and the path do not name the same variables, or it is unknown what a Reply holds.
        """

        def decorate(handler: Handler) -> Handler:
            operation = Operation(
                method=method,
                path=path,
                tag=self._tag,
                handler=handler,
                roles=frozenset(roles),
                status=status,
                raises=tuple(raises),
                produces=produces,
                reads=reads,
                headers=headers or {},
                sent=sent,
                answered=answered,
                problem=problem,
                revision=revision,
            )
            if set(operation.hints) - _INJECTED != set(_VARIABLE.findall(path)):
                raise TypeError(f"{operation.name}: {path} and the handler's parameters name different variables")
            if operation.hints["return"] is Reply and produces is None:
                raise TypeError(f"{operation.name} returns a Reply; say what it produces")
            self._operations.append(operation)
            return handler

        return decorate
