"""Every table, column and choice that carries meaning has a check: where it changes, the verifier says WRONG.

A small model uses every feature at once. Its plan is made and saved by the package; then one thing of the inputs is
changed and all digests are mended, so that only the arithmetic of the verifier can tell.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

import clusteropt as co
from clusteropt.domain import Feature
from clusteropt.inputs.columns import ColumnKind
from clusteropt.inputs.problem import ObjectiveKind, RegionMeasure, ResponseFamily, RuleBase, RuleKind
from clusteropt.inputs.settings import SECTIONS
from clusteropt.inputs.tables import TABLES
from clusteropt.plan.verify import check_folder
from clusteropt.report.verifying import verify_folder
from tests.plan_folders import change_plan, mend_digests, read_plan, read_rows, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Rows = list[dict[str, str]]

TABLE_TEXTS = {
    "clusters": """
        cluster,name,name_zh,region,region_zh,industry,industry_zh,path,uncertainty,origin,diffusion,weight,scale,size
        A,Alpha,甲,west,西,chips,芯片,anchor_led,,,,2,40,3
        B,Beta,乙,east,东,drugs,药,,high,inside,0.5,1,30,2
        C,Gamma,丙,east,,chips,,convergence,,,,1.5,20,""",
    "levers": """
        lever,name,name_zh,response,depreciation,lag,leverage
        talent,Talent,人才,log,,,
        plant,Plant,厂房,exponential,0.5,1,0.1
        lab,Lab,实验室,hyperbolic,,,
        grant,Grant,补助,linear,1,0,
        fair,Fair,展会,log,1,1,""",
    "effectiveness": """
        path,lever,mean,low,high,source""",
    "synergies": """
        path,levers,gain
        ,talent+lab,0.5
        anchor_led,talent+lab,0.8""",
    "funds": """
        fund,year,name,name_zh,amount,carry_over,expires_after,committed,returned,returned_after,returned_parts
        state,2025,State fund,国家资金,70,0.6,1,10,,,
        state,2026,,,20,0.5,1,,,,
        state,2027,,,5,,,,,,
        city,2025,City fund,城市资金,24,,,,0.5,1,2
        city,2026,,,20,,,,0.25,,
        city,2027,,,4,,,,,,
        seed,2025,,,120,,,,,,
        seed,2026,,,120,,,,,,
        seed,2027,,,20,,,,,,""",
    "eligibility": """
        fund,region,path,industry,lever
        state,,,,
        city,east,,,talent
        city,,anchor_led,,lab
        city,,,chips,grant
        seed,,,drugs,fair""",
    "rules": """
        rule,kind,region,path,industry,cluster,lever,fund,year,min,max,of,each,price
        west_floor,amount,west,,,,,,,20,70,,,
        talent_share,share,,,,,talent,,,0.05,0.6,everything,,
        east_of_state,share,east,,,,,,,0.05,0.8,fund:state,,
        lab_of_talent,share,,,,,lab,,,0.02,5/10,lever=talent; year=2025,,
        awards,count,,,,,,,2025,2,14,,,
        clusters,count,,,,,talent,,,2,3,clusters,,
        city_draws,count,,,,,,city,,1,8,awards,,
        talent_change,change,,,,,talent,state,,-0.9,9,,,
        lab_lock,lock,,,,C,lab,,2025,2,2,,,
        old_lock,lock,,,,B,lab,,2026,,,,,
        chips_cap,amount,,,chips,,,,,,140,,,
        anchor_cap,amount,,anchor_led,,,,,2026,,60,,,
        each_cap,amount,,,,,,,,,170,,cluster|year,
        ramp,amount,,,,,plant,,,-40,60,before,,
        growth,change,,,,A,talent,,,-0.9,9,before,,
        rate,share,,,,A,lab,,,,0.5,cost,,
        every,count,,,,,,,,1,,,cluster|years:2,
        purses,count,,,,,grant,state|city,,,2,,cluster|year,
        wish,amount,,,,,,,,90,,,cluster|year,0.01
        wish_share,share,,,,,plant,,,0.4,,everything,,0.02""",
    "cells": """
        cluster,lever,scale,stock,least,most,mean,cost
        A,lab,25,,,,,70
        A,plant,,8,,,,
        B,talent,,,3,9,,
        C,talent,,,,,0.9,
        B,fair,,,,100,,""",
    "levels": """
        cluster,lever,level,amount,gain
        ,grant,small,4,3.5
        ,grant,big,8,
        A,grant,only,5,6""",
    "spillovers": """
        from,to,share
        A,B,0.3
        B,C,-0.1""",
    "arriving": """
        cluster,lever,year,amount
        A,plant,2025,1
        B,fair,2026,1""",
    "programmes": """
        programme,option,name,name_zh,group,must,clusters,shares,lever,start,gain,lag,lasts,requires,take_up,excludes,to_path,needs_lever,needs_stock
        park,small,Small park,小园区,,,A|B,,plant,2025,2,,,,,,,,
        park,large,Large park,大园区,,,A|B,0.7|0.6,plant,2025|2026,9,1,1,,,,,,
        line,,Pilot line,中试线,,yes,C,,,2026,3,,,park|dome|mine,1,mine,upgrading,talent,1
        dome,,Dome,穹顶,showy,,B|C,,,2026,1,,,,,,,,
        tower,,Tower,塔,showy,yes,B,,,,4,,2,,,dome,,,
        mine,,Mine,矿山,,,,,,,,,,,,,,,""",
    "programme_costs": """
        programme,option,fund,after,cost
        park,small,seed,,3
        park,large,seed,,6
        park,large,seed,1,2
        park,large,city,,1
        line,,seed,,2
        line,,seed,2,40
        dome,,seed,,60
        tower,,seed,,1
        mine,,seed,,1""",
    "last_plan": """
        cluster,lever,fund,year,amount
        A,talent,state,2024,6
        B,talent,state,2024,5
        B,lab,city,2024,3
        A,talent,state,2023,99""",
}
PATHS = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
LEVERS = ("talent", "plant", "lab", "grant", "fair")
EFFECTIVENESS = [f"{path},{lever},{1 + 0.1 * p + 0.2 * k:.1f},{0.5 + 0.1 * p:.1f},{3 + 0.1 * k:.1f},none"
                 for p, path in enumerate(PATHS) for k, lever in enumerate(LEVERS)]  # fmt: skip
BASES = {
    "total": "[objective]\nkind = 'total'\ndiscount = 0.05\noutcome = 'points'\noutcome_zh = '分'\n",
    "low": "[effectiveness]\ncolumn = 'low'\nreading = 'elasticity'\n",
    "high": "[effectiveness]\ncolumn = 'high'\n",
    "worst": "[objective]\nkind = 'worst_region'\n",
    "worst per size": "[objective]\nkind = 'worst_region'\nmeasure = 'per_size'\n",
    "equity log": "[objective]\nkind = 'equity'\nequity_family = 'log'\nmeasure = 'per_size'\n",
    "equity exponential": "[objective]\nkind = 'equity'\nequity_family = 'exponential'\nequity_scale = 20\n",
    "equity hyperbolic": "[objective]\nkind = 'equity'\nequity_family = 'hyperbolic'\nequity_scale = 20\n",
    "equity linear": "[objective]\nkind = 'equity'\nequity_family = 'linear'\n",
    "least": "[objective]\nkind = 'least_money'\ntarget = 150\n",
}
HEAD = (
    "name = 'all'\ntitle = 'All features'\ntitle_zh = '全部功能'\nyears = [2025, 2026, 2027]\n"
    "[money]\nunit = 'coin'\nunit_zh = '枚'\nprinted = 'bag'\nprinted_zh = '袋'\nper_printed = 10\n"
    "[features]\nsynergies = true\nspillovers = true\nrules = true\n"
    "levels = true\neligibility = true\nlast_plan = true\nprogrammes = true\narriving = true\n"
)


def write_inputs(folder: Path, base: str) -> Path:
    """Write the model with one of its objectives; give the model file."""
    folder.mkdir(parents=True)
    for table, text in TABLE_TEXTS.items():
        lines = [line.strip() for line in text.strip().splitlines()] + (
            EFFECTIVENESS if table == "effectiveness" else []
        )
        if base.startswith(("worst", "least")):
            # These objectives have no place for a price.
            lines = [line for line in lines if not line.startswith("wish")]
        (folder / f"{table}.csv").write_text("\n".join(lines).replace("5/10", "0.5") + "\n", encoding="utf-8")
    model = folder / "model.toml"
    model.write_text(f"{HEAD}[tables]\nfolder = '.'\n{BASES[base]}", encoding="utf-8")
    return model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Make the plan of a base once, and give its folder."""
    home = tmp_path_factory.mktemp("bases")

    def make(base: str) -> Path:
        folder = home / base
        if not folder.exists():
            problem = co.read_problem(write_inputs(home / f"{base} inputs", base))
            co.write_plan_files(co.solve(problem, co.SolveOptions(relative_gap=1e-4, proof_nodes=40)), folder, problem)
        return folder

    return make


@pytest.fixture
def copied(made: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Give a copy of the folder of a base, to be changed."""

    def copy(base: str) -> Path:
        return shutil.copytree(made(base), tmp_path / "plan", ignore=shutil.ignore_patterns("*.xlsx"))

    return copy


def wrong(folder: Path) -> list[str]:
    """Give the titles of the checks that do not hold; everything must be readable."""
    code, lines = check_folder(folder)
    assert not [line for line in lines if line[1] == "cannot be read or judged"], lines
    assert code == (1 if any(state == "WRONG" for state, _, _ in lines) else 0)
    return [title for state, title, _ in lines if state == "WRONG"]


@pytest.mark.parametrize("base", BASES)
def test_the_plan_of_every_base_holds(made: Callable[[str], Path], base: str) -> None:
    """Unchanged, every check holds, and every objective has a proved bound."""
    code, lines = check_folder(made(base))
    assert [line for line in lines if line[0] != "ok"] == []
    assert code == 0
    assert sum(title == "proved bound" for _, title, _ in lines) == (2 if base.startswith("worst") else 1)


def swap(table_column: str, first: int, second: int) -> Callable[[Rows], None]:
    """Exchange the values of a column between two rows."""

    def change(rows: Rows) -> None:
        rows[first][table_column], rows[second][table_column] = rows[second][table_column], rows[first][table_column]

    return change


def put(column: str, row: int, value: str) -> Callable[[Rows], None]:
    """Write a value."""

    def change(rows: Rows) -> None:
        rows[row][column] = value

    return change


def row_of(path: str, lever: str) -> int:
    """Give the row of the table of effectiveness."""
    return PATHS.index(path) * len(LEVERS) + LEVERS.index(lever)


def rule_row(name: str) -> int:
    """Give the row of a rule."""
    lines = TABLE_TEXTS["rules"].strip().splitlines()[1:]
    return next(k for k, line in enumerate(lines) if line.strip().startswith(f"{name},"))


def both_synergies(rows: Rows) -> None:
    """Let another pair of levers work together."""
    for row in rows:
        row["levers"] = "talent+grant"


# For every column: the base, and what is changed of the table.
COLUMNS: dict[tuple[str, str], tuple[str, Callable[[Rows], None]]] = {
    ("clusters", "cluster"): ("total", swap("cluster", 0, 1)),
    ("clusters", "name"): ("total", put("name", 0, "Omega")),
    ("clusters", "name_zh"): ("total", put("name_zh", 0, "癸")),
    ("clusters", "region"): ("total", put("region", 2, "west")),
    ("clusters", "region_zh"): ("total", put("region_zh", 1, "南")),
    ("clusters", "industry"): ("total", put("industry", 2, "drugs")),
    ("clusters", "industry_zh"): ("total", put("industry_zh", 0, "集成电路")),
    ("clusters", "path"): ("total", put("path", 0, "upgrading")),
    ("clusters", "uncertainty"): ("total", put("uncertainty", 1, "0.4")),
    ("clusters", "origin"): ("total", put("origin", 1, "outside")),
    ("clusters", "diffusion"): ("total", put("diffusion", 1, "fields")),
    ("clusters", "weight"): ("total", put("weight", 2, "1.4")),
    ("clusters", "scale"): ("total", put("scale", 1, "31")),
    ("clusters", "size"): ("worst per size", put("size", 1, "2.5")),
    ("levers", "lever"): ("total", swap("lever", 0, 4)),
    ("levers", "name"): ("total", put("name", 1, "Factory")),
    ("levers", "name_zh"): ("total", put("name_zh", 1, "工厂")),
    ("levers", "response"): ("total", put("response", 0, "hyperbolic")),
    ("levers", "depreciation"): ("total", put("depreciation", 1, "0.4")),
    ("levers", "lag"): ("total", put("lag", 1, "0")),
    ("levers", "leverage"): ("total", put("leverage", 1, "0.2")),
    ("effectiveness", "path"): ("total", swap("path", row_of("anchor_led", "talent"), row_of("convergence", "talent"))),
    ("effectiveness", "lever"): ("total", swap("lever", row_of("anchor_led", "talent"), row_of("anchor_led", "lab"))),
    ("effectiveness", "mean"): ("total", put("mean", row_of("anchor_led", "talent"), "1.01")),
    ("effectiveness", "low"): ("low", put("low", row_of("anchor_led", "talent"), "0.51")),
    ("effectiveness", "high"): ("high", put("high", row_of("anchor_led", "talent"), "3.01")),
    ("synergies", "path"): ("total", put("path", 1, "convergence")),
    ("synergies", "levers"): ("total", both_synergies),
    ("synergies", "gain"): ("total", put("gain", 1, "0.7")),
    ("funds", "fund"): ("total", swap("fund", 0, 3)),
    ("funds", "year"): ("total", swap("year", 0, 1)),
    ("funds", "name"): ("total", put("name", 0, "Federal fund")),
    ("funds", "name_zh"): ("total", put("name_zh", 0, "联邦资金")),
    ("funds", "amount"): ("total", put("amount", 0, "69")),
    ("funds", "carry_over"): ("total", put("carry_over", 0, "0.02")),
    ("funds", "expires_after"): ("total", put("expires_after", 0, "0")),
    ("funds", "committed"): ("total", put("committed", 0, "11")),
    ("funds", "returned"): ("total", put("returned", 3, "0.75")),
    ("funds", "returned_after"): ("total", put("returned_after", 3, "2")),
    ("funds", "returned_parts"): ("total", put("returned_parts", 3, "1")),
    ("eligibility", "fund"): ("total", put("fund", 0, "city")),
    ("eligibility", "region"): ("total", put("region", 0, "east")),
    ("eligibility", "path"): ("total", put("path", 0, "convergence")),
    ("eligibility", "industry"): ("total", put("industry", 0, "drugs")),
    ("eligibility", "lever"): ("total", put("lever", 0, "lab")),
    ("rules", "rule"): ("total", put("rule", 0, "west_ground")),
    ("rules", "kind"): ("total", put("kind", rule_row("chips_cap"), "count")),
    ("rules", "region"): ("total", put("region", rule_row("west_floor"), "east")),
    ("rules", "path"): ("total", put("path", rule_row("anchor_cap"), "convergence")),
    ("rules", "industry"): ("total", put("industry", rule_row("chips_cap"), "drugs")),
    ("rules", "cluster"): ("total", put("cluster", rule_row("lab_lock"), "A|C")),
    ("rules", "lever"): ("total", put("lever", rule_row("talent_share"), "lab")),
    ("rules", "fund"): ("total", put("fund", rule_row("city_draws"), "state")),
    ("rules", "year"): ("total", put("year", rule_row("anchor_cap"), "2025")),
    ("rules", "min"): ("total", put("min", rule_row("west_floor"), "21")),
    ("rules", "max"): ("total", put("max", rule_row("west_floor"), "71")),
    ("rules", "each"): ("total", put("each", rule_row("each_cap"), "cluster")),
    ("rules", "price"): ("total", put("price", rule_row("wish"), "0.015")),
    ("rules", "of"): ("total", put("of", rule_row("lab_of_talent"), "lever=plant; year=2025")),
    ("cells", "cluster"): ("total", put("cluster", 1, "B")),
    ("cells", "lever"): ("total", put("lever", 3, "lab")),
    ("cells", "scale"): ("total", put("scale", 0, "26")),
    ("cells", "stock"): ("total", put("stock", 1, "7")),
    ("cells", "least"): ("total", put("least", 3, "39")),
    ("cells", "most"): ("total", put("most", 3, "1")),
    ("cells", "mean"): ("total", put("mean", 3, "0.8")),
    ("cells", "cost"): ("total", put("cost", 0, "73")),
    ("levels", "cluster"): ("total", put("cluster", 2, "B")),
    ("levels", "lever"): ("total", put("lever", 2, "talent")),
    ("levels", "amount"): ("total", put("amount", 2, "6")),
    ("levels", "gain"): ("total", put("gain", 2, "5")),
    ("spillovers", "from"): ("total", put("from", 0, "C")),
    ("spillovers", "to"): ("total", put("to", 0, "C")),
    ("spillovers", "share"): ("total", put("share", 0, "0.2")),
    ("arriving", "cluster"): ("total", put("cluster", 0, "B")),
    ("arriving", "lever"): ("total", put("lever", 0, "fair")),
    ("arriving", "year"): ("total", put("year", 1, "2027")),
    ("arriving", "amount"): ("total", put("amount", 1, "5")),
    ("programmes", "programme"): ("total", swap("programme", 3, 4)),
    ("programmes", "option"): ("total", swap("option", 0, 1)),
    ("programmes", "group"): ("total", put("group", 2, "showy")),
    ("programmes", "must"): ("total", put("must", 5, "yes")),
    ("programmes", "clusters"): ("total", put("clusters", 2, "A")),
    ("programmes", "shares"): ("total", put("shares", 1, "0.7|0.61")),
    ("programmes", "start"): ("total", put("start", 2, "2025|2027")),
    ("programmes", "gain"): ("total", put("gain", 2, "3.1")),
    ("programmes", "lag"): ("total", put("lag", 1, "0")),
    ("programmes", "lasts"): ("total", put("lasts", 1, "2")),
    ("programmes", "requires"): ("total", put("requires", 2, "dome|mine")),
    ("programmes", "take_up"): ("total", put("take_up", 2, "2")),
    ("programmes", "excludes"): ("total", put("excludes", 2, "tower")),
    ("programmes", "to_path"): ("total", put("to_path", 2, "introduced")),
    ("programmes", "needs_lever"): ("total", put("needs_lever", 2, "fair")),
    ("programmes", "needs_stock"): ("total", put("needs_stock", 2, "1000")),
    ("programme_costs", "programme"): ("total", swap("programme", 6, 7)),
    ("programme_costs", "option"): ("total", swap("option", 0, 1)),
    ("programme_costs", "fund"): ("total", put("fund", 2, "city")),
    ("programme_costs", "after"): ("total", put("after", 2, "2")),
    ("programme_costs", "cost"): ("total", put("cost", 2, "3")),
    ("last_plan", "cluster"): ("total", put("cluster", 2, "C")),
    ("last_plan", "lever"): ("total", put("lever", 0, "grant")),
    ("last_plan", "fund"): ("total", put("fund", 0, "city")),
    ("last_plan", "year"): ("total", put("year", 1, "2023")),
    ("last_plan", "amount"): ("total", put("amount", 0, "7")),
}
PLAIN = {(table, feature.value) for table in ("clusters",) for feature in Feature} | {("levels", "level")}
PLAIN |= {("programmes", column) for column in ("name", "name_zh", "lever")}
"""Columns of which neither a plan's money nor its worth depends: indicators for baselines, the name of a level, and
what reports call a programme."""


def test_every_column_that_carries_meaning_has_a_case() -> None:
    """A table or column that is added needs a check, and a case here that makes it fail."""
    declared = {(table.name, column.name) for table in TABLES.values() for column in table.columns
                if column.kind is not ColumnKind.REMARK}  # fmt: skip
    assert declared - PLAIN == set(COLUMNS)
    assert {table for table, _ in COLUMNS} == set(TABLES)


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_changed_column_is_wrong(copied: Callable[[str], Path], table: str, column: str) -> None:
    """The plan was made for other inputs, and the verifier sees it without any digest."""
    base, change = COLUMNS[table, column]
    folder = copied(base)
    rows = read_rows(folder, table)
    change(rows)
    write_rows(folder, table, rows)
    # Printed names are compared by the package, around the stand-alone file.
    assert verify_folder(folder).wrong if column.startswith("name") or column.endswith("_zh") else wrong(folder)


@pytest.mark.parametrize("table", [name for name, table in TABLES.items() if not table.required])
def test_a_table_that_is_left_out_is_wrong(copied: Callable[[str], Path], table: str) -> None:
    """Without one of the optional tables the plan is another one's."""
    folder = copied("total")
    (folder / "inputs" / f"{table}.csv").unlink()
    if table == "programmes":
        (folder / "inputs" / "programme_costs.csv").unlink()
    if table == "last_plan":
        rows = [row for row in read_rows(folder, "rules") if row["kind"] != "change"]
        write_rows(folder, "rules", rows)
    if table == "cells":
        rows = [row for row in read_rows(folder, "rules") if row["of"] != "cost"]
        write_rows(folder, "rules", rows)
    mend_digests(folder)
    assert wrong(folder)


# For every kind of rule and of what it is measured against: a rule of the base, and a limit that its plan breaks.
RULES = {
    (RuleKind.AMOUNT, RuleBase.EVERYTHING): ("west_floor", "max", "19"),
    (RuleKind.SHARE, RuleBase.EVERYTHING): ("talent_share", "max", "0.06"),
    (RuleKind.SHARE, RuleBase.FUND): ("east_of_state", "max", "0.06"),
    (RuleKind.SHARE, RuleBase.SELECTION): ("lab_of_talent", "max", "0.03"),
    (RuleKind.COUNT, RuleBase.AWARDS): ("awards", "max", "1"),
    (RuleKind.COUNT, RuleBase.CLUSTERS): ("clusters", "max", "1"),
    (RuleKind.CHANGE, RuleBase.EVERYTHING): ("talent_change", "max", "-0.8"),
    (RuleKind.LOCK, RuleBase.EVERYTHING): ("lab_lock", "max", "3"),
}


def test_every_kind_of_rule_has_a_case() -> None:
    """A kind of rule or of base that is added needs a check, and a case here that makes it fail."""
    assert {kind for kind, _ in RULES} == set(RuleKind)
    assert {base for _, base in RULES} == set(RuleBase)


@pytest.mark.parametrize(("kind", "base"), [*RULES, (RuleKind.COUNT, None)])
def test_a_broken_rule_is_named(copied: Callable[[str], Path], kind: RuleKind, base: RuleBase | None) -> None:
    """The line of the rule says WRONG where its limit is moved past what the plan does, also for counted draws."""
    name, column, limit = RULES.get((kind, base), ("city_draws", "min", "9"))  # type: ignore[arg-type]
    folder = copied("total")
    rows = read_rows(folder, "rules")
    row = next(row for row in rows if row["rule"] == name)
    row |= {"min": "", column: limit}
    write_rows(folder, "rules", rows)
    assert f"rule {name}" in wrong(folder)


@pytest.mark.parametrize(
    ("row", "limit", "written"),
    [
        ("each_cap", "3", "each_cap [A, 2025]"),
        ("ramp", "-39", "ramp [2026]"),
        ("growth", "-0.8", "growth [2026]"),
        ("rate", "0.01", "rate"),
        ("every", "1", "every [A, 2025-2026]"),
        ("purses", "0", "purses [A, 2026]"),
    ],
)
def test_a_broken_written_rule_is_named(copied: Callable[[str], Path], row: str, limit: str, written: str) -> None:
    """Of a row that is written out the lines of single rules say WRONG where its max is below what the plan does."""
    folder = copied("total")
    rows = read_rows(folder, "rules")
    next(one for one in rows if one["rule"] == row).update(min="", max=limit)
    write_rows(folder, "rules", rows)
    assert f"rule {written}" in wrong(folder)


@pytest.mark.parametrize("each", ["cluster|cluster", "year|years:2", "years:1", "years:4", "colour", "years"])
def test_what_cannot_be_repeated_is_not_judged(copied: Callable[[str], Path], each: str) -> None:
    """Words that the package refuses are refused by the verifier too."""
    folder = copied("total")
    rows = read_rows(folder, "rules")
    next(row for row in rows if row["rule"] == "each_cap")["each"] = each
    write_rows(folder, "rules", rows)
    assert check_folder(folder)[0] == 2


def test_a_lock_on_the_last_plan_is_held(copied: Callable[[str], Path]) -> None:
    """A lock without an amount holds every cell at the money of the last plan."""
    folder = copied("total")
    rows = read_rows(folder, "last_plan")
    next(row for row in rows if row["lever"] == "lab")["amount"] = "2"
    write_rows(folder, "last_plan", rows)
    assert "rule old_lock" in wrong(folder)


@pytest.mark.parametrize("family", ResponseFamily)
def test_every_response_is_told_apart(copied: Callable[[str], Path], family: ResponseFamily) -> None:
    """Each response of a lever gives outcomes of its own."""
    row = next(k for k, line in enumerate(TABLE_TEXTS["levers"].split()[1:]) if f",{family.value}," in line)
    for other in ResponseFamily:
        folder = copied("total")
        rows = read_rows(folder, "levers")
        rows[row]["response"] = other.value
        write_rows(folder, "levers", rows)
        assert ("cells" in wrong(folder)) == (other is not family), other
        shutil.rmtree(folder)


# For every key of the model that carries meaning: the base, what stands there, and what is written instead.
SETTINGS: dict[tuple[str, str], tuple[str, str, str]] = {
    ("", "name"): ("total", "name = 'all'", "name = 'most'"),
    ("", "title"): ("total", "title = 'All", "title = 'Most"),
    ("", "title_zh"): ("total", "title_zh = '全部", "title_zh = '一些"),
    ("", "years"): ("total", "years = [2025, 2026, 2027]\n", "years = [2025, 2026]\n"),
    ("money", "unit"): ("total", "unit = 'coin'", "unit = 'note'"),
    ("money", "unit_zh"): ("total", "unit_zh = '枚'", "unit_zh = '张'"),
    ("money", "printed"): ("total", "printed = 'bag'", "printed = 'box'"),
    ("money", "printed_zh"): ("total", "printed_zh = '袋'", "printed_zh = '箱'"),
    ("money", "per_printed"): ("total", "per_printed = 10", "per_printed = 100"),
    ("objective", "kind"): ("total", "kind = 'total'", "kind = 'equity'"),
    ("objective", "measure"): ("worst per size", "measure = 'per_size'", "measure = 'total'"),
    ("objective", "equity_family"): ("equity log", "'log'", "'hyperbolic'"),
    ("objective", "equity_scale"): ("equity hyperbolic", "equity_scale = 20", "equity_scale = 21"),
    ("objective", "target"): ("least", "target = 150", "target = 151"),
    ("objective", "discount"): ("total", "discount = 0.05", "discount = 0.06"),
    ("objective", "outcome"): ("total", "outcome = 'points'", "outcome = 'marks'"),
    ("objective", "outcome_zh"): ("total", "outcome_zh = '分'", "outcome_zh = '点'"),
    ("effectiveness", "column"): ("low", "column = 'low'", "column = 'high'"),
    ("effectiveness", "reading"): ("low", "'elasticity'", "'first_unit'"),
    **{("features", name): ("total", f"{name} = true", f"{name} = false")
       for name in ("synergies", "spillovers", "rules", "levels", "eligibility", "last_plan", "programmes",
                    "arriving")},
}  # fmt: skip


WORDS = {"name", "title", "title_zh", "unit", "unit_zh", "printed", "printed_zh", "outcome", "outcome_zh"}
"""Keys that only name things, which the package compares, around the stand-alone file."""


def test_every_setting_that_carries_meaning_has_a_case() -> None:
    """A key of the model that is added needs a check, and a case here that makes it fail."""
    declared = {(section, key) for section, fields in SECTIONS.items() for key in fields.model_fields}
    plain = {(section, key) for section, key in declared if section in ("tables", "baselines", "solve")}
    assert declared - plain == {(section, key) for section, key in SETTINGS if section}


@pytest.mark.parametrize(("section", "key"), SETTINGS)
def test_a_changed_setting_is_wrong(copied: Callable[[str], Path], section: str, key: str) -> None:
    """The plan was made for another model; a year less leaves funds without their year, which cannot be read."""
    base, old, new = SETTINGS[section, key]
    folder = copied(base)
    model = folder / "inputs" / "model.toml"
    text = model.read_text(encoding="utf-8")
    assert text.count(old) == 1
    model.write_text(text.replace(old, new), encoding="utf-8")
    mend_digests(folder)
    if key in WORDS:
        assert verify_folder(folder).code == 1
    else:
        assert check_folder(folder)[0] == (2 if key == "years" else 1)


def of_base(base: str) -> tuple[str, str, str]:
    """Give the kind, the measure and the family of the objective of a base."""
    words = dict(line.split(" = ") for line in BASES[base].splitlines() if " = " in line)
    found = (
        words.get(key, default) for key, default in (("kind", "total"), ("measure", "total"), ("equity_family", "log"))
    )
    return tuple(word.strip("'") for word in found)  # type: ignore[return-value]


def test_every_objective_measure_and_family_has_a_base() -> None:
    """An objective, a measure or a family that is added needs a base, so that its value and bound are checked."""
    kinds, measures, _ = (set(words) for words in zip(*map(of_base, BASES), strict=True))
    assert kinds == {kind.value for kind in ObjectiveKind}
    assert measures == {measure.value for measure in RegionMeasure}
    assert {of_base(base)[2] for base in BASES if base.startswith("equity")} == {
        family.value for family in ResponseFamily
    }


@pytest.mark.parametrize("base", BASES)
def test_value_and_bound_of_every_objective_are_checked(copied: Callable[[str], Path], base: str) -> None:
    """A value, a claimed bound or a proved bound that is better than the arithmetic allows is wrong, stage by stage."""
    folder = copied(base)
    sign = -1 if base == "least" else 1
    for k, stage in enumerate(read_plan(folder)["stages"]):
        for title, place in (
            ("value", "stages"),
            ("claimed bound, not proved", "stages"),
            ("proved bound", "certificate"),
        ):
            key = "value" if title == "value" else "bound"
            step = 1 + sign * (0.1 if title == "value" else -0.2)
            kept = read_plan(folder)

            def bend(plan: dict, k: int = k, place: str = place, key: str = key, step: float = step) -> None:  # type: ignore[type-arg]
                stages = plan["stages"] if place == "stages" else plan["certificate"]["stages"]
                stages[k][key] = round(stages[k][key] * step) if sign < 0 else stages[k][key] * step

            change_plan(folder, bend)
            assert title in wrong(folder), (k, title, stage)
            change_plan(folder, lambda plan, kept=kept: plan.update(kept))


@pytest.mark.parametrize("base", BASES)
def test_every_table_of_prices_is_read(copied: Callable[[str], Path], base: str) -> None:
    """Prices ten times as high, one table at a time, prove less, or the same where the table does not matter."""
    folder = copied(base)
    kept, seen = read_plan(folder), set()
    for table in ("purse", "rule", "region", "target", "stock"):

        def raise_prices(plan: dict, table: str = table) -> None:  # type: ignore[type-arg]
            for stage in plan["certificate"]["stages"]:
                prices = stage["multipliers"]
                if table == "target":
                    prices["target"] *= 10
                elif table == "region":
                    # One region alone: where all are raised the worst of them stays the same.
                    prices["region"] = [10 * x + 0.1 if r == 0 else x for r, x in enumerate(prices["region"])]
                elif table == "purse":
                    prices["purse"]["price"] = [10 * x for x in prices["purse"]["price"]]
                else:
                    prices[table]["price"] = [10 * x for x in prices[table]["price"]]

        change_plan(folder, raise_prices)
        if "proved bound" in wrong(folder):
            seen.add(table)
        change_plan(folder, lambda plan, kept=kept: plan.update(kept))
    assert "stock" in seen
    # With low coefficients and elasticities no purse binds.
    assert "purse" in seen or base in ("least", "low")
    assert ("target" in seen) == (base == "least")
    assert ("region" in seen) == (
        base.startswith("worst") or base in ("equity log", "equity exponential", "equity hyperbolic")
    )
