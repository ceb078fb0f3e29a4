"""The states of a model and the steps between them, as one table."""

from typing import Literal, TypeAlias

State: TypeAlias = Literal["candidate", "shadow", "champion", "retired"]
Action: TypeAlias = Literal["register", "shadow", "promote", "rollback", "retire"]

# action → states that it starts from (None: not in the registry), and the one where it leads
STEPS: dict[Action, tuple[tuple[State | None, ...], State]] = {
    "register": ((None,), "candidate"),
    "shadow": (("candidate",), "shadow"),
    "promote": (("shadow",), "champion"),
    "rollback": (("retired",), "champion"),
    "retire": (("candidate", "shadow"), "retired"),
}


def may(action: Action, state: State | None) -> bool:
    """Say whether a model in ``state`` (None: not in the registry) may take this step."""
    return state in STEPS[action][0]
