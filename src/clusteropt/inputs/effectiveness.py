"""What a lever does on a path, from published estimates and from what the report says of the path.

No published estimate is by innovation path, and the report holds no number. So the elasticity of path p and
lever l is a level times a tilt,

    epsilon[p, l] = level[l] * tilt[p, l],

with level[l] the mean of the usable estimates of the lever (`lever_levels`) and tilt[p, l] how much more, or
less, the report speaks of the lever on this path than on the others (`path_tilts`). Both carry a spread.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusteropt.domain import LEVER_LABELS, PATH_LABELS, Lever, Path

# Statements about clusters at large: part of what the report says of a lever, but of no path in particular.
ALL_PATHS = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrinkage:
    """How many statements the share over all paths is worth against those of one path.

    The report makes 6 to 10 priced statements a path, so 10 lets text and prior weigh about the same.

    Parameters
    ----------
    strength : float
        Pseudo-statements behind the mean; positive.
    weaker, stronger : float
        Pseudo-statements behind the spread, below and above ``strength``.

    Raises
    ------
    ValueError
        If they are not finite, positive and in order.
    """

    strength: float = 10.0
    weaker: float = 5.0
    stronger: float = 20.0

    def __post_init__(self) -> None:
        """Check the order."""
        if not (math.isfinite(self.stronger) and 0 < self.weaker <= self.strength <= self.stronger):
            raise ValueError(
                f"weaker, strength, stronger are {self.weaker}, {self.strength}, {self.stronger}; "
                "give positive numbers, none below the one before."
            )


def lever_levels(estimates: pd.DataFrame) -> pd.DataFrame:
    """Give the level of each lever as the mean of its usable estimates, with their widest range.

    An estimate is usable where it has an ``elasticity``. One whose outcome is not patents names in
    ``pass_through`` the estimate that carries its outcome over to patents, and is multiplied by that. The
    level is the mean of the elasticities; low and high are the least ``elasticity_low`` and the greatest
    ``elasticity_high``; what falls below 0 counts as 0, because no lever is planned to do harm.

    Parameters
    ----------
    estimates : DataFrame
        Columns ``id``, ``lever``, ``elasticity``, ``elasticity_low``, ``elasticity_high``, ``pass_through``.

    Returns
    -------
    DataFrame
        Columns ``lever``, ``mean``, ``low``, ``high``, ``estimates`` (the ids joined by ``;``), in the order
        of `Lever`. Elasticities of invention patents to the money spent on the lever, no unit.

    Raises
    ------
    ValueError
        If a lever has no usable estimate, or a pass-through names none.
    """
    usable = estimates[estimates["elasticity"].notna()].set_index("id", drop=False)
    via = usable["pass_through"].fillna("")
    unknown = sorted(set(via) - set(usable.index) - {""})
    if unknown:
        raise ValueError(f"pass_through names {', '.join(unknown)}, which has no elasticity; name one that has.")
    factor = via.map(usable["elasticity"]).fillna(1.0)
    columns = ["elasticity", "elasticity_low", "elasticity_high"]
    scaled = usable[columns].mul(factor, axis=0).assign(id=usable["id"], lever=usable["lever"])
    rows = []
    for lever in Lever:
        own = scaled[scaled["lever"] == lever]
        if own.empty:
            raise ValueError(f"no estimate of {lever} has an elasticity; give at least one.")
        mean = max(0.0, float(own["elasticity"].mean()))
        low = max(0.0, float(own["elasticity_low"].min()))
        high = max(0.0, float(own["elasticity_high"].max()))
        rows.append((str(lever), mean, min(low, mean), max(high, mean), ";".join(own["id"])))
    return pd.DataFrame(rows, columns=["lever", "mean", "low", "high", "estimates"])


def statement_counts(evidence: pd.DataFrame) -> pd.DataFrame:
    """Count the priced statements: how often the report speaks of each lever on each path.

    Statements on the innovation ecosystem have no price in the report and are left out.

    Parameters
    ----------
    evidence : DataFrame
        Columns ``path`` (one of `Path`, or ``all``) and ``lever``.

    Returns
    -------
    DataFrame
        Whole numbers; rows in the order of `Path` and then ``all``, columns in the order of `Lever`.
    """
    rows, columns = [*map(str, Path), ALL_PATHS], [*map(str, Lever)]
    counts = pd.crosstab(evidence["path"], evidence["lever"])
    return counts.reindex(index=rows, columns=columns, fill_value=0)


def path_tilts(evidence: pd.DataFrame, strength: float) -> pd.DataFrame:
    """Give how much more the report speaks of a lever on a path than on the mean path.

    With n[p, l] the priced statements, n[p] their sum over levers, pi[l] the share of lever l in all priced
    statements (those on clusters at large among them) and k the strength, the shrunk share is the mean of a
    Dirichlet posterior, share[p, l] = (n[p, l] + k pi[l]) / (n[p] + k), and
    tilt[p, l] = share[p, l] / mean over paths of share[., l].

    Parameters
    ----------
    evidence : DataFrame
        As in `statement_counts`.
    strength : float
        k, in statements, positive.

    Returns
    -------
    DataFrame
        Rows in the order of `Path`, columns in the order of `Lever`; the mean of each column is 1.

    Raises
    ------
    ValueError
        If no statement speaks of one of the levers.
    """
    counts = statement_counts(evidence)
    pooled = counts.sum() / counts.to_numpy().sum()
    silent = [lever for lever in counts.columns if not pooled[lever] > 0]
    if silent:
        raise ValueError(f"no statement speaks of {', '.join(silent)}; code at least one.")
    own = counts.drop(index=ALL_PATHS)
    share = own.add(strength * pooled, axis=1).div(own.sum(axis=1) + strength, axis=0)
    return share / share.mean()


def effectiveness_table(
    levels: pd.DataFrame, evidence: pd.DataFrame, shrinkage: Shrinkage | None = None
) -> pd.DataFrame:
    """Give the effectiveness of every lever on every path, with its spread and its source.

    The mean is level times tilt. Low is the low level times the least tilt, high the high level times the
    greatest tilt under the three strengths of the shrinkage.

    Parameters
    ----------
    levels : DataFrame
        As `lever_levels` gives it.
    evidence : DataFrame
        As in `statement_counts`.
    shrinkage : Shrinkage, optional
        The strengths; the default ones if None.

    Returns
    -------
    DataFrame
        Columns ``path``, ``lever``, ``mean``, ``low``, ``high``, ``source``: the effectiveness table.
    """
    shrinkage = shrinkage or Shrinkage()
    strengths = (shrinkage.strength, shrinkage.weaker, shrinkage.stronger)
    tilts = np.stack([path_tilts(evidence, strength).to_numpy() for strength in strengths])
    columns = ["mean", "low", "high"]
    # Indexed by lever and column: the levels, in the order of `Lever`.
    level = levels.set_index("lever").loc[[*map(str, Lever)], columns].to_numpy()
    spread = np.stack(
        [tilts[0] * level[:, 0], tilts.min(axis=0) * level[:, 1], tilts.max(axis=0) * level[:, 2]], axis=-1
    )
    keys = pd.MultiIndex.from_product([map(str, Path), map(str, Lever)], names=["path", "lever"])
    table = pd.DataFrame(spread.reshape(-1, 3), index=keys, columns=columns).reset_index()
    return table.assign(source=_sources(levels, evidence, shrinkage.strength))


def _sources(levels: pd.DataFrame, evidence: pd.DataFrame, strength: float) -> list[str]:
    """Say for every path and lever which estimates and how many statements stand behind it."""
    counts = statement_counts(evidence).to_numpy()
    tilts = path_tilts(evidence, strength).to_numpy()
    level = levels.set_index("lever")
    return [
        f"{LEVER_LABELS[lever].en}: level {level['mean'][str(lever)]:.3f} from the estimates "
        f"{level['estimates'][str(lever)]}; {PATH_LABELS[path].en}: tilt {tilts[row, column]:.3f} from "
        f"{counts[row, column]} of {counts[row].sum()} priced statements of the report, shrunk by "
        f"{strength:g} towards the share over all {counts.sum()}."
        for row, path in enumerate(Path)
        for column, lever in enumerate(Lever)
    ]
