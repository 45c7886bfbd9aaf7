"""What can go wrong, as a tree.

::

    ClusteroptError
    ├── InputError              the tables or the model file are wrong; lists every fault at once
    ├── NoPlanError             no plan is returned because the solver holds no incumbent
    │   ├── InfeasibleError     the solver claims that the rules cannot stand together
    │   ├── UnboundedError      the solver claims that the value has no limit
    │   ├── NoIncumbentError    a limit came before the first incumbent
    │   └── SolverFaultError    the solver failed, crashed, or returned what does not re-compute
    │       ├── FalseBoundError the solver's bound is below a value that is held
    │       └── SolverCrashError the process of the solver ended before it answered
    ├── ExactMoneyError         no whole amounts near the optimum obey every rule
    ├── ModelViewError          a Pyomo model cannot be read back into arrays
    ├── PlanFileError           a saved plan cannot be read
    └── OutputError             files cannot be written where they were asked for

A fault of the solver that was caught and did not cost the plan is no error but a `SolverFaultWarning`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clusteropt.text import Language, Text

if TYPE_CHECKING:
    from collections.abc import Sequence


class ClusteroptError(Exception):
    """The root of all errors this package raises on purpose.

    Parameters
    ----------
    message : Text
        What is wrong, where, why, and what to do next, in both languages.
    """

    def __init__(self, message: Text) -> None:
        super().__init__(message.en)
        self.message = message

    def read(self, language: Language) -> str:
        """Give the message in one language."""
        return self.message.read(language)


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with the input.

    Parameters
    ----------
    table : str
        The table, or the model file, that holds the fault.
    row : int or None
        The line of a CSV file, the row of a sheet, or the position in a frame counted from 1
        with the header as row 1; None if the fault is not in one row.
    column : str or None
        The column or key.
    value : str or None
        What stands there, as text.
    problem : Text
        What is wrong and why.
    remedy : Text
        What to do.
    """

    table: str
    row: int | None
    column: str | None
    value: str | None
    problem: Text
    remedy: Text

    def read(self, language: Language) -> str:
        """Write the fault as one line: where, what, and what to do."""
        if language is Language.ZH:
            row, column, colon, stop = " 第 {} 行", " 列 {}", ": ", " "
        else:
            row, column, colon, stop = " row {}", " column {}", ": ", " "
        where = self.table
        if self.row is not None:
            where += row.format(self.row)
        if self.column is not None:
            where += column.format(self.column)
        value = "" if self.value is None else f" ({self.value!r})"
        return f"{where}{value}{colon}{self.problem.read(language)}{stop}{self.remedy.read(language)}"


class InputError(ClusteroptError):
    """The tables or the model file are wrong.

    Parameters
    ----------
    faults : sequence of Fault
        Every fault found, in the order of the tables; never empty.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        num = len(self.faults)
        heads = {
            Language.EN: f"{num} fault{'s' if num != 1 else ''} in the input:",
            Language.ZH: f"输入有 {num} 处错误:",
        }
        bodies = {
            language: "\n".join([head, *(f"  - {fault.read(language)}" for fault in self.faults)])
            for language, head in heads.items()
        }
        super().__init__(Text(bodies[Language.EN], bodies[Language.ZH]))


class NoPlanError(ClusteroptError):
    """No plan is returned because the solver holds no incumbent."""


class InfeasibleError(NoPlanError):
    """The rules cannot stand together: as prices prove, or else as the solver claims.

    Parameters
    ----------
    message : Text
        As in every error.
    proof : StageProof, optional
        As in the certificate of a plan: multipliers at which no plan reaches what every plan is worth at least, which
        is nothing; None for a claim.
    """

    def __init__(self, message: Text, proof: object = None) -> None:
        super().__init__(message)
        self.proof = proof


class UnboundedError(NoPlanError):
    """The solver claims that the value has no limit."""


class NoIncumbentError(NoPlanError):
    """A limit came before the first incumbent."""


class SolverFaultError(NoPlanError):
    """The solver failed, crashed, or returned what does not re-compute."""


class FalseBoundError(SolverFaultError):
    """The solver's bound is below a value that is held.

    Parameters
    ----------
    message : Text
        As in every error.
    size : float
        How far below, relative to the value.
    """

    def __init__(self, message: Text, size: float) -> None:
        super().__init__(message)
        self.size = size


class SolverCrashError(SolverFaultError):
    """The process of the solver ended before it answered.

    Parameters
    ----------
    message : Text
        As in every error.
    code : int
        What the process ended with; negative for a signal.
    """

    def __init__(self, message: Text, code: int) -> None:
        super().__init__(message)
        self.code = code


class SolverFaultWarning(UserWarning):
    """The solver claimed what cannot be right; it was caught, and the programs were run another way.

    Parameters
    ----------
    message : Text or str
        What was caught and what was done, in both languages; a plain text where a warning is made again from its
        arguments, as by other processes.
    """

    def __init__(self, message: Text | str) -> None:
        self.message = message if isinstance(message, Text) else Text(message, message)
        super().__init__(self.message.en)

    def read(self, language: Language) -> str:
        """Give the message in one language."""
        return self.message.read(language)


class ExactMoneyError(ClusteroptError):
    """No whole amounts near the optimum obey every rule."""


class ModelViewError(ClusteroptError):
    """A Pyomo model cannot be read back into arrays."""


class PlanFileError(ClusteroptError):
    """A saved plan cannot be read."""


class OutputError(ClusteroptError):
    """Files cannot be written where they were asked for."""
