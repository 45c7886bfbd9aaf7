"""Which engine searches a plan, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Engine(StrEnum):
    """What searches a plan.

    HiGHS alone on the whole program; prices and cores, and the whole only after them; or prices and excerpts, without a
    program of the whole.
    """

    WHOLE = "whole"
    CORES = "cores"
    EXCERPTS = "excerpts"


class EngineReason(StrEnum):
    """Why an engine was chosen.

    ``huge``, ``many`` and ``few``: so many clusters are faster with it. ``picks``: only programmes are chosen, and a
    relaxation has their prices. ``plain``: nothing is chosen, money only
    flows. ``own``: parts of the caller's own have no prices. ``kept``: the choices of a plan at hand are kept.
    ``units``: amounts are so coarse that they are searched one by one.
    """

    HUGE = "huge"
    MANY = "many"
    PICKS = "picks"
    FEW = "few"
    PLAIN = "plain"
    OWN = "own"
    KEPT = "kept"
    UNITS = "units"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """The engine that searched the first stage of a plan, and why it did.

    Parameters
    ----------
    engine : Engine
        What searched.
    reason : EngineReason
        Why.
    large : int
        From so many clusters on prices and cores, or excerpts, are chosen where nothing stands against them, as
        measured by ``benchmarks/choice.py``.
    """

    engine: Engine
    reason: EngineReason
    large: int


def choice_for(reason: EngineReason, large: int) -> EngineChoice:
    """Give the engine that goes with a reason.

    Parameters
    ----------
    reason : EngineReason
        The first that holds.
    large : int
        The number of clusters from which on there are many.
    """
    engines = {EngineReason.HUGE: Engine.EXCERPTS, EngineReason.MANY: Engine.CORES, EngineReason.PICKS: Engine.CORES}
    return EngineChoice(engines.get(reason, Engine.WHOLE), reason, large)
