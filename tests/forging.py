"""Plans of other problems dressed as plans of this one, and tables changed behind a plan, with every digest mended."""

from __future__ import annotations

import csv
import io
import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from clusteropt.domain import Feature, Reading
from clusteropt.errors import ClusteroptError, InputError
from clusteropt.inputs import read_problem
from clusteropt.inputs.problem import RuleKind, Selection
from clusteropt.model.space import make_space
from clusteropt.plan.describing import describe
from clusteropt.plan.making import make
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files
from clusteropt.text import Language
from tests import naive
from tests.comparing import differences
from tests.differential import CLOSE, MOST_TRIES, check_bounds
from tests.plan_folders import mend_digests
from tests.problems import INLINE, rule

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from clusteropt.errors import Fault
    from clusteropt.inputs.problem import Problem
    from clusteropt.plan.plan import Plan


@dataclass(frozen=True)
class Forgery:
    """What was forged, what is wrong with it (nothing: it may stand), and what the verifier said."""

    name: str
    wrong: list[str]
    code: int

    @property
    def right(self) -> bool:
        """Whether everything wrong was refused."""
        return bool(self.code) or not self.wrong


def _looser(problem: Problem) -> dict[str, Problem]:
    """Give problems that allow more than this one, one limit loosened in each."""
    menus = problem.menus
    found = {
        "richer purses": replace(problem, purse=problem.purse + 2),
        "no most": replace(problem, most=problem.most + 3),
        "no least": replace(problem, least=np.zeros_like(problem.least)),
        "other levels": replace(problem, menus=replace(menus, amount=menus.amount + 1)),
    }
    for number, dropped in enumerate(problem.rules):
        kept = tuple(each for each in problem.rules if each is not dropped)
        found[f"without rule {number}, {dropped.kind}"] = replace(problem, rules=kept)
    return found


def _other(problem: Problem, dice: random.Random) -> dict[str, Problem]:
    """Give problems that are worth more or less, or allow less, so that values or bounds are not those of this one."""
    lever = dice.randrange(problem.num_levers)
    cap = rule(RuleKind.AMOUNT, Selection(levers=(lever,)), 0, 1, name="forged")
    tight = int(problem.purse.sum()) // 2
    return {
        "doubled effects": replace(problem, effect=problem.effect * 2),
        "halved effects": replace(problem, effect=problem.effect / 2),
        "other weights": replace(problem, weight=problem.weight * 1.5 + 0.1),
        "a lever held back": replace(problem, rules=(*problem.rules, cap)),
        "money held back": replace(
            problem, rules=(*problem.rules, rule(RuleKind.AMOUNT, Selection(), 0, tight, name="forged"))
        ),
    }


def forged(problem: Problem, seed: int) -> dict[str, Callable[[], Plan]]:
    """Give plans that claim to be of a problem but were made for another, as makers that may fail.

    A plan as ``told`` says what the other problem says of it; one as ``computed`` has outcomes, values and rules worked
    out again for this problem, so that only what is really wrong is wrong.
    """
    dice = random.Random(seed)
    found: dict[str, Callable[[], Plan]] = {}
    for name, other in {**_looser(problem), **_other(problem, dice)}.items():
        found[f"{name}, told"] = lambda other=other: describe(make(other, INLINE), INLINE)
        found[f"{name}, computed"] = lambda other=other: _computed(problem, other)
    return found


def _computed(problem: Problem, other: Problem) -> Plan:
    made = make(other, INLINE)
    told = describe(made, INLINE)
    mine = describe(replace(made, space=make_space(problem)), INLINE)
    # The bounds and prices stay those of the other problem.
    stages = tuple(replace(stage, bound=claim.bound) for stage, claim in zip(mine.stages, told.stages, strict=True))
    proofs = replace(mine.certificate, stages=told.certificate.stages)
    return replace(mine, stages=stages, certificate=proofs)


def forge(problem: Problem, name: str, maker: Callable[[], Plan], folder: Path) -> Forgery | None:
    """Write a forged plan with the inputs of the problem, judge it by plain arithmetic, and let it be verified.

    None where the other problem has no plan, or its plan cannot be put into the words of this one.
    """
    try:
        plan = maker()
    except (ClusteroptError, ValueError, IndexError, AssertionError):
        return None
    write_plan_files(plan, folder, problem)
    return Forgery(name, what_is_wrong(problem, plan), check_folder(folder)[0])


def what_is_wrong(problem: Problem, plan: Plan) -> list[str]:
    """Say what is wrong with a plan of a problem: broken rules, values not reached, bounds that do not hold."""
    plain = naive.with_equity_scale(problem)
    try:
        allocation = naive.of_plan(plan)
    except AssertionError:
        return ["awards"]
    cells = naive.cell_money(allocation)
    found = naive.broken_rules(plain, allocation)
    if not _alike(plan.value, naive.objective(plain, cells) - naive.soft_cost(plain, allocation)) or not _alike(
        plan.total_outcome, naive.total(plain, cells)
    ):
        found.append("value")
    best = naive.brute_force(plain) if naive.count_tries(plain) <= MOST_TRIES else None
    if best is not None:
        try:
            check_bounds(plain, replace(plan, stages=_unclaimed(plan)), best)
        except AssertionError as error:
            found.append(str(error))
    return found


def _unclaimed(plan: Plan) -> tuple:
    """Take the claimed bounds, which nobody checks, out of the question."""
    return tuple(replace(stage, bound=np.inf if stage.kind != "least_money" else -np.inf) for stage in plan.stages)


def _alike(one: float, other: float) -> bool:
    return abs(one - other) <= CLOSE * max(1.0, abs(other))


def change_table(folder: Path, dice: random.Random) -> str:
    """Change one value, one row or one byte of one input of a plan folder; mend the digests; say what was changed."""
    path = dice.choice(sorted((folder / "inputs").iterdir()))
    data = path.read_bytes()
    if path.suffix != ".csv" or dice.random() < 0.3:
        place = dice.randrange(len(data))
        byte = bytes([dice.choice(b'0123456789,."\n=x-+')])
        path.write_bytes(data[:place] + byte + data[place + 1 :])
        what = f"byte {place} of {path.name}"
    else:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        what = f"{_change_rows(rows, dice)} of {path.name}"
        file = io.StringIO()
        csv.writer(file).writerows(rows)
        path.write_text(file.getvalue(), encoding="utf-8", newline="")
    mend_digests(folder)
    return what


def _change_rows(rows: list[list[str]], dice: random.Random) -> str:
    number = dice.randrange(1, len(rows)) if len(rows) > 1 else 0
    if dice.random() < 0.15:
        del rows[number]
        return f"row {number} dropped"
    if dice.random() < 0.1:
        rows.insert(number, list(rows[number]))
        return f"row {number} repeated"
    column = dice.randrange(len(rows[number]) or 1)
    old = rows[number][column] if rows[number] else ""
    pool = [row[column] for row in rows[1:] if len(row) > column]
    new = dice.choice([*pool, "", "0", "1", "7", "0.5", "-1", f"{old}0", f"1{old}", f"{old}.0", f" {old}", f"+{old}"])
    if rows[number]:
        rows[number][column] = new
    return f"row {number}, column {column}: {old!r} to {new!r}"


SANITY = (
    "but the purses open to the cell hold", "no fund of the selection is open", "nothing matches the selection",
    "may draw on this fund", "the purses open to it hold",
)  # fmt: skip
"""What the package refuses because a planner cannot have meant it; a plan may keep it all the same."""
UNREAD = {
    *(("clusters", str(column)) for column in (*Feature, *Reading, "size", "name", "name_zh", "region_zh")),
    *(("effectiveness", column) for column in ("low", "mean", "high", "source", "path, lever")),
    ("eligibility", "fund"), ("funds", "name"), ("funds", "name_zh"), ("last_plan", "year"), ("rules", "of"),
    ("last_plan", "cluster, lever, fund, year"), ("spillovers", "from, to"),
}  # fmt: skip
"""Places at which tables that the package refuses may still say all that a plan needs: the verifier has to read only
what money, rules, values and bounds follow from."""


def judge_changed_tables(folder: Path, before: Problem, plan: Plan, what: str) -> Forgery:
    """Read the changed tables with the package, say what is now wrong with the plan, and let it be verified.

    Where the tables say what they said before, a refusal is what is wrong.
    """
    code = check_folder(folder)[0]
    try:
        after = read_problem(next((folder / "inputs").glob("model.*")))
    except InputError as error:
        faults = error.faults
        return Forgery(what, [fault.read(Language.EN) for fault in faults if not _unread(fault)], code)
    if not differences(before, after):
        return Forgery(what, ["refused though nothing changed"] if code else [], 0)
    return Forgery(what, what_is_wrong(after, plan), code)


def _unread(fault: Fault) -> bool:
    if any(text in fault.problem.en for text in SANITY):
        return True
    of_model = fault.table.startswith("model") and (fault.column or "").startswith(("baselines", "solve"))
    return of_model or (fault.table, fault.column) in UNREAD
