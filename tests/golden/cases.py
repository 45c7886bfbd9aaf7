"""One tiny problem for each row function, and its rows alone in the LP format."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from unittest import mock

import numpy as np
import pyomo.environ as pyo

from clusteropt.inputs.ledger import SHARE_UNIT, Ledger
from clusteropt.inputs.problem import (
    Objective,
    ObjectiveKind,
    Problem,
    RegionMeasure,
    ResponseFamily,
    RuleBase,
    RuleKind,
    Selection,
    SoftFloor,
)
from clusteropt.inputs.programmes import Condition, Programmes
from clusteropt.model import pyomo_view
from clusteropt.model.formulation import formulate
from clusteropt.text import Text
from tests.problems import plain_problem, rule, synergy, with_draws, with_last, with_menus, with_spills

FOLDER = Path(__file__).parent
FLOOR = 5.0
"""What the worst region must reach in the golden file of `floor`."""
LINEAR = ResponseFamily.LINEAR


def two_cells(purse: int = 40) -> Problem:
    """Two clusters, one lever, one purse, linear outcomes of 2 and 3; 10 units are one printed."""
    return plain_problem([[2.0], [3.0]], [[10.0], [20.0]], [[purse]], family=LINEAR, per_printed=10)


def menu_cell() -> Problem:
    """One cell with two levels, paid by two purses."""
    problem = plain_problem([[2.0]], [[10.0]], [[20], [30]], family=LINEAR, per_printed=10)
    return with_menus(problem, {(0, 0): [(15, 40.0), (25, 60.0)]})


def gated_cells() -> Problem:
    """Nothing or at least 10 (20); at most 30 (25)."""
    return replace(two_cells(), least=np.array([[10], [20]]), most=np.array([[30], [25]]))


def counted(base: RuleBase, funds: tuple[int, ...] = ()) -> Problem:
    """Two levers on two clusters; one to three awards (draws, clusters)."""
    problem = plain_problem(np.ones((2, 2)), np.full((2, 2), 10.0), [[40]], family=LINEAR, per_printed=10)
    return replace(problem, rules=(rule(RuleKind.COUNT, Selection(funds=funds), 1, 3, base=base, name="few"),))


def stocks() -> Problem:
    """Three years; half of the stock is lost, money works a year late; 8 units are there at the start."""
    problem = plain_problem([[2.0]], [[10.0]], [[10, 20, 30]], family=LINEAR, per_printed=10)
    return replace(problem, depreciation=np.array([0.5]), lag=np.array([1]), stock=np.array([[8.0]]))


def moving() -> Problem:
    """Three years: half of the amounts waits one year, 3 of the second are committed, a quarter of awards is lent."""
    problem = plain_problem([[2.0]], [[10.0]], [[10, 20, 30]], family=LINEAR, per_printed=10)
    half, quarter, first = (np.full((1, 3), number) for number in (SHARE_UNIT // 2, SHARE_UNIT // 4, 1))
    committed = np.array([[0, 3, 0]])
    return replace(problem, ledger=Ledger(half, first, committed, quarter, first, 2 * first))


def projects() -> Problem:
    """Two years; a programme in either moves the cluster to a path worth 3 for 2, if 5 are in stock before it."""
    problem = plain_problem([[2.0]], [[10.0]], [[20, 20]], family=LINEAR, per_printed=10)
    first, one = np.zeros(2, np.int64), np.array([0, 1])
    none = np.zeros(0, np.int64)
    programmes = Programmes(
        programme=("turn",), option=("",), names=(Text("turn", "turn"),), lever=np.array([-1]),
        pick_option=first, pick_year=one, cost_pick=one, cost_fund=first, cost_year=one, cost=np.array([4, 4]),
        gain_pick=none, gain_cluster=none, gain_year=none, gain=np.zeros(0),
        conditions=(Condition("programme turn", (0, 1), (1, 1), None, 1),),
        move_pick=one, move_cluster=first, move_year=one, move_path=first, move_effect=np.array([[3.0], [3.0]]),
        need_pick=np.array([1]), need_cluster=np.array([0]), need_lever=np.array([0]), need_year=np.array([0]),
        need_stock=np.array([5]),
    )  # fmt: skip
    return replace(problem, depreciation=np.array([0.5]), programmes=programmes)


def curved() -> Problem:
    """A free log cell, and a gated hyperbolic one."""
    families = (ResponseFamily.LOG, ResponseFamily.HYPERBOLIC)
    problem = plain_problem([[2.0, 1.0]], [[100.0, 100.0]], [[20]], family=families, per_printed=10)
    return replace(problem, least=np.array([[0, 5]]))


def harmful() -> Problem:
    """A cluster that costs its neighbour more than it earns."""
    problem = plain_problem([[2.0], [1.0]], [[10.0], [10.0]], [[5]], family=ResponseFamily.LOG, per_printed=1)
    return with_spills(with_draws(problem, [(0, 0, 0), (1, 0, 0)]), [(0, 1, -1.5)])


def ruled(kind: RuleKind, minimum: str | None, maximum: str | None) -> Problem:
    """Two cells with one rule on the first cluster; last plan 7 and 9."""
    limits = rule(kind, Selection(clusters=(0,)), minimum, maximum, name="limit")
    return with_last(replace(two_cells(), rules=(limits,)), [(0, 0, 0, 7), (1, 0, 0, 9)])


def amounts() -> Problem:
    """The first cell between 5 and 25, and 3 less to 6 more than the second."""
    problem, first, second = ruled(RuleKind.AMOUNT, "5", "25"), Selection(clusters=(0,)), Selection(clusters=(1,))
    ramp = rule(RuleKind.AMOUNT, first, -3, 6, base=RuleBase.SELECTION, base_selection=second, name="ramp")
    return replace(problem, rules=(*problem.rules, ramp))


def counted_choice() -> Problem:
    """Draws that count, on one cell that is nothing or at least something and three that are free."""
    return replace(counted(RuleBase.AWARDS, (0,)), least=np.array([[4, 0], [0, 0]]))


def shares() -> Problem:
    """A share of everything, of a fund and of a selection."""
    first, fund = Selection(clusters=(0,)), Selection(funds=(0,))
    return replace(
        two_cells(),
        rules=(
            rule(RuleKind.SHARE, first, "1/3", "1/2", name="of_all"),
            rule(RuleKind.SHARE, first, "1/3", base=RuleBase.FUND, base_selection=fund, name="of_fund"),
            rule(RuleKind.SHARE, first, None, "2", base=RuleBase.SELECTION, base_selection=Selection(clusters=(1,)),
                 name="of_other"),
        ),
    )  # fmt: skip


def soft() -> Problem:
    """At a price, the first cluster gets 12 and at least three quarters of what the second gets."""
    first, other = Selection(clusters=(0,)), Selection(clusters=(1,))
    amount = rule(RuleKind.AMOUNT, first, 12, name="wish")
    share = rule(RuleKind.SHARE, first, "3/4", base=RuleBase.SELECTION, base_selection=other, name="part")
    return replace(two_cells(), soft_floors=(SoftFloor(amount, Fraction(3, 2)), SoftFloor(share, Fraction(2))))


def joint() -> Problem:
    """Two levers that work together at a gain of 0.5."""
    problem = plain_problem([[2.0, 3.0]], [[10.0, 10.0]], [[40]], family=LINEAR, per_printed=10)
    return replace(problem, synergies=(synergy((0, 1), 0.5),))


def regional(kind: ObjectiveKind) -> Problem:
    """Two regions of sizes 1 and 4; a tenth of the outcome of the first counts for the second."""
    problem = plain_problem([[2.0], [3.0]], [[10.0], [20.0]], [[20]], family=LINEAR, per_printed=10, regions=[0, 1])
    problem = with_spills(replace(problem, size=np.array([1.0, 4.0])), [(0, 1, 0.1)])
    return replace(problem, objective=Objective(kind, RegionMeasure.PER_SIZE, equity_scale=100.0))


def least_money() -> Problem:
    """Fifty outcomes for the least money."""
    return replace(two_cells(), objective=Objective(ObjectiveKind.LEAST_MONEY, target=50.0))


CASES = {
    "funding": menu_cell,
    "choice": menu_cell,
    "least": gated_cells,
    "most": gated_cells,
    "draw_least": lambda: counted(RuleBase.AWARDS, (0,)),
    "draw_most": lambda: counted(RuleBase.AWARDS, (0,)),
    "draw_choice": counted_choice,
    "counted_least": lambda: counted(RuleBase.CLUSTERS),
    "counted_most": lambda: counted(RuleBase.CLUSTERS),
    "purse": two_cells,
    "ledger": moving,
    "condition": projects,
    "need": projects,
    "moved": projects,
    "stock_balance": stocks,
    "curve": curved,
    "harm_split": harmful,
    "harm_fill": harmful,
    "harm_next": harmful,
    "amount": amounts,
    "share": shares,
    "count": lambda: counted(RuleBase.AWARDS),
    "change": lambda: ruled(RuleKind.CHANGE, "-1/2", "1/5"),
    "lock": lambda: ruled(RuleKind.LOCK, None, None),
    "soft_floor": soft,
    "joint_outcome": joint,
    "worst_region": lambda: regional(ObjectiveKind.WORST_REGION),
    "floor": lambda: regional(ObjectiveKind.WORST_REGION),
    "equity_curve": lambda: regional(ObjectiveKind.EQUITY),
    "target": least_money,
}
"""The problem behind each golden file, by the name of the row function."""


def to_lp(name: str) -> str:
    """Write the rows of one block, with the objective and the bounds, in the LP format."""
    floor = FLOOR if name == "floor" else None
    with mock.patch.object(pyomo_view, "formulate", lambda space, grid: formulate(space, grid, floor)):
        model = pyomo_view.to_pyomo(CASES[name]())
    for component in model.component_objects(pyo.Constraint):
        if component.name != name:
            component.deactivate()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.lp"
        model.write(str(path), io_options={"symbolic_solver_labels": True})
        return path.read_text(encoding="utf-8").strip() + "\n"


def golden_file(name: str) -> Path:
    """Give the golden file of a row function."""
    return FOLDER / f"{name}.lp"
