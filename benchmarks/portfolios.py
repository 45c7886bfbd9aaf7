"""Portfolios of any size in three shapes, as public tables: what the benchmarks of the engine plan.

*Loose*: one purse of 35 % of the full cost, at most one of five awards a cell, a cluster at most 60 % of its full cost,
each lever at most 45 % of the purse, each region at least half its proportional share. *Tight*: levers at most 20, 22,
35 and 30 % of the purse, regions at least 0.6 to 1.25 times their proportional share, together 97 % of the purse at
most. *Years*: loose, over three years whose purse carries four fifths of what is left into the next year.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from clusteropt.domain import Path as InnovationPath
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.settings import MoneySettings, ObjectiveSettings

if TYPE_CHECKING:
    from clusteropt.inputs.problem import Floats, Ints, Problem

LEVERS, LEVELS, REGIONS, YEARS = 4, 5, 31, 3
FIRST_YEAR = 2026
CENTS = 100
"""Whole units in one printed unit of money."""


class Shape(StrEnum):
    """How tight the limits between clusters are."""

    LOOSE = "loose"
    TIGHT = "tight"
    YEARS = "years"


def draw_awards(clusters: int, dice: np.random.Generator) -> tuple[Ints, Floats]:
    """Draw the awards of every cell and their gains, each of shape (clusters, LEVERS, LEVELS).

    Money scale lognormal(3, 0.8); awards at sorted uniform(0.1, 1) of it, to the cent; gain = e scale
    (1 - exp(-2.2 share)) uniform(0.85, 1.15) with e uniform(0.3, 1.7).
    """
    scale = dice.lognormal(3.0, 0.8, (clusters, LEVERS, 1))
    share = np.sort(dice.uniform(0.1, 1.0, (clusters, LEVERS, LEVELS)), axis=2)
    amount = np.round(share * scale * CENTS).astype(np.int64)
    # Awards of one cell differ by a cent at least.
    amount = np.maximum.accumulate(amount - np.arange(LEVELS), axis=2) + np.arange(LEVELS)
    effect = dice.uniform(0.3, 1.7, (clusters, LEVERS, 1))
    noise = dice.uniform(0.85, 1.15, (clusters, LEVERS, LEVELS))
    return np.maximum(amount, np.arange(1, LEVELS + 1)), effect * scale * (1 - np.exp(-2.2 * share)) * noise


def portfolio_tables(clusters: int, shape: Shape, seed: int = 0, kinds: int | None = None) -> dict[str, pd.DataFrame]:
    """Give the tables of a portfolio; of so many kinds of clusters, alike in all but their names, or each by itself."""
    dice, num = np.random.default_rng(seed), kinds or clusters
    kind = np.arange(clusters) % num
    amount, gain = (part[kind] for part in draw_awards(num, dice))
    full = amount[:, :, -1]
    region = dice.integers(0, REGIONS, num)[kind]
    names = np.array([f"C{number:07d}" for number in range(clusters)], object)
    levers = np.array([f"L{number}" for number in range(LEVERS)], object)
    paths = [str(path) for path in InnovationPath]
    years = [FIRST_YEAR + number for number in range(YEARS if shape is Shape.YEARS else 1)]
    purse = int(full.sum()) * 35 // 100
    funds = pd.DataFrame({"fund": "purse", "year": years, "amount": purse // len(years)})
    if shape is Shape.YEARS:
        funds["carry_over"] = "0.8"
    cell = np.repeat(np.arange(clusters), LEVERS), np.tile(np.arange(LEVERS), clusters)
    level = np.repeat(cell[0], LEVELS), np.repeat(cell[1], LEVELS), np.tile(np.arange(LEVELS), clusters * LEVERS)
    return {
        "clusters": pd.DataFrame(
            {
                "cluster": names,
                "region": [f"R{number:02d}" for number in region],
                "industry": "I",
                "path": [paths[number % len(paths)] for number in kind],
                "scale": full.sum(axis=1) / CENTS,
            }
        ),
        "levers": pd.DataFrame({"lever": levers, "response": "linear"}),
        "effectiveness": pd.DataFrame(
            [{"path": path, "lever": lever, "mean": 1.0, "source": "levels say"} for path in paths for lever in levers]
        ),
        "funds": funds,
        "cells": pd.DataFrame({"cluster": names[cell[0]], "lever": levers[cell[1]], "cost": full.ravel()}),
        "levels": pd.DataFrame(
            {
                "cluster": names[level[0]],
                "lever": levers[level[1]],
                "level": [f"award {number}" for number in level[2]],
                "amount": amount.ravel(),
                "gain": gain.ravel(),
            }
        ),
        "rules": pd.DataFrame(_rules(shape, (full, region), purse, dice)),
    }


def portfolio(
    clusters: int,
    shape: Shape,
    seed: int = 0,
    kinds: int | None = None,
    objective: ObjectiveSettings | None = None,
) -> Problem:
    """Give the problem of a portfolio, the most outcome in total if not told; parameters as in `portfolio_tables`."""
    settings = ModelSettings(
        name=f"{shape}-{clusters}-{seed}",
        money=MoneySettings(per_printed=CENTS),
        objective=objective or ObjectiveSettings(),
    )
    return problem_from_tables(portfolio_tables(clusters, shape, seed, kinds), settings, keep_inputs=True)


def _rules(shape: Shape, cells: tuple[Ints, Ints], purse: int, dice: np.random.Generator) -> list[dict[str, object]]:
    full, region = cells
    tight = shape is Shape.TIGHT
    shares = (20, 22, 35, 30) if tight else (45,) * LEVERS
    size = np.bincount(region, weights=full.sum(axis=1), minlength=REGIONS) / full.sum() * purse
    floors = size * (dice.uniform(0.6, 1.25, REGIONS) if tight else 0.5)
    floors *= min(1.0, 0.97 * purse / floors.sum())
    each = "cluster|year" if shape is Shape.YEARS else "cluster"
    return [
        {"rule": "cluster", "kind": "share", "of": "cost", "each": each, "max": "0.6"},
        *(
            {"rule": f"lever {k}", "kind": "amount", "lever": f"L{k}", "max": purse * share // 100}
            for k, share in enumerate(shares)
        ),
        *(
            {"rule": f"region {k}", "kind": "amount", "region": f"R{k:02d}", "min": int(floors[k])}
            for k in range(REGIONS)
            if size[k]
        ),
    ]
