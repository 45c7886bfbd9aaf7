"""What a plan takes of programmes: options with their start, promises for later years, paths that change."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clusteropt.inputs.problem import Labels
from clusteropt.plan.arrays import Floats, Ints
from clusteropt.text import Text


@dataclass(frozen=True, slots=True, eq=False)
class TakenProgrammes:
    """The options of programmes that are taken, in the order of the tables.

    Parameters
    ----------
    programme, option : tuple of str
        Keys.
    name : tuple of Text
        What a planner reads.
    year : array of shape (num_taken,)
        Positions of the years in which they start.
    cost : array of shape (num_taken,)
        Whole units in the years of the plan, from all funds.
    value : array of shape (num_taken,)
        What each adds to the total outcome: weighted, discounted, spill-overs included.
    """

    programme: tuple[str, ...]
    option: tuple[str, ...]
    name: tuple[Text, ...]
    year: Ints
    cost: Ints
    value: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Promises:
    """What programmes that are taken cost after the last year of the plan.

    Parameters
    ----------
    programme, option : tuple of str
        Keys.
    fund : array of shape (num_promises,)
        Positions.
    year : array of shape (num_promises,)
        Calendar years.
    amount : array of shape (num_promises,)
        Whole units, positive.
    """

    programme: tuple[str, ...]
    option: tuple[str, ...]
    fund: Ints
    year: Ints
    amount: Ints


@dataclass(frozen=True, slots=True, eq=False)
class Moves:
    """The clusters that programmes move to another path.

    Parameters
    ----------
    cluster, year, path : arrays of shape (num_moves,)
        Positions: of the cluster, of its first year on the path, and of the path; sorted by cluster.
    """

    cluster: Ints
    year: Ints
    path: Ints


def programme_frame(taken: TakenProgrammes, labels: Labels) -> pd.DataFrame:
    """List the options that are taken under the labels of the plan."""
    return pd.DataFrame(
        {
            "programme": list(taken.programme),
            "option": list(taken.option),
            "year": np.array(labels.years, np.int64)[taken.year],
            "cost": taken.cost,
            "value": taken.value,
        }
    )


def promise_frame(promises: Promises, labels: Labels) -> pd.DataFrame:
    """List the promises under the labels of the plan."""
    return pd.DataFrame(
        {
            "programme": list(promises.programme),
            "option": list(promises.option),
            "fund": np.array(labels.funds, object)[promises.fund],
            "year": promises.year,
            "amount": promises.amount,
        }
    )


def paths_by_year(moves: Moves, path_of: Ints, num_years: int) -> Ints:
    """Give the main path of every cluster in every year, shape (num_clusters, num_years)."""
    paths = np.repeat(np.asarray(path_of, np.int64)[:, None], num_years, axis=1)
    for cluster, first, path in zip(moves.cluster.tolist(), moves.year.tolist(), moves.path.tolist(), strict=True):
        paths[cluster, first:] = path
    return paths


def path_frame(moves: Moves, path_of: Ints, labels: Labels) -> pd.DataFrame:
    """Give the path of every cluster, a column a year."""
    names = np.array(labels.paths, object)[paths_by_year(moves, path_of, len(labels.years))]
    years = {str(year): names[:, position] for position, year in enumerate(labels.years)}
    return pd.DataFrame({"cluster": labels.clusters, **years})
