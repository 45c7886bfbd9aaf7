"""What was really paid in the years that are closed, read and checked like any other table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.inputs.column_makers import NOT_NEGATIVE, amount_column, name_column, number_column, year_column
from clusteropt.inputs.columns import Table
from clusteropt.inputs.csv_files import csv_table
from clusteropt.inputs.faults import Faults, Place, suggest
from clusteropt.inputs.files import read_bytes
from clusteropt.inputs.frames import frame_table
from clusteropt.inputs.names import make_names
from clusteropt.inputs.parsing import marked, parse_table
from clusteropt.inputs.references import check_sum
from clusteropt.inputs.schemas import check_table
from clusteropt.text import Text

if TYPE_CHECKING:
    import pandas as pd

    from clusteropt.inputs.parsing import TypedTable
    from clusteropt.inputs.problem import Ints, Problem
    from clusteropt.plan.plan import Plan

NAME = "actuals"
ACTUALS = Table(
    name=NAME,
    about=Text("A row is money really paid in a year that is closed.", "每行一笔已结束年度的实际拨款。"),
    columns=(
        name_column("cluster", Text("Cluster", "集群")),
        name_column("lever", Text("Lever", "政策工具")),
        name_column("fund", Text("Fund that paid", "支付的资金")),
        year_column(Text("Year that is closed", "已结束的年份"), required=True),
        amount_column("amount", Text("Money really paid", "实际拨款")),
        number_column(
            "outcome",
            Text("Outcome that was seen in the year, told beside the planned one", "当年实际产出, 与计划产出并列显示"),
            NOT_NEGATIVE,
            Text("not known", "未知"),
        ),
    ),
)


@dataclass(frozen=True, slots=True, eq=False)
class Actuals:
    """What happened in the first years of a plan.

    Parameters
    ----------
    num_closed : int
        So many years are closed: the first of the plan.
    paid : array of shape (num_draws, num_closed)
        Whole units by draw of the problem and year.
    outcome : array of shape (num_clusters, num_levers, num_closed)
        Outcomes that were seen; NaN where none is told. They are shown and change no coefficient: to learn from them
        is another step, which starts here.
    """

    num_closed: int
    paid: Ints
    outcome: np.ndarray


def read_actuals(problem: Problem, plan: Plan, given: pd.DataFrame | str | Path) -> Actuals:
    """Read and check what was paid.

    Parameters
    ----------
    problem, plan : Problem, Plan
        What was planned.
    given : DataFrame or path of a CSV file
        The table of actuals.

    Raises
    ------
    InputError
        With every fault at once.
    """
    faults = Faults()
    _check_plan(problem, plan, faults)
    if isinstance(given, str | Path):
        data = read_bytes(Path(given), NAME, faults)
        raw = None if data is None else csv_table(NAME, data, faults)
    else:
        raw = frame_table(NAME, given, faults)
    faults.stop_if_any()
    assert raw is not None
    typed = parse_table(ACTUALS, raw, faults)
    check_table(typed, faults)
    check_sum(typed, "amount", faults)
    faults_before = len(faults.listed)
    _check_names(problem, typed, faults)
    num_closed = _check_years(problem, typed, faults)
    # Where a name is unknown its draw is, too.
    if len(faults.listed) == faults_before and not typed.absent & {"cluster", "lever", "fund"}:
        _check_draws(problem, typed, faults)
    faults.stop_if_any()
    return _arrays(problem, typed, num_closed)


def _check_plan(problem: Problem, plan: Plan, faults: Faults) -> None:
    if problem.kept is None:
        faults.add(
            Place("problem"),
            Text("the problem was made from arrays, so there are no tables to go on from.", "该问题并非由表格生成。"),
            Text("Read it from files or tables.", "请从文件或表格读取。"),
        )
    if plan.labels != problem.labels:
        faults.add(
            Place("plan", value=plan.name),
            Text("the plan is not one of this problem.", "该方案不属于此问题。"),
            Text("Give the plan and the problem of one folder.", "请使用同一文件夹中的方案与问题。"),
        )


def _check_names(problem: Problem, typed: TypedTable, faults: Faults) -> None:
    names = make_names(problem.labels)
    for column in ("cluster", "lever", "fund"):
        values, known = typed.text(column), names[column]
        unknown = values.given & (known.positions(values) < 0)
        for row, value in faults.that_fit(marked(typed, column, unknown)):
            problem_text = Text(f"there is no {known.what.en} {value!r}.", f"没有{known.what.zh} {value!r}。")
            faults.add(Place(NAME, row, column, value), problem_text, suggest(value, known.index))


def _check_years(problem: Problem, typed: TypedTable, faults: Faults) -> int:
    """Note years that are not the first ones of the plan without a gap, or all of them; give how many there are."""
    years, year = problem.labels.years, typed.frame["year"]
    for row, value in faults.that_fit(marked(typed, "year", year.notna() & ~year.isin(years))):
        words = Text("the plan has no such year.", "方案不含该年份。")
        faults.add(Place(NAME, row, "year", value), words, suggest(value, [str(known) for known in years]))
    found = sorted({int(value) for value in year.dropna()} & set(years))
    if not found and not year.notna().any():
        faults.add(
            Place(NAME, None, "year"),
            Text("no year is closed: there are no rows.", "没有任何行, 即没有已结束的年份。"),
            Text(
                "Write a row of every year that is closed; its amount may be 0.",
                "请为每个已结束年份填写一行, 金额可为 0。",
            ),
        )
    missing = [str(value) for value in years if found and value < found[-1] and value not in found]
    if missing:
        faults.add(
            Place(NAME, None, "year", ", ".join(missing)),
            Text("a later year is closed, but this one has no row.", "后面的年份已结束, 但该年没有任何行。"),
            Text("Add a row; its amount may be 0.", "请补充一行, 金额可为 0。"),
        )
    if len(found) == len(years):
        faults.add(
            Place(NAME, None, "year", str(years[-1])),
            Text("every year of the plan is closed.", "方案的所有年份均已结束。"),
            Text("Leave a year open to be planned.", "请至少保留一个未结束的年份。"),
        )
    return len(found)


def _check_draws(problem: Problem, typed: TypedTable, faults: Faults) -> None:
    """Note money from funds that are not open to the cluster and lever."""
    frame, draw = typed.frame, _draw_of(problem, typed)
    asked = frame[["cluster", "lever", "fund"]].notna().all(axis=1).to_numpy()
    shut = asked & (draw < 0) & (frame["amount"].fillna(0) > 0).to_numpy(dtype=bool)
    for row, value in faults.that_fit(marked(typed, "fund", shut)):
        words = Text("the fund is not open to this cluster and lever.", "该资金不对此集群和工具开放。")
        faults.add(
            Place(NAME, row, "fund", value), words, Text("Mend the row, or eligibility.", "请更正该行或 eligibility。")
        )


def _draw_of(problem: Problem, typed: TypedTable) -> Ints:
    """Give the draw of every row; -1 where there is none."""
    names = make_names(problem.labels)
    keys = [names[kind].positions(typed.text(kind)).tolist() for kind in ("fund", "cluster", "lever")]
    draws = zip(problem.draw_fund.tolist(), problem.draw_cluster.tolist(), problem.draw_lever.tolist(), strict=True)
    place = {draw: number for number, draw in enumerate(draws)}
    return np.array([place.get(key, -1) for key in zip(*keys, strict=True)], np.int64)


def _arrays(problem: Problem, typed: TypedTable, num_closed: int) -> Actuals:
    frame, names = typed.frame, make_names(problem.labels)
    year = frame["year"].to_numpy(dtype=np.int64) - problem.labels.years[0]
    amount, draw = frame["amount"].to_numpy(dtype=np.int64), _draw_of(problem, typed)
    paid = np.zeros((problem.num_draws, num_closed), np.int64)
    some = draw >= 0
    np.add.at(paid, (draw[some], year[some]), amount[some])
    outcome = np.full((problem.num_clusters, problem.num_levers, num_closed), np.nan)
    told = frame["outcome"].notna().to_numpy()
    place = names["cluster"].positions(typed.text("cluster"))[told], names["lever"].positions(typed.text("lever"))[told]
    # Rows of several funds of one cell tell parts of its outcome.
    spots = (*place, year[told])
    outcome[spots] = 0.0
    np.add.at(outcome, spots, frame["outcome"].to_numpy(dtype=float)[told])
    return Actuals(num_closed, paid, outcome)
