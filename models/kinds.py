"""The kinds of space a sensor can stand in, in the order every table of the models keeps."""

KINDS = ("stairwell", "cellar", "attic", "entrance", "laundry", "garage", "other")


def kind_number(name: str) -> int:
    """Row of a kind in the fleet prior's tables.

    Raises
    ------
    ValueError
        If there is no such kind.
    """
    try:
        return KINDS.index(name)
    except ValueError:
        raise ValueError(f"{name!r} is no kind of space; use one of {', '.join(KINDS)}") from None
