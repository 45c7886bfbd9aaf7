"""The stand-alone verifier, on a plan whose every number is worked out by hand."""

from __future__ import annotations

import copy
import csv
import io
import json
import math
import os
import random
import re
import runpy
import shutil
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from clusteropt.domain import classify
from clusteropt.plan import verify as verifier
from clusteropt.plan.verify import Folder, Pair, check_folder, exact, highest, main
from clusteropt.report.verifying import program, write_program
from tests.bound_prices import bound_at
from tests.corrupting import Corruption, Part, part_of
from tests.plan_folders import change_cell, change_plan, mend_digests, read_plan, write_plan

if TYPE_CHECKING:
    from collections.abc import Callable

# Two clusters, one lever, one fund of 10 in one year, and menus: ada earns 8 for 4 and 9 for 6, bea 5 for 4 and 7
# for 6. All 10 can be paid as 4 + 6 or 6 + 4; the best is ada 4, bea 6: 8 + 7 = 15.
INPUTS = {
    "model.toml": 'name = "pair"\ntitle_zh = "一对"\n[tables]\nfolder = "."\n[money]\nunit = "coin"\nprinted = "bag"\n'
    "per_printed = 10\n",
    "clusters.csv": "cluster,name,region,industry,path,scale\nada,Ada town,west,chips,upgrading,50\n"
    "bea,,east,chips,indigenous,50\n",
    "levers.csv": "lever,response\ntalent,linear\n",
    "effectiveness.csv": "path,lever,mean,source\nupgrading,talent,0,none\nindigenous,talent,0,none\n",
    "funds.csv": "fund,year,amount\nstate,2025,10\n",
    "levels.csv": "cluster,lever,level,amount,gain\nada,,low,4,8\nada,,high,6,9\nbea,,low,4,5\nbea,,high,6,7\n",
    # Both are held with nothing to spare; neither has a price in the certificate.
    "rules.csv": "rule,kind,region,min,max\neast_floor,amount,east,6,\nboth,amount,,,10\n",
}
PATHS = (
    ("anchor_led", "Anchor-led", "巨头引入型"), ("upgrading", "Upgrading", "升级创新型"),
    ("convergence", "Convergence", "融合创新型"), ("introduced", "Introduced", "引进创新型"),
    ("indigenous", "Indigenous", "自主创新型"),
)  # fmt: skip
ALLOCATION = (
    "cluster,cluster_name,cluster_name_zh,region,region_name,region_name_zh,path,path_name,path_name_zh,"
    "lever,lever_name,lever_name_zh,year,fund,fund_name,fund_name_zh,amount,amount_printed\n"
    "ada,Ada town,Ada town,west,west,west,upgrading,Upgrading,升级创新型,"
    "talent,talent,talent,2025,state,state,state,4,0.4\n"
    "bea,bea,bea,east,east,east,indigenous,Indigenous,自主创新型,talent,talent,talent,2025,state,state,state,6,0.6\n"
)


def named(*names: str) -> list[dict[str, str]]:
    """Give names that are printed as they are."""
    return [{"en": name, "zh": name} for name in names]


def rows(keys: str, *found: tuple[Any, ...]) -> dict[str, list[Any]]:
    """Write rows as columns."""
    return {key: [row[k] for row in found] for k, key in enumerate(keys.split())}


# With price 1 on the purse: 10 x 1 for the purse; ada takes the better of 8 - 4 = 4 and 9 - 6 = 3; bea, whose floor is
# a rule inside its own menus, has to take 6: 7 - 6 = 1. So no plan is worth more than 10 + 4 + 1 = 15, as this one is.
MULTIPLIERS = {
    "purse": rows("fund years price", (0, "2025", 1.0)),
    "rule": rows("rule side year price", ("east_floor", "min", -1, 0.0)), "region": [], "target": 0.0,
    "synergy": rows("synergy cluster year lever share"), "stock": rows("cluster lever year price"),
}  # fmt: skip
PLAN: dict[str, Any] = {
    "name": "pair", "title": {"en": "pair", "zh": "一对"},
    "money": {"unit": named("coin")[0], "printed": named("bag")[0], "per_printed": 10},
    "labels": {
        "clusters": ["ada", "bea"], "cluster_names": named("Ada town", "bea"),
        "regions": ["west", "east"], "region_names": named("west", "east"),
        "industries": ["chips"], "industry_names": named("chips"),
        "paths": [path for path, _, _ in PATHS], "path_names": [{"en": en, "zh": zh} for _, en, zh in PATHS],
        "levers": ["talent"], "lever_names": named("talent"), "funds": ["state"], "fund_names": named("state"),
        "years": [2025],
    },
    "region_of": [0, 1], "industry_of": [0, 0], "path_of": [1, 4],
    "objective": {"kind": "total", "measure": "total", "equity_family": "log", "equity_scale": None, "target": None,
                  "outcome": None},
    "stages": [{"kind": "total", "value": 15.0, "bound": 15.0}],
    "awards": rows("cluster lever year fund amount", (0, 0, 0, 0, 4), (1, 0, 0, 0, 6)),
    "cells": rows("cluster lever year amount outcome value", (0, 0, 0, 4, 8.0, 8.0), (1, 0, 0, 6, 7.0, 7.0)),
    "synergy": [0.0, 0.0], "region_outcome": [8.0, 7.0], "total_outcome": 15.0, "purse": [[10]], "unspent": [],
    "cash": {key: [[0]] for key in ("carried_in", "returned", "committed", "programmes", "unspent", "carried_out")},
    "programmes": rows("programme option name year cost value"), "moves": rows("cluster year path"),
    "promises": rows("programme option fund year amount"),
    "leverage": [0.0],
    "certificate": {
        "inputs": {}, "own": False,
        "rules": rows("rule side year level limit price cost", ("east_floor", "min", -1, 6, 6, 0.0, 0.0),
                      ("both", "max", -1, 10, 10, 0.0, 0.0)),
        "stages": [{"bound": 15.0, "proof": "exact", "multipliers": MULTIPLIERS}],
    },
}  # fmt: skip
SUMMARY = {
    "name": "pair", "title": "pair", "title_zh": "一对", "objective": "total", "value": 15.0, "safe_bound": 15.0,
    "safe_gap": 0.0, "proof": "exact", "claimed_bound": 15.0, "claimed_gap": 0.0, "total_outcome": 15.0,
    "money_unit": "coin", "money_held": 10, "money_total": 10,
}  # fmt: skip
# The same with programmes, and 20 in the purse. The park is worth 9 for 7, or 4 for 3; the lab, worth 5 for 2, needs
# the large park; the fair, worth 5 for 1, excludes any park; one of tram and bus must be: the tram is worth 0.5 for 1.
# At price 1 large park and lab keep 2 + 3 = 5, the fair alone 4, the tram has to pay 0.5: no plan is worth more than
# 20 + 4 + 1 + 5 - 0.5 = 29.5, and 15 + 9 + 5 + 0.5 are. What the lab costs a year later lies behind the plan.
PROGRAMMES = {
    "funds.csv": "fund,year,amount\nstate,2025,20\n",
    "programmes.csv": "programme,option,group,must,clusters,shares,gain,requires,excludes\n"
    "park,small,,,ada|bea,,4,,\npark,large,,,ada|bea,,9,,\nlab,,,,bea,1,5,park:large,\nfair,,,,bea,,5,,park\n"
    "tram,,rail,,ada,,0.5,,\nbus,,rail,yes,ada,,0,,\n",
    "programme_costs.csv": "programme,option,fund,after,cost\npark,small,state,,3\npark,large,state,0,7\n"
    "lab,,state,,2\nlab,,state,1,9\nfair,,state,,1\ntram,,state,,1\nbus,,state,,2\n",
}
TAKEN = rows("programme option name year cost value", ("park", "large", named("park:large")[0], 0, 7, 9.0),
             ("lab", "", named("lab")[0], 0, 2, 5.0), ("tram", "", named("tram")[0], 0, 1, 0.5))  # fmt: skip
SOURCE = Path(str(verifier.__file__)).read_text(encoding="utf-8")
TITLES = {tuple(title.split("\\n")) for title in re.findall(r'(?:yield|else) f?"([^"]*\\n[^"]*)"', SOURCE)}
"""The titles of all checks, in both languages."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of the plan, written without the package."""
    found = tmp_path / "plan"
    (found / "inputs").mkdir(parents=True)
    for name, text in INPUTS.items():
        (found / "inputs" / name).write_text(text, encoding="utf-8")
    (found / "allocation.csv").write_text(ALLOCATION, encoding="utf-8")
    (found / "summary.json").write_text(json.dumps(SUMMARY), encoding="utf-8")
    write_plan(found, copy.deepcopy(PLAN))
    mend_digests(found)
    return found


@pytest.fixture
def works(folder: Path) -> Path:
    """Give the folder of the plan with programmes."""
    for name, text in PROGRAMMES.items():
        (folder / "inputs" / name).write_text(text, encoding="utf-8")
    plan = copy.deepcopy(PLAN)
    plan |= {"programmes": TAKEN, "purse": [[20]], "region_outcome": [13.0, 16.5], "total_outcome": 29.5}
    plan["cash"]["programmes"] = [[10]]
    plan["promises"] = rows("programme option fund year amount", ("lab", "", 0, 2026, 9))
    plan["stages"][0] |= {"value": 29.5, "bound": 29.5}
    plan["certificate"]["stages"][0]["bound"] = 29.5
    found = dict.fromkeys(("value", "safe_bound", "claimed_bound", "total_outcome"), 29.5) | {"money_held": 20}
    (folder / "summary.json").write_text(json.dumps(SUMMARY | found), encoding="utf-8")
    write_plan(folder, copy.deepcopy(plan))
    mend_digests(folder)
    return folder


def wrong(folder: Path) -> list[str]:
    """Give the titles of the checks that do not hold."""
    return [title for state, title, _ in check_folder(folder)[1] if state == "WRONG"]


def test_a_plan_worked_out_by_hand_holds(folder: Path) -> None:
    """Every check is made and holds, and the proved bound is the 15 of the comment above, in fractions."""
    code, lines = check_folder(folder)
    assert [line for line in lines if line[0] != "ok"] == []
    assert code == 0
    assert ("ok", "proved bound", "exact: 15 (0.00e+00)") in lines
    assert ("ok", "rule east_floor", "+0") in lines
    assert ("ok", "purse state", "+0") in lines


def test_the_example_of_the_documentation(folder: Path) -> None:
    """The sums on the page about the verifier are those the verifier gives for Ada and Bea without their rules."""
    (folder / "inputs" / "rules.csv").unlink()
    page = (Path(__file__).parents[2] / "docs" / "explanation" / "verify.md").read_text(encoding="utf-8")
    files = {name: text.encode() for name, text in INPUTS.items() if name != "rules.csv"}
    problem = Folder().read(files, Fraction)
    problem.live, problem.scale = problem.regions()
    for price, total, written in (
        (1.0, 15, "10 + 4 + 1 = 15"),
        (2.0, 20, "20 + 0 + 0 = 20"),
        (0.75, 15, "7.5 + 5 + 2.5 = 15"),
    ):
        assert bound_at(
            problem, MULTIPLIERS | {"purse": rows("fund years price", (0, "2025", price))}, "total", 0.0
        ) == pytest.approx(total, abs=1e-25)
        assert written in page


def test_every_check_has_a_line(folder: Path) -> None:
    """The checks that a total asks for stand in the answer, one line each, in the order of the specification."""
    titles = [title for _, title, _ in check_folder(folder)[1]]
    assert titles == [
        "digests", "names and positions", "whole positive money", "eligibility", "least, most and menus",
        "allocation.csv", "rule east_floor", "rule both", "certificate of the rules", "programmes",
        "conditions of programmes", "stocks that programmes need", "promises", "paths", "purse state", "cash flow",
        "money left",
        "cells", "outcomes", "summary.json", "value", "claimed bound, not proved", "proved bound",
    ]  # fmt: skip


def put(*path: Any) -> Callable[[Any], None]:
    """Give a change that sets the value at a path; the last part is the value."""

    def change(plan: Any) -> None:
        for key in path[:-2]:
            plan = plan[key]
        plan[path[-2]] = path[-1]

    return change


def add_award(plan: Any) -> None:
    """Pay the first award twice."""
    for column in plan["awards"].values():
        column.append(column[0])


CHANGES: list[tuple[str, Callable[[Any], object]]] = [
    ("digests", put("certificate", "inputs", "funds.csv", "0" * 64)),
    ("digests", lambda plan: plan["certificate"]["inputs"].pop("rules.csv")),
    ("digests", put("certificate", "inputs", "cells.csv", "0" * 64)),
    ("names and positions", put("labels", "clusters", ["bea", "ada"])),
    ("names and positions", put("labels", "years", [2026])),
    ("names and positions", put("region_of", [1, 0])),
    ("names and positions", put("path_of", [1, 3])),
    ("names and positions", put("purse", [[11]])),
    ("names and positions", put("money", "per_printed", 100)),
    ("names and positions", put("objective", "measure", "per_size")),
    ("whole positive money", put("awards", "amount", [4, -6])),
    ("whole positive money", put("awards", "amount", [4, 0])),
    ("whole positive money", add_award),
    ("purse state", put("awards", "amount", [4, 7])),
    ("least, most and menus", put("awards", "amount", [4, 5])),
    ("allocation.csv", put("awards", "amount", [6, 4])),
    ("money left", put("awards", "amount", [4, 4])),
    ("money left", put("unspent", [{"fund": 0, "year": 0, "amount": 1, "reason": "menu", "rules": []}])),
    ("cash flow", put("cash", "carried_in", [[1]])),
    ("cash flow", put("cash", "unspent", [[1]])),
    ("cash flow", put("cash", "committed", [])),
    ("rule east_floor", put("awards", "amount", [6, 4])),
    ("rule both", put("awards", "amount", [6, 6])),
    ("certificate of the rules", put("certificate", "rules", "level", [7, 10])),
    ("certificate of the rules", put("certificate", "rules", "limit", [5, 10])),
    ("certificate of the rules", lambda plan: [column.pop() for column in plan["certificate"]["rules"].values()]),
    ("cells", put("cells", "outcome", [8.0, 7.1])),
    ("cells", put("cells", "value", [8.0, 7.1])),
    ("cells", put("cells", "amount", [4, 7])),
    ("cells", lambda plan: [column.pop() for column in plan["cells"].values()]),
    ("outcomes", put("synergy", [0.0, 0.5])),
    ("outcomes", put("region_outcome", [7.0, 8.0])),
    ("outcomes", put("total_outcome", 15.1)),
    ("value", put("stages", 0, "value", 15.0001)),
    ("claimed bound, not proved", put("stages", 0, "bound", 14.9)),
    ("claimed bound, not proved", put("stages", 0, "bound", -math.inf)),
    ("claimed bound, not proved", put("stages", 0, "bound", math.nan)),
    # 15 is what the prices prove; 14.9 would leave a plan worth 15 above it.
    ("proved bound", put("certificate", "stages", 0, "bound", 14.9)),
    ("proved bound", put("certificate", "stages", 0, "bound", math.nan)),
    # A dearer purse proves less: 10 x 3 for it, ada takes nothing, bea has to take 6: 30 + 0 + 7 - 6 x 3 = 19.
    ("proved bound", put("certificate", "stages", 0, "multipliers", "purse", "price", [3.0])),
    ("proved bound", put("certificate", "stages", 0, "multipliers", "purse", "price", [-1.0])),
    ("proved bound", put("certificate", "stages", 0, "multipliers", "purse", "price", [math.nan])),
    ("proved bound", put("certificate", "stages", 0, "proof", "claimed")),
    ("summary.json", put("stages", 0, "bound", 16.0)),
    ("summary.json", put("certificate", "stages", 0, "bound", 15.5)),
]  # fmt: skip


@pytest.mark.parametrize(("title", "change"), CHANGES, ids=[f"{k}-{title}" for k, (title, _) in enumerate(CHANGES)])
def test_a_changed_plan_is_wrong(folder: Path, title: str, change: Callable[[Any], object]) -> None:
    """Each check fails where what it checks is changed, though the digest of the plan is mended."""
    change_plan(folder, change)
    assert title in wrong(folder)
    assert check_folder(folder)[0] == 1


def take(*numbers: int) -> Callable[[Any], None]:
    """Give a change that keeps only some of the programmes."""

    def change(plan: Any) -> None:
        plan["programmes"] = {key: [column[k] for k in numbers] for key, column in plan["programmes"].items()}

    return change


PROGRAMME_CHANGES: list[tuple[str, Callable[[Any], object]]] = [
    ("programmes", put("programmes", "programme", ["park", "lab", "team"])),
    ("programmes", put("programmes", "option", ["large", "large", ""])),
    ("programmes", put("programmes", "year", [0, 0, 1])),
    ("programmes", put("programmes", "year", [0, 0, -1])),
    ("programmes", put("programmes", "cost", [7, 2, 2])),
    ("programmes", put("programmes", "value", [9.0, 5.0, 0.6])),
    ("programmes", take(1, 0, 2)),
    ("programmes", take(0, 1, 2, 2)),
    ("programmes", lambda plan: plan["programmes"].update(gain=[1, 2, 3])),
    ("conditions of programmes", take(1, 2)),
    ("conditions of programmes", take(0, 1)),
    ("conditions of programmes", put("programmes", "option", ["small", "", ""])),
    ("conditions of programmes", put("programmes", "programme", ["park", "fair", "tram"])),
    ("outcomes", take(0, 2)),
    ("outcomes", put("region_outcome", [12.5, 17.0])),
    ("promises", put("promises", "amount", [8])),
    ("promises", put("promises", "fund", [1])),
    ("promises", put("promises", rows("programme option fund year amount"))),
    ("paths", put("moves", rows("cluster year path", (0, 0, 2)))),
    ("cash flow", take(0, 2)),
    ("cash flow", put("cash", "programmes", [[9]])),
    ("cash flow", lambda plan: plan["cash"].pop("programmes")),
    ("proved bound", put("certificate", "stages", 0, "bound", 29.4)),
    ("proved bound", put("certificate", "stages", 0, "multipliers", "purse", "price", [2.0])),
]


@pytest.mark.parametrize(("title", "change"), PROGRAMME_CHANGES)
def test_a_changed_plan_with_programmes_is_wrong(works: Path, title: str, change: Callable[[Any], object]) -> None:
    """Each check that knows programmes fails where what it checks is changed."""
    change_plan(works, change)
    assert title in wrong(works)
    assert check_folder(works)[0] == 1


def test_a_plan_with_programmes_worked_out_by_hand_holds(works: Path) -> None:
    """Every check is made and holds, and the proved bound is the 29.5 of the comment above, in fractions."""
    code, lines = check_folder(works)
    assert [line for line in lines if line[0] != "ok"] == []
    assert code == 0
    assert ("ok", "proved bound", "exact: 29.5 (0.00e+00)") in lines
    assert ("ok", "programmes", "3") in lines
    assert ("ok", "purse state", "+0") in lines


def test_a_stock_that_is_not_there_is_missed(works: Path) -> None:
    """The lab starts in the first year, and no stock of talent is there before it."""
    place = works / "inputs" / "programmes.csv"
    head, *body = place.read_text(encoding="utf-8").splitlines()
    for asked, state in ((0, "ok"), (1, "WRONG")):
        lines = [f"{line},talent,{asked}" if line.startswith("lab") else f"{line},," for line in body]
        place.write_text("\n".join([f"{head},needs_lever,needs_stock", *lines]) + "\n", encoding="utf-8")
        mend_digests(works)
        found = [line[0] for line in check_folder(works)[1] if line[1] == "stocks that programmes need"]
        assert found == [state]


def test_a_purse_that_programmes_overdraw_is_wrong(works: Path) -> None:
    """A coin more for the park, and the purse lacks it."""
    change_cell(works, "programme_costs", 1, "cost", "8")
    assert {"programmes", "purse state", "cash flow"} <= set(wrong(works))


def test_programmes_that_are_switched_off_are_not_read(works: Path) -> None:
    """Without the feature no pick is known, nothing is paid, and nothing gained."""
    model = works / "inputs" / "model.toml"
    model.write_text(INPUTS["model.toml"] + "[features]\nprogrammes = false\n", encoding="utf-8")
    mend_digests(works)
    assert {"programmes", "cash flow", "outcomes"} <= set(wrong(works))


def read_works(**changed: str) -> Any:
    """Give the problem with programmes, in fractions."""
    texts = INPUTS | PROGRAMMES | {name.replace("_csv", ".csv"): text for name, text in changed.items()}
    files = {name: text.encode() for name, text in texts.items()}
    problem = Folder().read(files, Fraction)
    problem.live, problem.scale = problem.regions()
    return problem


@pytest.mark.parametrize(
    ("price", "bound"),
    [
        # Ada breaks even, Bea has to pay 12 for 7; the lab cannot be without the park, so the fair keeps 5 - 2.
        (2.0, 40 + 0 - 5 + 3 - 1.5),
        # Half price: 10 for the purse, Ada 6, Bea 4; large park and lab keep 5.5 + 4, the tram breaks even.
        (0.5, 10 + 6 + 4 + 9.5),
        # For nothing: Ada 9, Bea 7, large park and lab 14, tram 0.5.
        (0.0, 30.5),
        # So dear that only what must be is: Bea pays 60 for 7, the tram 10 for 0.5.
        (10.0, 200 - 53 - 9.5),
    ],
)
def test_bounds_with_programmes_at_other_prices(price: float, bound: float) -> None:
    """The best picks under their conditions are added to what clusters keep."""
    multipliers = MULTIPLIERS | {"purse": rows("fund years price", (0, "2025", price))}
    assert bound_at(read_works(), multipliers, "total", 0.0) == pytest.approx(bound, abs=1e-25)


def test_the_least_money_counts_programmes() -> None:
    """An outcome of 29.5 costs 20 at least: 29.5 less what clusters and picks keep at price 1, 4 + 1 + 5 - 0.5."""
    problem = read_works()
    problem.goal = problem.goal | {"kind": "least_money", "target": 29.5}
    multipliers = MULTIPLIERS | {"purse": rows("fund years price"), "target": 1.0}
    assert bound_at(problem, multipliers, "least_money", 0.0) == pytest.approx(-20, abs=1e-25)


def test_a_search_that_ends_early_bounds_what_it_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a node or two the bound is between the best of each programme by itself and the best under conditions."""
    problem = read_works()
    for nodes, bound in ((1, 20 + 4 + 1 + 2 + 3 + 4 + 0), (10_000, 29.5)):
        monkeypatch.setattr(verifier, "MOST_NODES", nodes)
        found = bound_at(problem, MULTIPLIERS, "total", 0.0)
        assert 29.5 <= found <= bound + 1e-25


def test_a_region_that_only_a_programme_reaches_is_live() -> None:
    """Money without effect gives nothing: only the region whose cluster gains by a programme lives."""
    flat = {"levels_csv": "cluster,lever,level,amount,gain\nada,,low,4,0\nbea,,low,4,0\n"}
    assert read_works(**flat).live == {"east", "west"}
    one = "programme,clusters,gain,start,lag\npark,ada,1,,{}\n"
    for lag, live in ((0, {"west"}), (1, set())):
        found = read_works(**flat, programmes_csv=one.format(lag), programme_costs_csv="programme,fund,cost\n")
        assert found.live == live


@pytest.mark.parametrize(
    ("table", "old", "new"),
    [
        ("programmes.csv", "park:large", "park:huge"),
        ("programmes.csv", ",park\n", ",pork\n"),
        ("programmes.csv", "ada|bea", "ada|cat"),
        ("programmes.csv", "yes", "maybe"),
        ("programmes.csv", "park,large", "park,small"),
        ("programmes.csv", "bea,1,5", "bea,1|1,5"),
        ("programmes.csv", "fair,,,,bea", "fair,,,,"),
        ("programme_costs.csv", "fair", "fairy"),
        ("programme_costs.csv", "lab,,state,1", "lab,,state,"),
        ("programme_costs.csv", "bus,,state", "bus,,city"),
        ("programme_costs.csv", ",3\n", ",2.5\n"),
    ],
)
def test_bad_tables_of_programmes_are_not_judged(works: Path, table: str, old: str, new: str) -> None:
    """Names that nobody has, keys that stand twice and costs that are not whole are refused."""
    text = PROGRAMMES[table]
    assert old in text
    (works / "inputs" / table).write_text(text.replace(old, new), encoding="utf-8")
    mend_digests(works)
    assert check_folder(works)[0] == 2


def test_every_check_was_made_to_fail() -> None:
    """No check is left that nothing makes fail; two have a test of their own."""
    changes = [*CHANGES, *PROGRAMME_CHANGES]
    failed = {title.removesuffix(" state").removesuffix(" east_floor").removesuffix(" both") for title, _ in changes}
    plain = {title.removesuffix(" {rule}").removesuffix(" {f}") for title, _ in TITLES}
    assert plain == failed | {"eligibility", "stocks that programmes need"}


def test_a_plan_that_was_changed_without_its_digest_is_wrong(folder: Path) -> None:
    """One sign more in plan.json is seen."""
    text = (folder / "plan.json").read_text(encoding="utf-8")
    (folder / "plan.json").write_text(text.replace('"pair"', '"pairs"'), encoding="utf-8")
    assert "digests" in wrong(folder)


def test_money_from_a_fund_that_is_closed_is_wrong(folder: Path) -> None:
    """A table that opens the fund to one region makes the award of the other wrong."""
    (folder / "inputs" / "eligibility.csv").write_text("fund,region\nstate,west\n", encoding="utf-8")
    mend_digests(folder)
    assert "eligibility" in wrong(folder)


def test_a_file_more_among_the_inputs_is_wrong(folder: Path) -> None:
    """What no digest covers has no place among the inputs."""
    (folder / "inputs" / "readme.txt").write_text("hello", encoding="utf-8")
    assert "digests" in wrong(folder)


def test_an_award_changed_in_the_allocation_is_wrong(folder: Path) -> None:
    """A planner pays by allocation.csv, so every award in it is compared, also as it is printed."""
    for old, new in (("ada,", "bea,"), (",east,", ",west,"), (",state,", ",city,"), (",4,", ",5,"), ("0.4", "4.0")):
        assert old in ALLOCATION
        (folder / "allocation.csv").write_text(ALLOCATION.replace(old, new), encoding="utf-8")
        assert wrong(folder) == ["allocation.csv"]


def test_a_summary_that_says_more_than_the_plan_is_wrong(folder: Path) -> None:
    """Each figure of the summary that the plan holds is compared; its words are compared with the package."""
    for key, value in SUMMARY.items():
        if key in ("name", "title", "title_zh", "money_unit"):
            continue
        other = value + 1 if isinstance(value, int | float) else f"{value}!"
        (folder / "summary.json").write_text(json.dumps(SUMMARY | {key: other}), encoding="utf-8")
        assert wrong(folder) == ["summary.json"], key


@pytest.mark.parametrize(("per", "printed"), [(1, ("4", "6")), (100, ("0.04", "0.06")), (10_000, ("0.0004", "0.0006"))])
def test_amounts_are_printed_in_the_unit_of_the_model(folder: Path, per: int, printed: tuple[str, str]) -> None:
    """Four and six coins are so many bags, and any other text is wrong."""
    model = folder / "inputs" / "model.toml"
    model.write_text(INPUTS["model.toml"].replace("per_printed = 10", f"per_printed = {per}"), encoding="utf-8")
    mend_digests(folder)
    change_plan(folder, put("money", "per_printed", per))
    assert wrong(folder) == ["allocation.csv"]
    text = ALLOCATION.replace(",0.4\n", f",{printed[0]}\n").replace(",0.6\n", f",{printed[1]}\n")
    (folder / "allocation.csv").write_text(text, encoding="utf-8")
    assert check_folder(folder)[0] == 0


def test_shares_of_awarded_money(folder: Path) -> None:
    """The east has 6 of 10: at least half is kept with 6 - 5, at most 0.65 with 6 of 6; seven tenths are not."""
    text = "rule,kind,region,min,max,of\nhalf,share,east,0.5,0.65,everything\nmost,share,east,0.7,,region=east|west\n"
    (folder / "inputs" / "rules.csv").write_text(text, encoding="utf-8")
    mend_digests(folder)
    rules = (("half", "min", -1, 6, 5), ("half", "max", -1, 6, 6), ("most", "min", -1, 6, 7))
    change_plan(folder, put("certificate", "rules", rows("rule side year level limit", *rules)))
    assert ("ok", "rule half", "+0") in check_folder(folder)[1]
    assert wrong(folder) == ["rule most"]


def test_stages_are_those_of_the_objective(folder: Path) -> None:
    """A total has one stage, each with its proof; a plan with another one, or without one, cannot be judged."""
    stage, proof = PLAN["stages"][0], PLAN["certificate"]["stages"][0]
    for stages, proofs in (([stage] * 2, [proof] * 2), ([], []), ([stage], [proof] * 2), ([stage] * 2, [proof])):
        change_plan(
            folder, lambda plan, x=stages, y=proofs: (plan.update(stages=x), plan["certificate"].update(stages=y))
        )
        assert check_folder(folder)[0] == 2
        assert not [line for line in check_folder(folder)[1] if line[1] == "proved bound"]


def test_a_bound_that_is_only_claimed_is_not_checked(folder: Path) -> None:
    """Where nothing is proved the line says so, and all else may hold."""
    change_plan(folder, put("certificate", "stages", [{"bound": math.inf, "proof": "claimed", "multipliers": None}]))
    summary = SUMMARY | {"safe_bound": None, "safe_gap": None, "proof": "claimed"}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    code, lines = check_folder(folder)
    assert ("--", "proved bound", "not proved / 未证明") in lines
    assert code == 0


def test_limits_of_the_callers_own_cannot_be_judged(folder: Path) -> None:
    """A plan of a changed Pyomo model ends with 2, unless something else is wrong."""
    change_plan(folder, put("certificate", "own", True))
    code, lines = check_folder(folder)
    assert code == 2
    assert any(state == "--" and "own" in detail for state, _, detail in lines)
    change_plan(folder, put("total_outcome", 16.0))
    assert check_folder(folder)[0] == 1


def test_exact_is_refused_for_curves_that_are_no_fractions(folder: Path) -> None:
    """A certificate that calls a bound exact where a logarithm is in use is wrong; called safe, it holds."""
    (folder / "inputs" / "levels.csv").write_text("cluster,lever,level,amount,gain\nada,,low,4,8\nada,,high,6,9\n")
    (folder / "inputs" / "levers.csv").write_text("lever,response\ntalent,log\n")
    change_cell(folder, "effectiveness", 1, "mean", "1")
    assert "proved bound" in wrong(folder)
    grades = [detail for _, title, detail in check_folder(folder)[1] if title == "proved bound"]
    assert grades == ["no fraction: exp, log"]
    change_plan(folder, put("certificate", "stages", 0, "proof", "safe"))
    # bea now earns 50 ln(1 + 6 / 50) = 5.666 for 6, on a curve whose slope 1 / (1 + x / 50) is never above the price 1,
    # so it takes one unit at best: 50 ln(1 + 1 / 50) - 1 < 0, hence nothing. 10 + 4 + 0 = 14 is less than 15.
    assert any(
        title == "proved bound" and detail.startswith("safe: 14") for _, title, detail in check_folder(folder)[1]
    )


def test_chinese_titles(folder: Path) -> None:
    """Titles and details come in Chinese where that is asked for."""
    lines = check_folder(folder, "zh")[1]
    assert ("ok", "规则 east_floor", "+0") in lines
    assert ("ok", "已证明的界", "exact: 15 (0.00e+00)") in lines


def test_more_prices_than_purses_prove_nothing(folder: Path) -> None:
    """A price too many would land on a rule, without the sign of its side."""
    change_plan(folder, put("certificate", "stages", 0, "multipliers", "purse", "price", [1.0, 1.0]))
    assert check_folder(folder)[0] == 2


def test_prices_that_cancel_leave_no_room(folder: Path) -> None:
    """A rule priced on both sides as high as one likes proves the same, and no tighter bound can be stated."""
    text = INPUTS["rules.csv"].replace("east_floor,amount,east,6,", "east_floor,amount,east,6,6")
    (folder / "inputs" / "rules.csv").write_text(text, encoding="utf-8")
    mend_digests(folder)
    prices = rows("rule side year price", ("east_floor", "min", -1, 1e14), ("east_floor", "max", -1, 1e14))
    change_plan(folder, put("certificate", "stages", 0, "multipliers", "rule", prices))
    assert "proved bound" not in wrong(folder)
    change_plan(folder, put("certificate", "stages", 0, "bound", 14.99))
    assert "proved bound" in wrong(folder)


def test_a_key_of_the_same_name_is_refused(folder: Path) -> None:
    """Names cannot be hidden behind keys of the same name in another part, nor in a part that is written twice."""
    plan = read_plan(folder)
    change_plan(folder, put("money", "clusters", ["ada", "bea"]))
    assert check_folder(folder)[0] == 2
    write_plan(folder, plan)
    text = (folder / "plan.json").read_text(encoding="utf-8")
    (folder / "plan.json").write_text(text.replace('"awards"', '"awards": {}, "awards"', 1), encoding="utf-8")
    assert check_folder(folder)[0] == 2


def test_titles_are_there_twice() -> None:
    """Every title has two forms, and no two titles are the same in one language."""
    assert all(len(texts) == 2 and all(texts) for texts in TITLES)
    for side in (0, 1):
        assert len({texts[side] for texts in TITLES}) == len(TITLES)


def test_locks_of_every_rule_are_held(folder: Path) -> None:
    """Two rules lock the same cells at the same sum in another way: whichever the plan keeps, it breaks the other."""
    text = "rule,kind,cluster,min,max\none,lock,ada,4,4\ntwo,lock,ada|bea,,\n"
    (folder / "inputs" / "rules.csv").write_text(text, encoding="utf-8")
    last = "cluster,lever,fund,year,amount\nada,talent,state,2024,6\nbea,talent,state,2024,4\n"
    (folder / "inputs" / "last_plan.csv").write_text(last, encoding="utf-8")
    mend_digests(folder)
    assert "rule two" in wrong(folder)
    assert "rule one" not in wrong(folder)
    (folder / "inputs" / "last_plan.csv").write_text(last.replace("6", "5").replace("4\n", "5\n"), encoding="utf-8")
    (folder / "inputs" / "rules.csv").write_text(text.replace("ada|bea", "ada") + "all,amount,,10,10\n")
    mend_digests(folder)
    assert "rule two" in wrong(folder)


# Bytes that a careless reader would trip over, in place of plan.json.
BAD_PLANS = {
    "empty": b"", "no JSON": b"plan", "a list": b"[]", "a number": b"7", "nested": b"[" * 200_000,
    "not UTF-8": b"\xff\xfe{", "nested objects": b'{"plan":' * 100_000, "NaN": b"NaN", "NUL": b"\0" * 100,
    "huge": b'{"format": ' + b"9" * 100_000 + b"}", "no plan": b'{"format": "clusteropt-plan-3", "sha256": ""}',
    "other format": b'{"format": "clusteropt-plan-3", "sha256": "", "plan": {}}',
    "no content": b'{"format": "clusteropt-plan-3", "sha256": "", "plan": {}}',
    "a half sign": b'{"format": "clusteropt-plan-3", "sha256": "", "plan": {"certificate": "\\ud800"}}',
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_PLANS)
def test_a_plan_that_cannot_be_read_ends_with_two(folder: Path, name: str) -> None:
    """Whatever stands in place of the plan, the end is a line and the code 2."""
    (folder / "plan.json").write_bytes(BAD_PLANS[name])
    code, lines = check_folder(folder)
    assert (code, lines[-1][:2]) in ((2, ("--", "cannot be read or judged")), (1, ("--", "cannot be read or judged")))
    assert code == 2 or "digests" in wrong(folder)


@pytest.mark.parametrize(
    "name", ["allocation.csv", "summary.json", "inputs/model.toml", "inputs/clusters.csv", "inputs/rules.csv"]
)
@pytest.mark.parametrize(
    "data", [b"\xff\xfe", b"\0\0", b'"', b"a,a\n1,2\n", b"[[[", b"{" * 50_000, b"x = " + b"[" * 50_000]
)
def test_other_files_that_cannot_be_read_never_hold(folder: Path, name: str, data: bytes) -> None:
    """Broken bytes in any other file are wrong or cannot be judged, and never a traceback."""
    (folder / name).write_bytes(data)
    mend_digests(folder)
    assert check_folder(folder)[0] in (1, 2)


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths to everything in a tree."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else []
    return [found for key in keys for found in [(*path, key), *_places(tree[key], (*path, key))]]


def told(path: tuple[Any, ...]) -> bool:
    """Tell whether a place only describes, or may be left out as it follows from the tables."""
    field = Corruption(path, "").field
    return part_of(field) is Part.TOLD or field == "objective.equity_scale"


@pytest.mark.parametrize("value", [None, True, "x", 10**400, -1, 1.5, math.nan, math.inf, [], {}, [[[]]]], ids=repr)
def test_a_value_of_another_kind_is_seen_everywhere(folder: Path, value: Any) -> None:
    """Each value of the plan is replaced in turn; the verifier never breaks, and never says that all holds."""
    plan = read_plan(folder)
    for path in _places(plan):
        bent = copy.deepcopy(plan)
        put(*path, value)(bent)
        # No money left over is told by an empty map as well.
        if bent == plan or "multipliers" in path or told(path) or (path == ("unspent",) and value == {}):
            continue
        write_plan(folder, bent)
        assert check_folder(folder)[0] in (1, 2), path


def test_multipliers_of_another_kind_never_break(folder: Path) -> None:
    """Prices may be any numbers of at least 0, and anything else is refused, never a traceback or a better bound."""
    plan = read_plan(folder)
    for path in _places(plan["certificate"]["stages"][0]["multipliers"]):
        for value in (None, True, "x", 10**400, -1, 1e308, math.nan, math.inf, [], {}):
            bent = copy.deepcopy(plan)
            put(*path, value)(bent["certificate"]["stages"][0]["multipliers"])
            write_plan(folder, bent)
            code, lines = check_folder(folder)
            proved = [detail for state, title, detail in lines if title == "proved bound" and state == "ok"]
            assert code or proved == ["exact: 15 (0.00e+00)"], (path, value)


def test_a_missing_key_is_seen_everywhere(folder: Path) -> None:
    """Each key of the plan is taken out in turn; the verifier never breaks, and never says that all holds."""
    plan = read_plan(folder)
    for path in _places(plan):
        bent = inner = copy.deepcopy(plan)
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]
        write_plan(folder, bent)
        # Of multipliers only those are read that the objective has.
        assert check_folder(folder)[0] in ((0, 1, 2) if "multipliers" in path or told(path) else (1, 2)), path


@pytest.mark.parametrize(
    "name", ["plan.json", "allocation.csv", "summary.json", "inputs/funds.csv", "inputs/model.toml"]
)
@pytest.mark.parametrize("kind", ["pipe", "device", "outside", "inside", "folder", "giant", "missing"])
def test_only_regular_files_are_read(folder: Path, name: str, kind: str) -> None:
    """A pipe, a device, a link, a folder or a file of gigabytes in place of a file ends with 1 or 2, at once."""
    path = folder / name
    moved = (folder.parent if kind == "outside" else folder) / "moved"
    shutil.copy(path, moved)
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "giant":
        with path.open("wb") as file:
            file.truncate(3 * 2**30)
    elif kind == "folder":
        path.mkdir()
    elif kind != "missing":
        path.symlink_to({"device": Path("/dev/zero")}.get(kind, moved))
    code, lines = check_folder(folder)
    assert code in (1, 2)
    assert any(title == "cannot be read or judged" for _, title, _ in lines)


def test_inputs_that_lead_elsewhere_are_not_read(folder: Path) -> None:
    """A link in place of the folder of inputs is refused."""
    (folder / "inputs").rename(folder.parent / "inputs")
    (folder / "inputs").symlink_to(folder.parent / "inputs")
    assert check_folder(folder)[0] == 2


@pytest.mark.parametrize("folder_name", ["nowhere", "plan/plan.json", "\0", "x" * 5000])
def test_what_is_no_folder_ends_with_two(tmp_path: Path, folder_name: str) -> None:
    """A path that leads to no folder cannot be judged."""
    assert check_folder(tmp_path / folder_name)[0] == 2


@pytest.mark.parametrize(
    "part", ["1e400", "1e-400", "nan", "inf", "1/2", "9" * 5000, "1e999999999", "1e-999999999", "-1"]
)
def test_odd_numbers_in_a_table_are_refused_at_once(folder: Path, part: str) -> None:
    """A number that would fill the memory, or is none, ends with 2."""
    change_cell(folder, "clusters", 0, "scale", part)
    assert check_folder(folder)[0] == 2


BAD_TABLES = [
    ("clusters", "cluster,region,industry,path,scale,scale\nada,west,chips,upgrading,50,60\n"),
    ("cells", "cluster,lever,leest\n"),
    ("cells", "cluster,lever,scale\nada,talent,0\n"),
    ("cells", "cluster,lever,least\nada,,3\n"),
    ("clusters", "cluster,region,industry,path,scale,mood\nada,west,chips,upgrading,50,good\n"),
    ("clusters", ""),
    ("clusters", "cluster\n"),
    ("funds", "fund,year,amount\nstate,2025,10\nstate,2025,20\n"),
    ("funds", "fund,year,amount\nstate,2025,10,7\n"),
    ("funds", "fund,year,amount\nstate,2025\n"),
    ("funds", "fund,year,amount\nstate,2027,10\nother,2025,10\n"),
    ("funds", "fund,year,amount\n"),
    ("levels", "cluster,lever,level,amount,gain\nada,,low,4,8\nada,,same,4,9\n"),
    ("levels", "cluster,lever,level,amount\neve,,low,4\n"),
    ("levels", "cluster,lever,level,amount\nada,mars,low,4\n"),
    ("levels", "cluster,lever,level,amount,region\nada,,low,4,mars\n"),
    ("rules", "rule,kind,min\na,amount,1\na,amount,2\n"),
    ("rules", "rule,kind,min\na,wish,1\n"),
    ("rules", "rule,kind,region,min\na,amount,south,1\n"),
    ("rules", "rule,kind,max,of\na,share,0.5,mood=good\n"),
    ("levers", "lever,response\ntalent,sudden\n"),
    ("effectiveness", "path,lever,mean,source\nupgrading,talent,0,none\n"),
]


@pytest.mark.parametrize(("table", "text"), BAD_TABLES)
def test_tables_that_could_be_read_in_two_ways_are_refused(folder: Path, table: str, text: str) -> None:
    """An unknown column or name, a key that stands twice and a row that is too long are not passed over."""
    (folder / "inputs" / f"{table}.csv").write_text(text, encoding="utf-8")
    mend_digests(folder)
    assert check_folder(folder)[0] == 2


BAD_SETTINGS = (
    "[objective]\nkind = 'best'\n", "[objective]\nkind = 'least_money'\n", "[objective]\ndiscount = -0.5\n",
    "[objective]\nmeasure = 'size'\n", "[objective]\nequity_scale = 0\n", "[effectiveness]\ncolumn = 'median'\n",
    "[effectiveness]\nreading = 'both'\n",
)  # fmt: skip


@pytest.mark.parametrize("line", BAD_SETTINGS)
def test_settings_that_say_nothing_never_hold(folder: Path, line: str) -> None:
    """A choice that there is not is wrong, or cannot be judged."""
    with (folder / "inputs" / "model.toml").open("a", encoding="utf-8") as file:
        file.write(line)
    mend_digests(folder)
    assert check_folder(folder)[0] in (1, 2)


def run(script: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a Python without site packages, from another folder."""
    command = [sys.executable, "-I", "-S", "-W", "error", str(script), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False, cwd=script.anchor)


def test_the_program_runs_alone(folder: Path, tmp_path: Path) -> None:
    """The file that is written, and the module itself, need no third-party package and say the same."""
    copy_of_it = tmp_path / "verify.py"
    write_program(copy_of_it)
    module = Path(str(verifier.__file__))
    for script in (copy_of_it, module):
        found = run(script, str(folder))
        assert (found.returncode, found.stderr) == (0, "")
        assert found.stdout.splitlines() == [f"{s:<5}  {t}: {d}" for s, t, d in check_folder(folder)[1]]
    assert "clusteropt" not in {
        line.split()[1].split(".")[0] for line in program().splitlines() if line.startswith("from ")
    }


def test_the_program_ends_with_one_and_two(folder: Path) -> None:
    """The exit code of the program is that of the check, and what is no folder of a plan ends with 2."""
    module = Path(str(verifier.__file__))
    change_plan(folder, put("total_outcome", 16.0))
    assert run(module, str(folder)).returncode == 1
    (folder / "plan.json").unlink()
    assert run(module, str(folder)).returncode == 2
    for arguments in ((), ("--help",), (str(folder), "--language", "zh")):
        found = run(module, *arguments)
        assert (found.returncode, found.stderr) == (2, "")
        assert ("无法读取" if "zh" in arguments else "cannot be read") in found.stdout


def test_every_line_is_printed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lines of the check are written as they are, in the language asked for, and the code is given."""
    for arguments in ([str(folder)], [str(folder), "--language", "zh"]):
        assert main(arguments) == 0
        lines = check_folder(folder, arguments[-1] if len(arguments) > 1 else "en")[1]
        assert capsys.readouterr().out == "".join(f"{s:<5}  {t}: {d}\n" for s, t, d in lines)
    monkeypatch.setattr(sys, "argv", ["verify.py", str(folder / "nowhere")])
    assert main() == 2
    assert capsys.readouterr().out.startswith("--     cannot be read or judged: ")
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(verifier.__file__), run_name="__main__")
    assert ended.value.code == 2


@pytest.mark.parametrize(
    ("per_printed", "four", "six"), [(1, "4", "6"), (100, "0.04", "0.06"), (1000, "0.004", "0.006")]
)
def test_amounts_are_printed_with_every_digit(folder: Path, per_printed: int, four: str, six: str) -> None:
    """The printed unit may hold any power of ten, and the whole unit may be the printed one."""
    model = folder / "inputs" / "model.toml"
    model.write_text(model.read_text(encoding="utf-8").replace("= 10\n", f"= {per_printed}\n"), encoding="utf-8")
    mend_digests(folder)
    change_plan(folder, lambda plan: plan["money"].update(per_printed=per_printed))
    assert check_folder(folder)[0] == 1
    path = folder / "allocation.csv"
    text = path.read_text(encoding="utf-8").replace(",4,0.4\n", f",4,{four}\n").replace(",6,0.6\n", f",6,{six}\n")
    path.write_text(text, encoding="utf-8")
    assert check_folder(folder)[0] == 0


def test_without_a_folder_the_one_it_runs_in_is_checked(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is the current one where none is named, that of the command line, or the one handed over."""
    monkeypatch.setattr(sys, "argv", ["verify.py"])
    assert main() == 2
    monkeypatch.setattr(sys, "argv", ["verify.py", str(folder)])
    assert main() == 0
    monkeypatch.chdir(folder)
    capsys.readouterr()
    assert main([]) == 0
    assert capsys.readouterr().out.startswith(f"ok     {check_folder(folder)[1][0][1]}: ")


def test_signs_that_a_terminal_cannot_show_are_question_marks(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of ASCII gets one for each Chinese sign, one that does not name its encoding gets UTF-8."""
    (folder / "inputs" / "rules.csv").write_text("rule,kind,max\n\x1b[31mred,amount,10\n", encoding="utf-8")
    mend_digests(folder)
    written: dict[str, bytes] = {}
    for encoding in ("ascii", "utf-8", ""):
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding or "utf-8", newline="\n")
        terminal = out if encoding else SimpleNamespace(encoding=None, write=out.write)
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", terminal)
            assert main([str(folder), "--language", "zh"]) == 1
        out.flush()
        written[encoding] = cast("io.BytesIO", out.buffer).getvalue()
    assert written["utf-8"] == written[""]
    lines = check_folder(folder, "zh")[1]
    wanted = "".join(f"{s:<5}  {t}: {d}\n" for s, t, d in lines).replace("\x1b", "?")
    assert written["utf-8"].decode() == wanted
    assert "?[31mred" in wanted
    assert written["ascii"].decode() == "".join(sign if sign.isascii() else "?" for sign in wanted)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"clusteropt-plan-3"', '"clusteropt-plan-2"'),
        ('{"format"', '{"more": 1, "format"'),
        ('{"format"', '{"sha256": "0", "format"'),
        ('"total_outcome":', '"total_outcome": 1, "total_outcome":'),
    ],
)
def test_a_plan_of_another_format_or_with_a_hidden_key_is_unreadable(folder: Path, before: str, after: str) -> None:
    """The last of two keys would hide the first, and a key more would be read by nobody."""
    path = folder / "plan.json"
    text = path.read_text(encoding="utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), encoding="utf-8")
    code, lines = check_folder(folder)
    assert (code, [line[0] for line in lines]) == (2, ["--"])


def test_a_table_of_too_many_rows_is_refused_before_it_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows as are allowed are read, blank ones too; one more is not, and no later one is looked at."""
    monkeypatch.setattr(verifier, "MOST_ROWS", 3)
    assert len([*verifier.rows_of(b"cluster,lever\na,b\nc,d\n")]) == 2
    for more in (b"e,f\n", b'e,f\n"\n', b"\ne,f\n"):
        with pytest.raises(ValueError, match="table"):
            list(verifier.rows_of(b"cluster,lever\na,b\nc,d\n" + more))


def test_the_output_is_safe_for_any_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names cannot command a terminal, and a terminal that knows no Chinese gets question marks."""
    (folder / "inputs" / "rules.csv").write_text("rule,kind,max\n\x1b[31mred,amount,10\n", encoding="utf-8")
    mend_digests(folder)
    assert main([str(folder), "--language", "zh"]) == 1
    assert "\x1b" not in capsys.readouterr().out
    environment = {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, str(verifier.__file__), str(folder), "--language", "zh"]
    found = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (found.returncode, found.stderr) == (1, b"")


# What the parts of the bound give, worked out by hand.


def test_a_curve_that_pays_for_itself() -> None:
    """100 x / (100 + x) with price 1/4 is best where the slope (100 / (100 + x))^2 is 1/4: x = 100, 50 - 25 = 25."""
    assert highest((Fraction(1), "hyperbolic", Fraction(100)), 0, 400, Fraction(1, 4), whole=True) == (25, 100)
    # Held to at most 60 it takes all: 100 x 60 / 160 - 15 = 22.5; from 300 up the least: 75 - 75 = 0.
    assert highest((Fraction(1), "hyperbolic", Fraction(100)), 0, 60, Fraction(1, 4), whole=True) == (
        Fraction(45, 2),
        60,
    )
    assert highest((Fraction(1), "hyperbolic", Fraction(100)), 300, 400, Fraction(1, 4), whole=True) == (0, 300)


def test_whole_money_is_bounded_below_the_curve() -> None:
    """With s = 1 and price 1/8 the curve is best at sqrt(8) - 1 = 1.83, whole money at 2: 2/3 - 1/4 = 5/12."""
    curved = (Fraction(1), "hyperbolic", Fraction(1))
    assert highest(curved, 0, 9, Fraction(1, 8), whole=True) == (Fraction(5, 12), 2)
    assert highest(curved, 0, 9, Fraction(1, 8), whole=False)[0] == pytest.approx((1 - 8**-0.5) ** 2, rel=1e-12)


def test_a_tangent_that_touches_beside_the_best_point_is_above_it() -> None:
    """With s = 1 and price r^2 the best is (1 - r)^2 at 1 / r - 1, which no float is; the bound is above it."""
    for r in (Fraction(3, 10), Fraction(3, 7), Fraction(7, 100)):
        found, _ = highest((Fraction(1), "hyperbolic", Fraction(1)), 0, 99, r**2, whole=False)
        assert (1 - r) ** 2 < found <= (1 - r) ** 2 + Fraction(1, 10**12)


def test_an_outcome_that_harms_is_bounded_at_an_end() -> None:
    """-f(x) - p x is convex for p = -0.3: at 0 it is 0, at 100 it is -50 + 30, at 400 it is -80 + 120 = 40."""
    assert highest((Fraction(-1), "hyperbolic", Fraction(100)), 0, 400, Fraction(-3, 10), whole=True) == (40, 400)


WORTHY = {
    "model.toml": "years = [2025]\n",
    "levers.csv": "lever,response\ntalent,linear\nlab,linear\n",
    "funds.csv": "fund,year,amount\nstate,2025,10\n",
    "effectiveness.csv": "path,lever,mean\nupgrading,talent,0.01\nupgrading,lab,0.01\nindigenous,talent,0.01\n"
    "indigenous,lab,0.01\nconvergence,talent,0\nconvergence,lab,0\n",
    # With money for both levers every cluster but those on the path of convergence has an outcome.
    "clusters.csv": "cluster,region,path,scale,weight\nada,small,upgrading,9,0.001\nbea,unheard,upgrading,9,0\n"
    "cid,barren,convergence,9,1\ndee,together,upgrading,9,1\neli,together,convergence,9,1\n"
    "fay,apart,indigenous,9,1\ngus,apart,convergence,9,1\n",
    # What dee and fay bring to their regions is taken away again, so that only a synergy can count for them.
    "spillovers.csv": "from,to,share\ndee,eli,-1\nfay,gus,-1\n",
    "synergies.csv": "path,levers,gain\nupgrading,talent+lab,0.5\nindigenous,talent+lab,0\nconvergence,talent+lab,3\n",
}


def test_a_region_lives_where_money_can_give_it_an_outcome() -> None:
    """Small gains count, nothing does not, whether for want of weight, of effect, of a synergy or of its levers."""
    files = {name: text.encode() for name, text in WORTHY.items()}
    assert Folder().read(files, float).regions()[0] == {"small", "together"}
    # With a lab that has no effect the synergy of dee is nothing, whatever its gain.
    text = WORTHY["effectiveness.csv"].replace("upgrading,lab,0.01", "upgrading,lab,0")
    assert Folder().read(files | {"effectiveness.csv": text.encode()}, float).regions()[0] == {"small"}


def test_a_menu_gives_a_region_what_its_purses_can_pay() -> None:
    """A level of 10 can just be paid and one of 11 cannot, with a gain of its own or through the curve."""
    alone = {
        "clusters.csv": b"cluster,region,path,scale\nada,west,upgrading,9\n",
        "synergies.csv": b"",
        "spillovers.csv": b"",
    }
    files = {name: text.encode() for name, text in WORTHY.items() if name not in alone}
    files["clusters.csv"] = alone["clusters.csv"]
    for amount, gain, effect, live in (
        (10, "3", 0, True), (11, "3", 0, False), (10, "", 1, True), (11, "", 1, False), (10, "0", 1, False),
        (10, "", 0, False),
    ):  # fmt: skip
        files["levels.csv"] = f"cluster,lever,level,amount,gain\n,,one,{amount},{gain}\n".encode()
        files["effectiveness.csv"] = f"path,lever,mean\nupgrading,talent,{effect}\nupgrading,lab,{effect}\n".encode()
        assert Folder().read(files, float).regions()[0] == ({"west"} if live else set()), (amount, gain, effect)


def test_the_equity_scale_is_what_an_even_split_reaches() -> None:
    """Of 10, 5 go to each lever of the one cluster: at an effect of 0.01 the region reaches 0.1 in all."""
    files = {name: WORTHY[name].encode() for name in ("model.toml", "levers.csv", "funds.csv", "effectiveness.csv")}
    files["clusters.csv"] = b"cluster,region,path,scale\nada,west,upgrading,0.5\n"
    assert Folder().read(files, float).regions() == ({"west"}, pytest.approx(0.1, rel=1e-12))
    # The same from another kind of model file, and without a table that is switched off.
    del files["model.toml"]
    files |= {"levels.csv": b"cluster,lever,level,amount,gain\n,,one,10,7\n", "model.json": b"{}"}
    assert Folder().read(files, float).regions()[1] != pytest.approx(0.1)
    files["model.json"] = b'{"features": {"levels": false}}'
    assert Folder().read(files, float).regions()[1] == pytest.approx(0.1, rel=1e-12)


RULED = {
    "model.toml": "years = [2025, 2026]\n",
    "levers.csv": "lever,response\ntalent,linear\nlab,linear\n",
    "funds.csv": "fund,year,amount\nstate,2025,10\nstate,2026,12\ncity,2025,5\ncity,2026,6\n",
    "effectiveness.csv": "path,lever,mean\nupgrading,talent,1\nupgrading,lab,1\n",
    "clusters.csv": "cluster,region,industry,path,scale\nada,west,chips,upgrading,9\nbea,east,chips,upgrading,9\n",
    "last_plan.csv": "cluster,lever,fund,year,amount\nada,lab,state,2024,3\nada,lab,city,2024,2\n"
    "ada,talent,city,2024,4\nbea,lab,city,2023,9\n",
    "rules.csv": "rule,kind,region,lever,fund,year,min,max,of\n"
    "keep,lock,west,lab,city,2025,,,\ncells,lock,west,lab,,2025,,,\nupper,lock,east,,,2026,,3,\n"
    "lower,lock,east,lab,city,2025,1,,\nless,change,west,,city,,-0.5,-0.1,\nall,change,west,,,2026,-1,,\n"
    "part,share,west,,,2026,0.5,,lever=lab;\nown,share,west,,,2026,,0.25,year=2025|2026; region=east\n"
    "purse,share,,,,2025,0.5,,fund:city\n",
}


def test_paths_are_those_that_clusters_are_classified_to() -> None:
    """Memberships from readings are those of `classify`: clear ones, shared ones, and on a textbook cluster itself."""
    dice = random.Random(5)
    spots = [(x / 4, y / 4, z / 3) for x in range(5) for y in range(5) for z in range(4)]
    spots += [tuple(round(dice.random(), 3) for _ in range(3)) for _ in range(200)]
    lines = [f"c{k},west,,{x!r},{y!r},{z!r},9" for k, (x, y, z) in enumerate(spots)]
    text = "\n".join(["cluster,region,path,uncertainty,origin,diffusion,scale", *lines])
    levers = "lever,response\ntalent,linear\nlab,linear\n"
    means = "".join(f"{path},{lever},1\n" for path in verifier.PATHS for lever in ("talent", "lab"))
    files = {
        "model.toml": "", "clusters.csv": text, "levers.csv": levers, "funds.csv": "fund,year,amount\nstate,2025,9\n",
        "effectiveness.csv": f"path,lever,mean\n{means}", "synergies.csv": "path,levers,gain\nupgrading,lab+talent,2\n",
    }  # fmt: skip
    it = Folder().read({name: content.encode() for name, content in files.items()}, float)
    kinds = set()
    for k, spot in enumerate(spots):
        found = classify(*spot)
        wanted = {name: share for name, share in zip(verifier.PATHS, found.memberships, strict=True) if share}
        assert it.clusters[f"c{k}"]["member"] == pytest.approx(wanted, rel=1e-12), spot
        assert it.clusters[f"c{k}"]["path"] == str(found.path)
        # A synergy of one path counts for the part of a cluster that is on it.
        assert it.synergies["talent", "lab"][f"c{k}"] == pytest.approx(2 * wanted.get("upgrading", 0), rel=1e-12)
        kinds.add(len(wanted))
    assert {1, 2, 3} <= kinds


def test_a_synergy_is_of_two_levers_at_least_and_stands_once() -> None:
    """One lever alone, a lever that there is not, and a path that stands twice are refused."""
    for more in ("upgrading,talent,1\n", "upgrading,talent+law,1\n", "upgrading,lab+talent,1\n"):
        files = {
            name: text.encode() for name, text in (WORTHY | {"synergies.csv": WORTHY["synergies.csv"] + more}).items()
        }
        with pytest.raises(ValueError, match="synergies"):
            Folder().read(files, float)


def test_rules_are_read_as_they_are_meant() -> None:
    """Locks keep draws or cells, changes are of the funds named, shares of their base in its years or the rule's."""
    it = Folder().read({name: text.encode() for name, text in RULED.items()}, float)
    assert it.locked["keep"] == {("ada", "lab", 2025, "city"): 2}
    assert it.locked["cells"] == {("ada", "lab", 2025): 5}
    assert it.locked["upper"] == {("bea", lever, 2026): 3 for lever in ("talent", "lab")}
    assert it.locked["lower"] == {("bea", "lab", 2025, "city"): 1}
    found = {(x.rule, x.side, x.year): (len(x.spots), x.limit, len(x.base), x.ratio) for x in it.sides}
    # Of 4 + 2 from the city at least 3 in each year and at most 5.4, rounded down; of 5 + 4 at least nothing.
    for year in (2025, 2026):
        assert found["less", "min", year] == (2, 3, 0, 0)
        assert found["less", "max", year] == (2, 5, 0, 0)
    assert found["all", "min", 2026] == (4, 0, 0, 0)
    # The base of the first is lab in 2026: two clusters, two funds; of the second the east in both years.
    assert found["part", "min", -1] == (4, 0, 4, Fraction(1, 2))
    assert found["own", "max", -1] == (4, 0, 8, Fraction(1, 4))
    assert found["purse", "min", -1] == (8, 3, 0, 0)


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("model.toml", "years = [2025]\n"),
        ("levels.csv", "cluster,lever,level,amount,gain\n,,one,0,3\n"),
        ("rules.csv", "rule,kind,min\nless,change,-1.5\n"),
        ("rules.csv", "rule,kind,max\nless,change,-1.5\n"),
        ("last_plan.csv", 'cluster,lever,amount\n"ada"x,lab,3\n'),
    ],
)
def test_what_cannot_be_meant_is_not_read(table: str, text: str) -> None:
    """Years without purses, an award of nothing, a change by more than all, a quote in the middle of a value."""
    files = {name: known.encode() for name, known in RULED.items()} | {table: text.encode()}
    with pytest.raises((ValueError, csv.Error)):
        Folder().read(files, float)


def test_lines_of_nothing_are_no_rows_and_short_lines_are_filled() -> None:
    """A line of commas alone is skipped; what a line leaves out at its end is empty."""
    assert [*verifier.rows_of(b"cluster,lever\n , \nada\n")] == [{"cluster": "ada"}]
    assert next(verifier.rows_of(" cluster ,\nada \n".encode("utf-8-sig")))["cluster"] == "ada"


def test_numbers_at_the_ends_of_what_is_read() -> None:
    """From 1e-30 to 1e15, both read; an empty text is nothing, which may be too little."""
    assert (exact("1e15"), exact("-1e-30", least=-1)) == (10**15, -Fraction(1, 10**30))
    for text, least in (("1000000000000001", 0), ("9e-31", 0), ("", 1)):
        with pytest.raises(ValueError, match="number"):
            exact(text, least=least)


def pair_problem(number: type, **more: str) -> Folder:
    """Build the problem of Ada and Bea, with further or other files."""
    files = {name: text.encode() for name, text in INPUTS.items()}
    files |= {name.replace("_", "."): text.encode() for name, text in more.items()}
    it = Folder().read(files, number)
    it.live, it.scale = it.regions()
    return it


@pytest.mark.parametrize("target", ["", "target = 1.0\n"])
def test_a_target_bounds_nothing_but_least_money(target: str) -> None:
    """A price on a target that the objective does not have moves no bound, whether the model names one or not."""
    model = INPUTS["model.toml"] + f"[objective]\nkind = 'total'\n{target}"
    for number in (float, Fraction):
        it = pair_problem(number, model_toml=model)
        assert bound_at(it, MULTIPLIERS | {"target": 5.0}, "total", 0.0) == pytest.approx(15, rel=1e-9)


def test_what_a_region_counts_at_its_price() -> None:
    """Prices count for regions that money can reach alone, and for the objectives that compare regions."""
    it = pair_problem(Fraction)
    it.live = {"west"}
    given = MULTIPLIERS | {"region": [2.0, 6.0]}
    assert it._coefficients(given, "total", 0.0)[0] == {"west": 1, "east": 1}
    assert it._coefficients(given, "worst_region", 0.0)[0] == {"west": 1, "east": 0}
    coef, terms = it._coefficients(given, "second", 3.0)
    assert (coef, sum(terms)) == ({"west": 3, "east": 1}, -6)


@pytest.mark.parametrize(
    "change",
    [
        {"synergy": rows("synergy cluster year lever share", ("a+b", 0, 0, 0, math.inf))},
        {"region": [math.inf]}, {"target": math.nan}, {"purse": rows("fund years price", (0, "2025", 1e308))},
    ],
)  # fmt: skip
def test_prices_without_end_prove_nothing(change: dict[str, Any]) -> None:
    """An infinite price, one that is no number, and one that makes the bound infinite are refused."""
    with pytest.raises(ArithmeticError):
        bound_at(pair_problem(float), MULTIPLIERS | change, "total", 0.0)


def test_the_margin_widens_every_part() -> None:
    """With a margin of a half, large enough to be seen, each part is on the safe side of what it is without.

    A unit costs 1 - 1/2, a unit of outcome counts 1 + 1/2. Ada: 9 x 3/2 - 6/2 = 10.5, Bea: 7 x 3/2 - 6/2 = 7.5. Each
    of the two, and the purse with 10, counts half as much again; the best of the cells of a cluster that much twice:
    15.75 + 10.5 + 11.25 + 7.5 + 15 = 60.
    """
    assert bound_at(pair_problem(float), MULTIPLIERS, "total", 0.0, 0.5) == pytest.approx(60, rel=1e-12)
    assert bound_at(pair_problem(float), MULTIPLIERS, "total", 0.0, 0.0) == 15


def test_shares_inside_a_cluster_keep_their_coefficients() -> None:
    """Lab is at most half of both: 2 lab - (lab + talent) <= 0; at least a quarter: -4 lab + lab + talent <= 0."""
    menus = "cluster,lever,level,amount,gain\n,,low,4,8\n,,high,6,9\n"
    rules = (
        "rule,kind,cluster,lever,min,max,of\nhalf,share,ada,lab,,0.5,cluster=ada\n"
        "quarter,share,bea,lab,0.25,,cluster=bea\n"
    )
    files = RULED | {"levels.csv": menus, "rules.csv": rules, "model.toml": "years = [2025]\n"}
    files |= {"funds.csv": "fund,year,amount\nstate,2025,10\n", "last_plan.csv": "cluster,lever,amount\n"}
    it = Folder().read({name: text.encode() for name, text in files.items()}, Fraction)
    it.live, it.scale = it.regions()
    bound_at(it, MULTIPLIERS | {"rule": rows("rule side year price")}, "total", 0.0)
    lab, talent = ("ada", "lab", 2025), ("ada", "talent", 2025)
    assert it.inners["ada"] == [({lab: 1, talent: -1}, 0)]
    assert it.inners["bea"] == [({("bea", "lab", 2025): -3, ("bea", "talent", 2025): 1}, 0)]


def test_what_cancels_out_of_a_rule_is_not_in_it() -> None:
    """Ada gets all: her money stands on both sides, so bea's is at most 0; a floor is a rule inside as it stands."""
    menus = "cluster,lever,level,amount,gain\n,,low,4,8\n,,high,6,9\n"
    rules = "rule,kind,cluster,lever,min,max,of\nall,share,ada,,1,,\nfloor,amount,ada,lab,4,,\nboth,amount,,,,9,\n"
    files = RULED | {"levels.csv": menus, "rules.csv": rules, "model.toml": "years = [2025]\n"}
    files |= {"funds.csv": "fund,year,amount\nstate,2025,10\n", "last_plan.csv": "cluster,lever,amount\n"}
    it = Folder().read({name: text.encode() for name, text in files.items()}, Fraction)
    it.live, it.scale = it.regions()
    bound_at(it, MULTIPLIERS | {"rule": rows("rule side year price")}, "total", 0.0)
    lab, talent = ("bea", "lab", 2025), ("bea", "talent", 2025)
    assert dict(it.inners) == {"bea": [({lab: 1, talent: 1}, 0)], "ada": [({("ada", "lab", 2025): -1}, -4)]}


def test_a_locked_level_earns_its_own_gain() -> None:
    """Held at the level of 4, which earns 70, at a price of 1: 70 - 4."""
    it, cell = Folder(), ("ada", "talent", 2025)
    it.pairs = {cell[:2]: Pair("linear", 1, 1, 0, 0, 0, 0, 4, {3: 50, 4: 70}, ["state"])}
    it.paid, it.locks, it.price = {("state", 2025): 9}, {cell: 4}, Counter({(*cell, "state"): 1})
    assert it._offers(cell, (Fraction(1), "linear", 1), 1, set(), set()) == {4: 66}


def test_how_close_is_close_enough() -> None:
    """Outcomes may differ by 1e-9 of themselves, or by 2^-40 of the size that is given; whole numbers not at all."""
    assert verifier.differ(10**12, 10**12 + 1)
    assert verifier.differ(1e-6, 1e-6 + 5e-13)
    assert not verifier.differ(1e-6, 1e-6 + 5e-13, 1.0)
    assert not verifier.differ(1.0, 1.0 + 5e-10)
    assert verifier.differ(1.0, 1.0 + 5e-9)


@pytest.mark.parametrize("number", [float, Fraction])
def test_a_curve_without_a_weight_only_costs(number: type) -> None:
    """Nothing is earned, so nothing is best; a curve that is no fraction is not even asked."""
    assert highest((number(0), "log", number(1)), 0, 5, number(1)) == (0, 0)


@pytest.mark.parametrize("text", ['"1"0,b\n', 'a,"b\nc,d\n'])
def test_quotes_out_of_place_are_refused(text: str) -> None:
    """A quote inside a value, or one that is never closed, could hide what follows."""
    with pytest.raises(csv.Error):
        list(verifier.rows_of(f"cluster,lever\n{text}".encode()))


def test_who_may_get_nothing_draws_on_nothing() -> None:
    """A cell whose most is 0 has no funds, so that money reaches no region through it."""
    files = RULED | {"cells.csv": "cluster,lever,most\nada,lab,0\nada,talent,0\n", "rules.csv": "rule,kind,min,max\n"}
    it = Folder().read({name: text.encode() for name, text in files.items()}, float)
    assert [it.pairs["ada", lever].funds for lever in ("lab", "talent")] == [[], []]
    assert it.regions()[0] == {"east"}


@pytest.mark.parametrize(
    ("lock", "menu", "lag", "best"),
    [
        (("ada", "talent", 2025), {}, 1, 4), (("ada", "talent", 2026), {}, 1, Fraction(24, 5)),
        (("ada", "talent", 2025, "f"), {}, 0, Fraction(24, 5)), (("ada", "talent", 2025), {5: "", 6: ""}, 0, 4),
    ],
)  # fmt: skip
def test_the_lock_of_the_year_that_feeds_a_stock_counts(lock: Any, menu: dict[int, Any], lag: int, best: Any) -> None:
    """With a lag it is that of the year before; a lock of a draw leaves the bound as it is, if weaker."""
    it = Folder()
    it.names, it.years = {"lever": ["talent"]}, [2025, 2026] if lag else [2025]
    it.discount = dict.fromkeys(it.years, Fraction(1))
    it.clusters, it.coef = {"ada": {"region": "r", "counts": {"r": Fraction(1)}}}, {"r": Fraction(1)}
    it.synergies, it.shares = {}, {}
    it.stock = {("ada", "talent", it.years[-1]): Fraction(1, 5)}
    it.margin, it.terms, it.locks = 0, [], {lock: 5}
    it.paid = {("f", year): 6 for year in it.years}
    it.pairs = {("ada", "talent"): Pair("linear", 1, 1, 0, Fraction(1, 2), lag, 0, 9, menu, ["f"])}
    list(it._values("ada"))
    assert sum(it.terms) == best


def test_a_stock_grows_by_no_more_than_is_locked() -> None:
    """A purse holds 6 but the award is locked at 5: at price 1/5 the stock pays 5 - 5/5 = 4, not 6 - 6/5.

    So it is where the cell may get at most 5; without either limit it is 6 - 6/5.
    """
    for most, locks, best in ((9, {("ada", "talent", 2025): 5}, 4), (5, {}, 4), (9, {}, Fraction(24, 5))):
        it = Folder()
        it.names, it.years, it.discount = {"lever": ["talent"]}, [2025], {2025: Fraction(1)}
        it.clusters, it.coef = {"ada": {"region": "r", "counts": {"r": Fraction(1)}}}, {"r": Fraction(1)}
        it.synergies, it.shares, it.stock = {}, {}, {("ada", "talent", 2025): Fraction(1, 5)}
        it.margin, it.terms, it.paid, it.locks = 0, [], {("f", 2025): 6}, locks
        it.pairs = {("ada", "talent"): Pair("linear", 1, 1, 0, Fraction(1, 2), 0, 0, most, {}, ["f"])}
        ((_, curved, _),) = it._values("ada")
        assert (curved[0], sum(it.terms)) == (Fraction(1, 5), best)


def test_the_cheapest_money_comes_first() -> None:
    """Of two funds, one at 2 a unit that must pay one of its 3, one at 1 with 2 units; an outcome of 3/2 a unit.

    One unit brings 3/2 - 2; two more at 1 bring 1/2 each; two more at 2 would lose 1/2 each. Best is 3 units: 1/2.
    """
    it, cell = Folder(), ("ada", "talent", 2025)
    it.pairs = {cell[:2]: Pair("linear", 1, 1, 0, 0, 0, 0, 9, {}, ["dear", "cheap"])}
    it.paid, it.locks = {("dear", 2025): 3, ("cheap", 2025): 2}, {}
    it.price = Counter({(*cell, "dear"): 2, (*cell, "cheap"): 1})
    curved, draw = (Fraction(3, 2), "linear", 1), (*cell, "dear", "draw")
    found = it._offers(cell, curved, 1, {draw}, set())
    assert max(found.items(), key=lambda item: item[1]) == (3, Fraction(1, 2))
    # Off is no choice where a draw is paid for; without it, and with the dear fund shut, two cheap units are best.
    assert 0 not in found
    found = it._offers(cell, curved, 1, set(), {(*cell, "dear")})
    assert (found[0], max(found.items(), key=lambda item: item[1])) == (0, (2, 1))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("10", 10),
        ("+10.00", 10),
        ("7.", 7),
        ("1.5e1", 15),
        (".5", Fraction(1, 2)),
        ("-0.125", Fraction(-1, 8)),
        ("", 3),
    ],
)
def test_numbers_are_read_exactly(text: str, number: Fraction) -> None:
    """Every way to write a number that the package knows is read, without a rounding; nothing reads as the default."""
    assert exact(text, 3, least=-1) == number


@pytest.mark.parametrize("text", ["1/3", "0x1", "high", "nan", "inf", "1e16", "1e-31", "-2"])
def test_what_is_no_number_is_refused(text: str) -> None:
    """Words, fractions, what is beyond all sizes and what is below the least are no numbers."""
    with pytest.raises(ValueError, match=text):
        exact(text, least=-1)
