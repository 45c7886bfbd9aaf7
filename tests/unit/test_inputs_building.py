"""What the arrays of a problem hold, value by value."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from clusteropt.domain import classify
from clusteropt.inputs import ModelSettings, problem_from_tables
from clusteropt.inputs.check import exact_sum, money_text
from clusteropt.inputs.problem import Money, ObjectiveKind, RuleBase, RuleKind, Selection
from clusteropt.inputs.settings import (
    BaselineSettings,
    CoefficientColumn,
    CoefficientReading,
    EffectivenessSettings,
    Factor,
    FeatureSwitches,
    MoneySettings,
    ObjectiveSettings,
    SolveSettings,
)
from clusteropt.text import Text
from tests.small import small_problem, small_tables

PATHS = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")


def frame(text: str) -> pd.DataFrame:
    """Write a table from lines of values."""
    lines = [line.split(",") for line in text.split()]
    return pd.DataFrame(lines[1:], columns=lines[0], dtype=object)


def with_tables(settings: ModelSettings | None = None, **tables: str) -> object:
    """Build the small model with other tables."""
    return problem_from_tables(small_tables() | {name: frame(text) for name, text in tables.items()}, settings)


def test_labels_stand_in_the_order_of_the_tables() -> None:
    """Names keep the order in which they first appear; the paths that of the domain."""
    labels = small_problem().labels
    assert labels.clusters == ("display", "drugs", "media", "genes")
    assert labels.regions == ("west", "east")
    assert labels.industries == ("panels", "medicine", "software")
    assert labels.paths == PATHS
    assert labels.region_names[0] == Text("west", "西部")
    assert labels.industry_names[0] == Text("panels", "panels")
    assert labels.years == (2025,)


def test_clusters_take_their_defaults() -> None:
    """Weight is 1, size is the scale, names are the key where they are empty."""
    tables = small_tables()
    tables["clusters"][["weight", "size", "name", "name_zh"]] = ""
    problem = problem_from_tables(tables)
    np.testing.assert_array_equal(problem.weight, 1.0)
    np.testing.assert_array_equal(problem.size, [5e6, 4e6, 3e6, 2e6])
    assert problem.labels.cluster_names[2] == Text("media", "media")


def test_readings_are_classified() -> None:
    """Words and numbers of a reading are the same, and the memberships are those of the domain."""
    tables = small_tables()
    tables["clusters"].loc[1, ["path", "uncertainty", "origin", "diffusion"]] = ["", "0.4", "inside", "fields"]
    problem = problem_from_tables(tables)
    expected = classify(0.4, 1.0, 2 / 3)
    np.testing.assert_array_equal(problem.membership[1], expected.memberships)
    assert problem.labels.paths[problem.path_of[1]] == expected.path
    np.testing.assert_allclose(problem.membership.sum(axis=1), 1)
    blend = problem.membership[1] @ np.array([1.0, 0.8, 2.0, 0.9, 2.5]) * 1e-6
    assert problem.effect[1, 0] == pytest.approx(blend)


def test_a_cluster_between_paths_is_noted() -> None:
    """The number of clusters between paths stands in the notes."""
    tables = small_tables()
    readings = next(
        (u, o, d)
        for u in (0.3, 0.5, 0.7)
        for o in (0.3, 0.5)
        for d in (0.3, 0.5, 0.7)
        if max(classify(u, o, d).memberships) < 1
    )
    tables["clusters"].loc[1, ["path", "uncertainty", "origin", "diffusion"]] = ["", *readings]
    assert any(note.en.startswith("1 of 4 clusters are") for note in problem_from_tables(tables).notes)


def test_effects_are_outcomes_of_the_first_unit() -> None:
    """Without memberships the coefficient of the path is the effect; a cell may have its own."""
    problem = small_problem()
    np.testing.assert_allclose(problem.effect, np.array([[1.0, 1.2], [0.8, 1.6], [2.0, 0.7], [2.5, 3.0]]) * 1e-6)


@pytest.mark.parametrize(("column", "factor"), [("mean", 1.0), ("low", 0.5), ("high", 1.5)])
def test_elasticities_are_divided_by_the_scale(column: str, factor: float) -> None:
    """E = epsilon / s, for the column that the model names."""
    reading = EffectivenessSettings(column=CoefficientColumn(column), reading=CoefficientReading.ELASTICITY)
    problem = small_problem(ModelSettings(effectiveness=reading))
    assert problem.effect[0, 0] == pytest.approx(factor * 1e-6 / 6e6)
    assert any(f"{'mean' if column == 'mean' else column}" in note.en for note in problem.notes)


def test_low_and_high_default_to_the_mean() -> None:
    """An empty spread is none."""
    tables = small_tables()
    tables["effectiveness"]["high"] = ""
    settings = ModelSettings(effectiveness=EffectivenessSettings(column=CoefficientColumn.HIGH))
    np.testing.assert_array_equal(problem_from_tables(tables, settings).effect, small_problem().effect)


def test_cells_take_their_defaults_and_their_own() -> None:
    """Scale from the cluster, least 0, most what the open purses hold in the best year."""
    problem = small_problem()
    np.testing.assert_array_equal(problem.scale[0], [6e6, 5e6])
    np.testing.assert_array_equal(problem.least, [[500000, 0], [0, 0], [0, 0], [0, 0]])
    both, nation = 11_000_001, 8_000_000
    np.testing.assert_array_equal(problem.most, [[4_000_000, both], [both, both], [nation, nation], [nation, nation]])


def test_the_best_year_sets_the_most() -> None:
    """Purses are summed year by year; the largest sum counts."""
    funds = "fund,year,amount nation,2025,5 nation,2026,7 province,2025,9 province,2026,1"
    tables = small_tables() | {"funds": frame(funds)}
    del tables["rules"], tables["cells"]
    problem = problem_from_tables(tables)
    np.testing.assert_array_equal(problem.purse, [[5, 7], [9, 1]])
    np.testing.assert_array_equal(problem.most[:, 0], [14, 14, 7, 7])
    assert problem.labels.years == (2025, 2026)


def test_draws_follow_eligibility() -> None:
    """The western fund serves the west; draws are sorted by cluster, lever and fund."""
    problem = small_problem()
    draws = list(zip(problem.draw_cluster, problem.draw_lever, problem.draw_fund, strict=True))
    west = [(c, lever, f) for c in (0, 1) for lever in (0, 1) for f in (0, 1)]
    assert draws == west + [(c, lever, 0) for c in (2, 3) for lever in (0, 1)]


@pytest.mark.parametrize(
    ("row", "pairs"),
    [
        (",,,", 8),
        ("east,,,", 4),
        (",upgrading,,", 2),
        (",,medicine,", 4),
        (",,medicine,talent", 2),
        ("east,indigenous,medicine,finance", 1),
    ],
)
def test_eligibility_narrows_by_every_column(row: str, pairs: int) -> None:
    """An empty value is any; all values of a row must match."""
    problem = with_tables(eligibility=f"fund,region,path,industry,lever nation,,,, province,{row}")
    assert np.count_nonzero(problem.draw_fund == 1) == pairs


def test_several_rows_open_a_fund_together() -> None:
    """Rows of eligibility add up."""
    problem = with_tables(eligibility="fund,region,lever nation,, province,east,talent province,west,finance")
    assert np.count_nonzero(problem.draw_fund == 1) == 4


def test_without_eligibility_all_is_open() -> None:
    """Both the missing table and the one switched off open every fund to all."""
    tables = small_tables()
    del tables["eligibility"]
    off = small_problem(ModelSettings(features=FeatureSwitches(eligibility=False)))
    assert problem_from_tables(tables).num_draws == off.num_draws == 16


def test_a_cell_that_may_take_nothing_has_no_draw() -> None:
    """Most = 0 closes a cell."""
    tables = small_tables()
    tables["cells"] = frame("cluster,lever,most media,talent,0")
    problem = problem_from_tables(tables)
    assert not np.any((problem.draw_cluster == 2) & (problem.draw_lever == 0))


def test_the_most_specific_menu_wins() -> None:
    """Cluster and lever, then cluster, then lever, then neither."""
    levels = """cluster,lever,level,amount,gain
        ,,basic,10, ,finance,loan,20,0.5 media,,town,40, media,,village,30, media,finance,studio,50,"""
    tables = small_tables() | {"levels": frame(levels)}
    del tables["cells"], tables["rules"]
    menus = problem_from_tables(tables).menus
    found = {
        divmod(cell, 2): [
            (menus.names[level], int(menus.amount[level])) for level in range(menus.start[cell], menus.start[cell + 1])
        ]
        for cell in range(8)
    }
    assert found[0, 0] == [("basic", 10)]
    assert found[3, 1] == [("loan", 20)]
    assert found[2, 0] == [("village", 30), ("town", 40)]
    assert found[2, 1] == [("studio", 50)]
    assert menus.gain[menus.start[1]] == 0.5
    assert np.isnan(menus.gain[menus.start[0]])


def test_a_menu_sets_the_limits_of_its_cells() -> None:
    """Least is 0 and most the largest level."""
    tables = small_tables() | {"levels": frame("lever,level,amount finance,large,70 finance,small,7")}
    problem = problem_from_tables(tables)
    np.testing.assert_array_equal(problem.most[:, 1], 70)
    np.testing.assert_array_equal(problem.least[:, 1], 0)
    assert problem.least[0, 0] == 500_000
    np.testing.assert_array_equal(np.diff(problem.menus.start), [0, 2] * 4)


def test_synergies_prefer_the_row_of_a_path() -> None:
    """A row without a path is for every path that has none of its own; levers stand in their order."""
    problem = with_tables(synergies="path,levers,gain ,finance+talent,0.1 upgrading,talent+finance,0.4")
    (synergy,) = problem.synergies
    assert synergy.name == "talent+finance"
    assert synergy.levers == (0, 1)
    np.testing.assert_array_equal(synergy.gain, [0.1, 0.4, 0.1, 0.1, 0.1])


def test_rules_are_read_exactly() -> None:
    """Limits are fractions, names are positions, several names join."""
    rules = """rule,kind,region,cluster,lever,fund,year,min,max,of
        a,amount,west|east,,,,2025,100,09000000.00,
        b,share,,media|genes,,,,0.1,0.333333333,fund:nation|province
        c,share,,,talent,,,,.5,region=west;lever=talent|finance
        d,count,,,,nation,,1,3,clusters
        e,change,,genes,,,,-0.1,0.2,
        f,lock,,drugs,finance,,,,250000,"""
    problem = with_tables(rules=rules, last_plan="cluster,lever,amount media,talent,5")
    by_name = {rule.name: rule for rule in problem.rules}
    assert by_name["a"].selection == Selection(regions=(0, 1), years=(0,))
    assert (by_name["a"].minimum, by_name["a"].maximum) == (100, 9_000_000)
    assert by_name["b"].maximum == Fraction(333333333, 10**9)
    assert by_name["b"].base is RuleBase.FUND
    assert by_name["b"].base_selection == Selection(funds=(0, 1))
    assert by_name["c"].base is RuleBase.SELECTION
    assert by_name["c"].base_selection == Selection(regions=(0,), levers=(0, 1))
    assert by_name["d"].base is RuleBase.CLUSTERS
    assert (by_name["e"].kind, by_name["e"].minimum) == (RuleKind.CHANGE, Fraction(-1, 10))
    assert by_name["f"].minimum == by_name["f"].maximum == 250_000


def test_a_share_of_everything_is_the_default() -> None:
    """An empty 'of' and the word are the same; of a count it is awards."""
    problem = with_tables(rules="rule,kind,max,of a,share,0.5, b,share,0.5,everything c,count,3, d,count,3,awards")
    assert [rule.base for rule in problem.rules] == [RuleBase.EVERYTHING] * 2 + [RuleBase.AWARDS] * 2


def test_the_latest_year_of_the_last_plan_counts() -> None:
    """Earlier years are left out with a note; an empty fund is -1."""
    problem = with_tables(last_plan="cluster,lever,fund,year,amount media,talent,,2023,9 genes,talent,nation,2024,7")
    assert problem.last_plan.amount.tolist() == [7]
    assert problem.last_plan.fund.tolist() == [0]
    assert any("2024" in note.en for note in problem.notes)
    assert with_tables(last_plan="cluster,lever,amount media,talent,9").last_plan.fund.tolist() == [-1]


def test_a_last_plan_lock_and_a_lock_on_the_menu_are_fine() -> None:
    """Locks that some award meets are no faults, nor are equal locks of one cell."""
    problem = with_tables(
        levels="cluster,lever,level,amount media,finance,x,50000",
        last_plan="cluster,lever,amount media,finance,50000 drugs,talent,70",
        rules="rule,kind,cluster,lever,min a,lock,media,finance,50000 b,lock,media,, c,lock,drugs,,",
    )
    assert problem.rules[1].minimum is None


def test_large_money_is_exact() -> None:
    """Every unit of 10**15 is kept, as text, as a whole number and as a float."""
    for amount in ("999999999999999", 999999999999999, 999999999999999.0, "1000000000000000"):
        tables = small_tables()
        tables["funds"]["amount"] = tables["funds"]["amount"].astype(object)
        tables["funds"].loc[0, "amount"] = amount
        assert problem_from_tables(tables).purse[0, 0] == int(amount)


def test_settings_reach_the_problem() -> None:
    """Objective, money, factors and limits of the model stand in the problem."""
    settings = ModelSettings(
        name="m",
        title="Plan",
        title_zh="方案",
        money=MoneySettings(unit="fen", printed="yuan", per_printed=100),
        objective=ObjectiveSettings(kind=ObjectiveKind.LEAST_MONEY, target=3.0, discount=0.05),
        baselines=BaselineSettings(factor_weights={Factor.SIZE: 0.4, Factor.INNOVATION: 0.6}),
        solve=SolveSettings(time_limit_s=5.0, threads=2),
    )
    problem = small_problem(settings)
    assert problem.title == Text("Plan", "方案")
    assert problem.money == Money(Text("fen", "fen"), Text("yuan", "yuan"), 100)
    assert (problem.objective.kind, problem.objective.target) == (ObjectiveKind.LEAST_MONEY, 3.0)
    assert problem.discount == 0.05
    assert problem.factor_weights == {"size": 0.4, "innovation": 0.6}
    assert (problem.options.time_limit_s, problem.options.threads) == (5.0, 2)


def test_cautions_are_counted_by_table() -> None:
    """Proxies, guesses and unverified rows stand in the notes, sourced ones do not."""
    tables = small_tables()
    tables["clusters"]["status"] = ["proxy", "Proxy", "sourced", ""]
    notes = problem_from_tables(tables).notes
    assert Text("clusters: 2 of 4 rows by proxy.", "clusters: 4 行中有 2 行为代理指标。") in notes
    assert not any("sourced" in note.en for note in notes)


def test_names_may_look_like_formulas() -> None:
    """Text that begins with = + - @ is a name like any other."""
    tables = small_tables()
    for name, frame_ in tables.items():
        tables[name] = frame_.replace({"media": "=media", "west": "+west", "east": "@east", "nation": "-nation"})
    labels = problem_from_tables(tables).labels
    assert labels.clusters[2] == "=media"
    assert labels.regions == ("+west", "@east")
    assert labels.funds[0] == "-nation"


def test_sums_are_exact_beyond_64_bits() -> None:
    """The sum of large amounts does not overflow."""
    amounts = np.full(100_000, 10**15 - 1, dtype=np.int64)
    assert exact_sum(amounts) == 100_000 * (10**15 - 1)


@pytest.mark.parametrize(
    ("amount", "per_printed", "written"),
    [(12_000_000, 10_000, "1,200.00"), (3_000_001, 10_000, "300.0001"), (5, 1, "5"), (1234, 10, "123.40")],
)
def test_money_is_written_exactly(amount: int, per_printed: int, written: str) -> None:
    """No digit is rounded away."""
    assert money_text(amount, Money(per_printed=per_printed)).zh.split()[0] == written
