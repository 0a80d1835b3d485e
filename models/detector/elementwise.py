"""Elementwise functions of floats and of arrays alike, so that kernels are written once, for one series and for many.

A call of NumPy on an array of one takes as long as ten operations on floats, and a window takes some hundred calls. A
series alone is therefore stepped in floats; the bits are those of arrays of any width. The four operations and square
roots are rounded by IEEE 754 wherever they are done. What is not (logarithms, exponentials, tails) is asked of the same
loop of NumPy or SciPy. Of equal zeros, the larger and the smaller are the second, as x86's vector units decide.

Types say arrays; where a series is alone, all of them are floats, and what is true of it is a bool.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy import ndarray
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def where(condition: Bools | bool, one: Floats | float, other: Floats | float) -> Floats:
    """``one`` where the condition holds, else ``other``."""
    chosen: Any
    if type(condition) is ndarray or type(one) is ndarray or type(other) is ndarray:
        chosen = np.where(condition, one, other)
    else:
        chosen = one if condition else other
    return chosen  # type: ignore[no-any-return]


def maximum(one: Floats | float, other: Floats | float) -> Floats:
    """The larger; NaN if either is."""
    larger: Any
    if type(one) is ndarray or type(other) is ndarray:
        larger = np.maximum(one, other)
    else:
        larger = other if other >= one else one if one > other else math.nan
    return larger  # type: ignore[no-any-return]


def minimum(one: Floats | float, other: Floats | float) -> Floats:
    """The smaller; NaN if either is."""
    smaller: Any
    if type(one) is ndarray or type(other) is ndarray:
        smaller = np.minimum(one, other)
    else:
        smaller = other if other <= one else one if one < other else math.nan
    return smaller  # type: ignore[no-any-return]


def clip(value: Floats, low: Floats | float, high: Floats | float) -> Floats:
    """The value, but neither below ``low`` nor above ``high``."""
    return value.clip(low, high) if type(value) is ndarray else minimum(maximum(value, low), high)


def square(value: Floats | float) -> Floats:
    """The value times itself."""
    product: Any = value * value
    return product  # type: ignore[no-any-return]


def anywhere(condition: Bools) -> bool:
    """Whether the condition holds for any series."""
    return bool(np.count_nonzero(condition)) if type(condition) is ndarray else bool(condition)


def is_given(values: Floats) -> Bools:
    """Where a value is not missing: not NaN."""
    given: Any = ~np.isnan(values) if type(values) is ndarray else not math.isnan(values)
    return given  # type: ignore[no-any-return]


def number(condition: Bools) -> Floats:
    """1 where the condition holds, else 0."""
    held: Any = condition.astype(np.float64) if type(condition) is ndarray else float(condition)
    return held  # type: ignore[no-any-return]


def negation(condition: Bools) -> Bools:
    """Where the condition does not hold."""
    turned: Any = ~condition if type(condition) is ndarray else not condition
    return turned  # type: ignore[no-any-return]


def _of_both(function: Callable[..., Any], alone: Callable[..., float] | None = None) -> Callable[..., Floats]:
    """A ufunc whose answer for floats is a float; ``alone`` gives the same bits sooner."""

    def lifted(*values: Floats | float) -> Floats:
        result: Any = function(*values)
        return result if type(result) is ndarray else result.item()

    def lifted_apart(value: Floats | float) -> Floats:
        result: Any = function(value) if type(value) is ndarray else (alone or function)(value)
        return result  # type: ignore[no-any-return]

    return lifted_apart if alone else lifted


def betainc_where(condition: Bools, count: Floats, shape: Floats, chance: Floats) -> Floats:
    """The regularised incomplete beta function where the condition holds, 1 elsewhere, where it is not worked out."""
    tail: Any
    if type(condition) is ndarray:
        tail = special.betainc(count, shape, chance, where=condition, out=(~condition).astype(np.float64))
    else:
        tail = betainc(count, shape, chance) if condition else 1.0
    return tail  # type: ignore[no-any-return]


sqrt = _of_both(np.sqrt, math.sqrt)
log = _of_both(np.log)
log1p = _of_both(np.log1p)
exp = _of_both(np.exp)
expm1 = _of_both(np.expm1)
expit = _of_both(special.expit)
logaddexp = _of_both(np.logaddexp)
betainc = _of_both(special.betainc)
ndtri = _of_both(special.ndtri)
