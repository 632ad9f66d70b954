"""Pure functions that several steps of a run ask the same thing: it is worked out once."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")


def asked_once(function: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """Return the function with its last answer kept, for as long as it is asked of the very same objects.

    They must be left as they are: what is remembered is never changed in its place.
    """
    asked: tuple[object, ...] = ()
    answer: list[Answer] = []

    @wraps(function)
    def ask(*arguments: Arguments.args, **named: Arguments.kwargs) -> Answer:
        nonlocal asked
        now = (*arguments, *named.values())
        if not answer or len(now) != len(asked) or any(one is not other for one, other in zip(now, asked, strict=True)):
            answer[:] = [function(*arguments, **named)]
            asked = now
        return answer[0]

    return ask
