"""Effectiveness from estimates and coded statements."""

from __future__ import annotations

import math
from pathlib import Path as FilePath

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusteropt.domain import Lever, Path
from clusteropt.inputs.effectiveness import (
    Shrinkage,
    effectiveness_table,
    lever_levels,
    path_tilts,
    statement_counts,
)

DATASETS = FilePath(__file__).parents[2] / "datasets"


@pytest.fixture
def evidence() -> pd.DataFrame:
    """Give the coded statements of the report."""
    return pd.read_csv(DATASETS / "report" / "evidence.csv")


@pytest.fixture
def estimates() -> pd.DataFrame:
    """Give one small estimate a lever, with a pass-through for finance."""
    rows = [
        ("A", "basic_research", 0.1, 0.0, 0.3, None),
        ("B", "basic_research", 0.3, 0.2, 0.4, None),
        ("C", "talent", -0.1, -0.5, 0.1, None),
        ("D", "finance", 0.5, 0.4, 0.6, "E"),
        ("E", "all", 0.5, 0.4, 0.6, None),
        ("F", "infrastructure", 0.1, 0.08, 0.12, None),
        ("G", "infrastructure", math.nan, math.nan, math.nan, None),
    ]
    names = ["id", "lever", "elasticity", "elasticity_low", "elasticity_high", "pass_through"]
    return pd.DataFrame(rows, columns=names)


def test_levels_are_means_with_the_widest_range(estimates):
    """Means, ranges and ids worked out by hand; unusable estimates do not count."""
    levels = lever_levels(estimates).set_index("lever")
    assert list(levels.index) == list(Lever)
    assert tuple(levels.loc["basic_research", ["mean", "low", "high"]]) == pytest.approx((0.2, 0.0, 0.4))
    assert levels.loc["basic_research", "estimates"] == "A;B"
    assert levels.loc["infrastructure", "estimates"] == "F"


def test_an_intermediate_outcome_is_carried_over(estimates):
    """An elasticity of private R&D is multiplied by that of patents to private R&D."""
    finance = lever_levels(estimates).set_index("lever").loc["finance"]
    assert tuple(finance[["mean", "low", "high"]]) == pytest.approx((0.25, 0.2, 0.3))


def test_what_falls_below_zero_counts_as_zero(estimates):
    """A lever with a negative mean has the level 0, and the range still holds it."""
    talent = lever_levels(estimates).set_index("lever").loc["talent"]
    assert tuple(talent[["mean", "low", "high"]]) == pytest.approx((0.0, 0.0, 0.1))


def test_a_lever_without_an_estimate_is_refused(estimates):
    """A level never comes from nowhere."""
    with pytest.raises(ValueError, match="no estimate of talent has an elasticity; give at least one"):
        lever_levels(estimates[estimates["lever"] != "talent"])


def test_an_unknown_pass_through_is_refused(estimates):
    """A pass-through has to name an estimate with an elasticity."""
    with pytest.raises(ValueError, match="pass_through names G, which has no elasticity"):
        lever_levels(estimates.replace({"pass_through": {"E": "G"}}))


def test_statement_counts_of_the_report(evidence):
    """The priced statements of the report, counted by hand; the ecosystem is left out."""
    counts = statement_counts(evidence)
    assert counts.loc["anchor_led"].to_list() == [2, 2, 0, 2]
    assert counts.loc["upgrading"].to_list() == [0, 0, 4, 2]
    assert counts.loc["convergence"].to_list() == [0, 6, 0, 2]
    assert counts.loc["introduced"].to_list() == [2, 4, 2, 2]
    assert counts.loc["indigenous"].to_list() == [2, 6, 2, 0]
    assert counts.loc["all"].to_list() == [4, 6, 6, 2]


def test_a_tilt_worked_out_by_hand(evidence):
    """The shrunk shares of finance with ten pseudo-statements, over their mean."""
    pooled = 14 / 58
    own = {"anchor_led": (0, 6), "upgrading": (4, 6), "convergence": (0, 8)}
    own |= {"introduced": (2, 10), "indigenous": (2, 10)}
    shares = {path: (num + 10 * pooled) / (of + 10) for path, (num, of) in own.items()}
    mean = sum(shares.values()) / 5
    tilts = path_tilts(evidence, 10)["finance"]
    assert tilts.to_dict() == pytest.approx({path: share / mean for path, share in shares.items()})


@given(st.floats(0.01, 1e6))
def test_tilts_have_mean_one_at_any_strength(strength):
    """Whatever the shrinkage, a lever is tilted between paths and not lifted as a whole."""
    tilts = path_tilts(pd.read_csv(DATASETS / "report" / "evidence.csv"), strength)
    assert tilts.mean().to_list() == pytest.approx([1.0] * 4, abs=1e-12)
    assert (tilts > 0).all(axis=None)


def test_a_strong_prior_takes_the_tilt_away(evidence):
    """With a million pseudo-statements every path gets the same."""
    assert path_tilts(evidence, 1e6).to_numpy() == pytest.approx(1.0, abs=1e-4)


def test_a_lever_nobody_speaks_of_is_refused(evidence):
    """Without a statement on a lever there is no share to tilt."""
    with pytest.raises(ValueError, match="no statement speaks of finance; code at least one"):
        path_tilts(evidence[evidence["lever"] != "finance"], 10)


def test_the_table_is_level_times_tilt(estimates, evidence):
    """Means are products; low and high take the ends of both ranges; every row says where it is from."""
    levels = lever_levels(estimates)
    table = effectiveness_table(levels, evidence).set_index(["path", "lever"])
    assert len(table) == len(Path) * len(Lever)
    tilts = {strength: path_tilts(evidence, strength) for strength in (5, 10, 20)}
    row = table.loc[("upgrading", "finance")]
    here = [tilts[strength].loc["upgrading", "finance"] for strength in (5, 10, 20)]
    assert row["mean"] == pytest.approx(0.25 * here[1])
    assert row["low"] == pytest.approx(0.2 * min(here))
    assert row["high"] == pytest.approx(0.3 * max(here))
    assert "estimates D;" in row["source"]
    assert "4 of 6 priced statements" in row["source"]


def test_the_spread_holds_the_mean(estimates, evidence):
    """Low <= mean <= high everywhere, also where all three strengths agree."""
    same = Shrinkage(strength=10, weaker=10, stronger=10)
    for shrinkage in (None, same):
        table = effectiveness_table(lever_levels(estimates), evidence, shrinkage)
        assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()


@pytest.mark.parametrize(("weaker", "strength", "stronger"), [(0, 10, 20), (11, 10, 20), (5, 10, 9), (5, 10, math.inf)])
def test_strengths_out_of_order_are_refused(weaker, strength, stronger):
    """The strengths have to be positive, finite and in order."""
    with pytest.raises(ValueError, match="give positive numbers, none below the one before"):
        Shrinkage(weaker=weaker, strength=strength, stronger=stronger)
