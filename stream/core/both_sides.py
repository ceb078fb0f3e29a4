"""Both sides of a payment: what its customer brings and what its terminal knows, in one row of features."""

import numpy as np

from stream.core.merge import Merged
from stream.core.names import CUSTOMER_FEATURES, FEATURES
from stream.core.terminals import TerminalColumns, TerminalTable
from stream.wire.columns import Matrix

_RATIO = CUSTOMER_FEATURES.index("amount_ratio")


def at_terminals(table: TerminalTable, merged: Merged) -> TerminalColumns:
    """Apply merged payments and verdicts to their terminals, in their order."""
    return table.apply(
        kind=merged.origin % 2,
        at=merged.at,
        amount=merged.amount,
        terminal=merged.terminal,
        seq=merged.seq,
        origin=merged.origin,
        offset=merged.offset,
        id=merged.id,
        ratio=merged.features[:, _RATIO],
    )


def side_by_side(customers: Matrix, terminals: Matrix) -> Matrix:
    """Put ``(n, CUSTOMER_FEATURES)`` and ``(n, TERMINAL_FEATURES)`` together, ``(n, FEATURES)``."""
    x = np.empty((len(customers), len(FEATURES)))
    x[:, : len(CUSTOMER_FEATURES)] = customers
    x[:, len(CUSTOMER_FEATURES) :] = terminals
    return x
