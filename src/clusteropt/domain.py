"""The words of strategic emerging industry clusters: paths, levers, features, and how to classify.

The five innovation paths and the three readings that tell them apart (how uncertain innovation is, where it
comes from, how it spreads) are those of the State Information Center, "Innovation paths of strategic emerging
industry clusters and policy advice" (2023), part two.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping


class Path(StrEnum):
    """The innovation path of a cluster."""

    ANCHOR_LED = "anchor_led"
    UPGRADING = "upgrading"
    CONVERGENCE = "convergence"
    INTRODUCED = "introduced"
    INDIGENOUS = "indigenous"


class Lever(StrEnum):
    """What money is spent on."""

    BASIC_RESEARCH = "basic_research"
    TALENT = "talent"
    FINANCE = "finance"
    INFRASTRUCTURE = "infrastructure"


class Feature(StrEnum):
    """What sets a strategic emerging industry cluster apart, each as an indicator in 0..1."""

    CONCENTRATION = "concentration"
    INNOVATION = "innovation"
    INTERACTION = "interaction"
    SPILLOVER = "spillover"
    GROWTH = "growth"


class Risk(StrEnum):
    """A risk that the report names for clusters whose innovation is fairly certain."""

    SUBSTITUTION = "substitution"
    ROUTE_SHIFT = "route_shift"


class Reading(StrEnum):
    """What is read off a cluster to find its path."""

    UNCERTAINTY = "uncertainty"
    ORIGIN = "origin"
    DIFFUSION = "diffusion"


PATH_LABELS: Mapping[Path, Text] = MappingProxyType(
    {
        Path.ANCHOR_LED: Text("Anchor-led", "巨头引入型"),
        Path.UPGRADING: Text("Upgrading", "升级创新型"),
        Path.CONVERGENCE: Text("Convergence", "融合创新型"),
        Path.INTRODUCED: Text("Introduced", "引进创新型"),
        Path.INDIGENOUS: Text("Indigenous", "自主创新型"),
    }
)

LEVER_LABELS: Mapping[Lever, Text] = MappingProxyType(
    {
        Lever.BASIC_RESEARCH: Text("Basic research", "基础研究"),
        Lever.TALENT: Text("Talent", "人才"),
        Lever.FINANCE: Text("Finance", "金融"),
        Lever.INFRASTRUCTURE: Text("Infrastructure", "基础设施"),
    }
)

FEATURE_LABELS: Mapping[Feature, Text] = MappingProxyType(
    {
        Feature.CONCENTRATION: Text("Concentration of inputs", "要素集聚度"),
        Feature.INNOVATION: Text("Innovation capacity", "创新能力"),
        Feature.INTERACTION: Text("Interaction of actors", "主体互动性"),
        Feature.SPILLOVER: Text("Knowledge spill-over", "知识传导性"),
        Feature.GROWTH: Text("Growth potential", "成长潜力"),
    }
)

RISK_LABELS: Mapping[Risk, Text] = MappingProxyType(
    {
        Risk.SUBSTITUTION: Text("Another region takes the cluster's place", "被其他区域替代"),
        Risk.ROUTE_SHIFT: Text("The technology route shifts under specific assets", "技术路线振荡"),
    }
)

READING_LABELS: Mapping[Reading, Text] = MappingProxyType(
    {
        Reading.UNCERTAINTY: Text("uncertainty of innovation", "创新不确定性"),
        Reading.ORIGIN: Text("origin of innovation", "创新源头"),
        Reading.DIFFUSION: Text("reach of diffusion", "创新扩散范围"),
    }
)

READING_WORDS: Mapping[Reading, Mapping[str, float]] = MappingProxyType(
    {
        Reading.UNCERTAINTY: MappingProxyType({"low": 0.0, "high": 1.0}),
        Reading.ORIGIN: MappingProxyType({"outside": 0.0, "inside": 1.0}),
        # By reach: from one hub to its suppliers, in one trusting circle, across fields, without a border.
        Reading.DIFFUSION: MappingProxyType({"hub": 0.0, "circle": 1 / 3, "fields": 2 / 3, "wide": 1.0}),
    }
)

PATH_RISKS: Mapping[Path, tuple[Risk, ...]] = MappingProxyType(
    {
        Path.ANCHOR_LED: (Risk.SUBSTITUTION, Risk.ROUTE_SHIFT),
        Path.UPGRADING: (Risk.SUBSTITUTION, Risk.ROUTE_SHIFT),
        Path.CONVERGENCE: (),
        Path.INTRODUCED: (),
        Path.INDIGENOUS: (),
    }
)

# The report expects both to turn to convergence as they grow able, to leave the two risks behind.
PATH_TRANSITIONS: Mapping[Path, Path] = MappingProxyType(
    {Path.ANCHOR_LED: Path.CONVERGENCE, Path.UPGRADING: Path.CONVERGENCE}
)


@dataclass(frozen=True, slots=True)
class Prototype:
    """What a textbook cluster of one path reads on the three scales.

    Parameters
    ----------
    uncertainty, diffusion : float
        The reading, in 0..1.
    origin : float or None
        The reading, in 0..1; None where either origin is as typical, so that it does not count.
    """

    uncertainty: float
    origin: float | None
    diffusion: float

    def squared_distances(self, readings: tuple[float, float, float]) -> tuple[float, float, float]:
        """Give the squared distance to a cluster, reading by reading."""
        uncertainty, origin, diffusion = readings
        return (
            (uncertainty - self.uncertainty) ** 2,
            0.0 if self.origin is None else (origin - self.origin) ** 2,
            (diffusion - self.diffusion) ** 2,
        )


PROTOTYPES: Mapping[Path, Prototype] = MappingProxyType(
    {
        # The giant is either brought in or a local one that changes its trade (part two, section one).
        Path.ANCHOR_LED: Prototype(0.0, None, 0.0),
        Path.UPGRADING: Prototype(0.0, 1.0, 1 / 3),
        # Work across fields is less certain than work inside one, and still far from original innovation.
        Path.CONVERGENCE: Prototype(0.15, 1.0, 2 / 3),
        Path.INTRODUCED: Prototype(1.0, 0.0, 1.0),
        Path.INDIGENOUS: Prototype(1.0, 1.0, 1.0),
    }
)

# With two thirds the leading path outweighs all others together two to one.
CLEAR_MEMBERSHIP = 2 / 3
# Half of what each of the five paths would have if nothing were known.
SMALL_MEMBERSHIP = 0.1


@dataclass(frozen=True, slots=True)
class Classification:
    """The path of a cluster, how far it shares in the others, and why.

    Parameters
    ----------
    path : Path
        The path with the largest membership; of equals the one that stands first in `Path`.
    memberships : tuple of float, length 5
        How much of each path the cluster has, in the order of `Path`; the sum is 1.
    runner_up : Path
        The next best path, also where its membership was dropped.
    deciding : Reading
        The reading that speaks most for ``path`` against ``runner_up``.
    reason : Text
        The same in words.
    """

    path: Path
    memberships: tuple[float, ...]
    runner_up: Path
    deciding: Reading
    reason: Text


def classify(uncertainty: float, origin: float, diffusion: float) -> Classification:
    """Find the innovation path of a cluster from three readings.

    The memberships are those of fuzzy c-means with fuzzifier 2 and fixed centres: with d_p the squared
    distance to the prototype of path p, m_p = (1 / d_p) / sum_q (1 / d_q); a cluster on a prototype belongs
    to it alone. A cluster whose largest membership reaches ``CLEAR_MEMBERSHIP`` gets 1 on that path. One in
    between keeps its memberships from ``SMALL_MEMBERSHIP`` up, scaled to the sum 1.

    Parameters
    ----------
    uncertainty : float
        How uncertain innovation is, from 0 (the route is known) to 1.
    origin : float
        Where innovation comes from, from 0 (outside the region) to 1 (inside).
    diffusion : float
        How far innovation spreads, from 0 (from one hub to its suppliers) to 1 (without a border). The words
        for all three stand in `READING_WORDS`.

    Returns
    -------
    Classification
        The path, the memberships and the reason.

    Raises
    ------
    ValueError
        If a reading is not a number from 0 to 1.

    References
    ----------
    Bezdek, J. C. (1981). Pattern Recognition with Fuzzy Objective Function Algorithms. Plenum Press.
    https://doi.org/10.1007/978-1-4757-0450-1
    """
    readings = (uncertainty, origin, diffusion)
    for reading, value in zip(Reading, readings, strict=True):
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise ValueError(f"{reading} is {value}; give a number from 0 to 1.")
    parts = {path: prototype.squared_distances(readings) for path, prototype in PROTOTYPES.items()}
    # The sort is stable, so of equals the first path of the enumeration leads.
    path, runner_up, *_ = sorted(Path, key=lambda candidate: sum(parts[candidate]))
    raw = _memberships([sum(parts[candidate]) for candidate in Path])
    memberships = _settle(raw)
    leads = [behind - ahead for ahead, behind in zip(parts[path], parts[runner_up], strict=True)]
    deciding = list(Reading)[leads.index(max(leads))]
    reason = _reason(path, runner_up, deciding, raw)
    return Classification(path, memberships, runner_up, deciding, reason)


def _memberships(distances: list[float]) -> list[float]:
    """Give the fuzzy c-means memberships for squared distances to every path."""
    nearest = min(distances)
    if nearest == 0:
        return [1.0 if distance == 0 else 0.0 for distance in distances]
    # Dividing by the nearest keeps every term in 0..1, whatever the distances.
    closeness = [nearest / distance for distance in distances]
    total = sum(closeness)
    return [value / total for value in closeness]


def _settle(memberships: list[float]) -> tuple[float, ...]:
    """Round a clear case to one path; drop the small memberships of one in between."""
    largest = max(memberships)
    floor = largest if largest >= CLEAR_MEMBERSHIP else SMALL_MEMBERSHIP
    kept = [value if value >= floor else 0.0 for value in memberships]
    total = sum(kept)
    return tuple(value / total for value in kept)


def _reason(path: Path, runner_up: Path, deciding: Reading, memberships: list[float]) -> Text:
    """Say in words which reading decided, and how close the runner-up is."""
    share = dict(zip(Path, memberships, strict=True))
    winner, second, reading = PATH_LABELS[path], PATH_LABELS[runner_up], READING_LABELS[deciding]
    clear = max(memberships) >= CLEAR_MEMBERSHIP
    verdict = Text("clearly", "明确属于") if clear else Text("in between, mainly", "介于几类之间, 主要属于")
    return Text(
        f"{verdict.en} {winner.en} ({share[path]:.0%}): the {reading.en} decides; "
        f"the runner-up is {second.en} ({share[runner_up]:.0%}).",
        f"{verdict.zh}{winner.zh} ({share[path]:.0%}): 起决定作用的是{reading.zh}; "
        f"其次为{second.zh} ({share[runner_up]:.0%})。",
    )
