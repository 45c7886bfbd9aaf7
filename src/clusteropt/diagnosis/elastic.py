"""The elastic model: a formulation in which every member of a possible conflict may give way, at a price.

A row ``a x >= b`` of a member becomes ``a x + s >= b``, with ``s`` between 0 and a ceiling. A ceiling of 0 holds the
member, a large one lets it go; the smallest sum of all ``s`` is the cheapest way to let a plan exist (Chinneck 2008,
Feasibility and Infeasibility in Optimization, doi:10.1007/978-0-387-74932-7). What gives way is counted in printed
units of money: an award or a cluster more or less counts as the mean award, outcome below the target as its part of
all money.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from clusteropt.diagnosis.elastic_rows import Ground, elastic_rows, lock_rows, ratio_row, stack
from clusteropt.diagnosis.existence import bare
from clusteropt.diagnosis.members import Member, MemberKind, from_menu, list_members
from clusteropt.diagnosis.trial import Answer
from clusteropt.inputs.problem import RuleKind
from clusteropt.model.blocks import pick
from clusteropt.model.curves import make_curves
from clusteropt.model.formulation import formulate
from clusteropt.model.grid import first_grid
from clusteropt.model.money_rules import MONEY_RULES
from clusteropt.model.objective import total_row
from clusteropt.model.outcome import evaluate
from clusteropt.model.rows import Draft
from clusteropt.model.space import make_space
from clusteropt.solver.points import excesses, to_units
from clusteropt.solver.program import make_program

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from clusteropt.diagnosis.trial import Trials
    from clusteropt.inputs.problem import Floats, Ints, Problem
    from clusteropt.model.blocks import Matrix
    from clusteropt.model.formulation import Formulation
    from clusteropt.model.grid import Grid
    from clusteropt.model.space import Space
    from clusteropt.solver.program import Program

HINT_GAP = 0.05
"""A relative gap that is good enough for a hint."""
LARGEST_FACTOR = 1_000
"""A purse that gives way may grow to this many times what all limits ask for, or less where shares ask for less."""
LARGEST_PURSE = 2**50
LEAST_UNITS, LEAST_SHARE = 0.01, 1e-11
"""What gives way by less than this part of a whole unit, or of the largest purse, holds."""
TARGET_ROUNDS = 25
"""So often the curves are touched at most before a target counts as undecided."""
TARGET_ROOM = 1e-9
"""A target may be missed by this share of it until the whole amounts are known."""
TARGET_GIVES = 10
"""A target that gives way by more than this many times its room gives way in earnest."""


@dataclass(frozen=True, slots=True, eq=False)
class Bent:
    """A solution of an elastic model.

    Parameters
    ----------
    exists, best : bool or None
        As in `Answer`.
    x : array of shape (num_cols,) or None
        The columns of the formulation.
    given : dict of Member to float
        What each member gives way by, in printed units of money; members that hold are left out.
    slack : array of shape (num_slacks,)
        The slack columns.
    """

    exists: bool | None
    best: bool
    x: Floats | None
    given: dict[Member, float]
    slack: Floats

    @property
    def cost(self) -> float:
        """What gives way in all, in printed units of money."""
        return float(sum(self.given.values()))


class Elastic:
    """The elastic model of one problem; where there is a target its grid grows finer as it is asked.

    Parameters
    ----------
    problem : Problem
        What has no plan.
    whole_money : bool
        Whether flows come in whole units.
    """

    def __init__(self, problem: Problem, *, whole_money: bool) -> None:
        self.problem = problem
        self.members = list_members(problem)
        self._whole = whole_money
        self._relaxed = False
        self._targeted = Member(MemberKind.TARGET) in self.members
        self._space = make_space(problem)
        self._wide = make_space(_widened(problem if self._targeted else bare(problem), self._space))
        self._slacks, self._num_slacks = _lay_out(self.members, self._space)
        self._build(first_grid(make_curves(self._wide), 1 / problem.money.per_printed if whole_money else 0.0))

    def _build(self, grid: Grid) -> None:
        self._formulation = formulate(self._wide, grid, whole_money=self._whole)
        per_printed = self.problem.money.per_printed
        held = float(self.problem.purse.sum()) / per_printed or 1.0
        self._ground = Ground(
            space=self._space,
            formulation=self._formulation,
            slacks=self._slacks,
            num_slacks=self._num_slacks,
            count_worth=held / max(len(np.unique(self._space.flow_cell)), 1),
            outcome_worth=(self.problem.objective.target or held) / held,
        )
        self._rows = stack(elastic_rows(self._ground))
        self._size = self._space.problem.purse.max(initial=1) / per_printed
        self._ceiling = float(self._wide.problem.purse.sum()) / per_printed

    @property
    def formulation(self) -> Formulation:
        """The formulation that the first columns belong to."""
        return self._formulation

    @property
    def ground(self) -> Ground:
        """What the rows are made of."""
        return self._ground

    @property
    def whole_money(self) -> bool:
        """Whether the money of its solutions is whole."""
        return self._whole and not self._relaxed

    def relaxation(self) -> Elastic:
        """Give the same model without whole columns: what it gives way by is never more, and is found soon."""
        relaxed = copy(self)
        relaxed._relaxed = True  # noqa: SLF001 - it is a copy of this one
        return relaxed

    @property
    def room(self) -> float:
        """What gives way by no more whole units than this, holds."""
        return max(LEAST_UNITS, LEAST_SHARE * self._size * self.problem.money.per_printed)

    def hold(self, held: Collection[Member], trials: Trials) -> Bent:
        """Find a plan that keeps to some members, whatever the others ask for."""
        aim = self._outcome if Member(MemberKind.TARGET) in held else self._nothing
        return self._ask(self._others(held), aim, trials)

    def is_empty(self, held: Collection[Member], trials: Trials) -> bool:
        """Ask the solver once more, in another way, whether no plan keeps to these members."""
        if self._doubt(held, trials):
            return True
        # Coarse tangents may reach a target that the curves miss: they are touched first, and asked again.
        return self._targeted and self.hold(held, trials).exists is False and self._doubt(held, trials)

    def _doubt(self, held: Collection[Member], trials: Trials) -> bool:
        return trials.doubt(self._formulation, self._program(self._others(held), self._nothing(), None))

    def _others(self, held: Collection[Member]) -> list[Member]:
        kept = frozenset(held)
        return [member for member in self.members if member not in kept]

    def bend(
        self, priced: Collection[Member], trials: Trials, free: Collection[Member] = (), gap: float = 1e-7
    ) -> Bent:
        """Find the plan for which some members give way least, in all; ``free`` ones at no price, all others hold."""
        return self._ask([*priced, *free], lambda: self._price(priced), trials, gap)

    def hint(self, priced: Collection[Member], trials: Trials, free: Collection[Member]) -> Bent:
        """Bend, but not to the last: by the relaxation alone where that shows something."""
        bent = self.relaxation().bend(priced, trials, free)
        if bent.exists is False or not bent.given.keys() <= set(free):
            return bent
        return self.bend(priced, trials, free, HINT_GAP)

    def bend_evenly(self, lock: Member, trials: Trials) -> Bent:
        """Let a lock give way by the same amount in every cell; all other members hold."""
        return self._ask([lock], lambda: self._price([lock]), trials, even=lock)

    def push(self, member: Member, flows: tuple[Ints, Ints], share: float, trials: Trials) -> Bent:
        """Make the first flows less a share of the second as large as can be; a member gives way, all others hold."""

        def row() -> Floats:
            """Give the aim on the columns of now: touching the curves adds some."""
            return np.append(self._sign(member) * ratio_row(self._ground, flows, share), np.zeros(self._num_slacks))

        return self._ask([member], row, trials)

    def _ask(
        self, loose: Collection[Member], aim: Callable[[], Floats], trials: Trials, gap: float = 1e-7,
        even: Member | None = None,
    ) -> Bent:  # fmt: skip
        """Solve; where a target holds on tangents only, touch the curves there and solve again."""
        for _ in range(TARGET_ROUNDS):
            if trials.over:
                break
            program = self._program(loose, aim(), even)
            answer = (
                trials.relax(self._formulation, program)
                if self._relaxed
                else trials.settle(self._formulation, program, gap)
            )
            if answer.x is None or not self._targeted or self._reaches(answer.x):
                return self._bent(answer)
            self._touch(answer.x[: self._formulation.num_cols])
        return self._bent(Answer(None))

    def _nothing(self) -> Floats:
        return np.zeros(self._formulation.num_cols + self._num_slacks)

    def _price(self, priced: Collection[Member]) -> Floats:
        cost = self._nothing()
        for member in priced:
            cost[self._formulation.num_cols + self._slacks[member]] = -1.0
        return cost

    def _outcome(self) -> Floats:
        """Seek the largest outcome: whether it is below the target shows soonest there."""
        row = total_row(Draft(self._wide, self._formulation.columns, self._formulation.grid))
        return np.append(row.toarray().ravel(), np.zeros(self._num_slacks))

    @staticmethod
    def _sign(member: Member) -> float:
        return 1.0 if member.kind is MemberKind.MINIMUM else -1.0

    def _program(self, loose: Collection[Member], aim: Floats, even: Member | None) -> Program:
        formulation, rows = self._formulation, self._rows
        most = np.zeros(self._num_slacks)
        for member in loose:
            most[self._slacks[member]] = self._ceiling
        matrix, lower, upper = sparse.hstack([rows.matrix, rows.give], format="csr"), rows.lower, rows.upper
        if even is not None:
            ties = self._ties(even)
            matrix = sparse.vstack([matrix, ties], format="csr")
            lower, upper = (np.append(side, np.zeros(ties.shape[0])) for side in (lower, upper))
        limits = (lower, upper, np.append(formulation.col_lower, np.zeros(len(most))))
        integer = np.append(formulation.integer, np.zeros(len(most), bool))
        return make_program(matrix, (*limits, np.append(formulation.col_upper, most)), aim, integer)

    def _ties(self, lock: Member) -> Matrix:
        """Hold all slacks of a lock equal that point the same way."""
        first, num = self._formulation.num_cols, self._formulation.num_cols + self._num_slacks
        slack = first + self._slacks[lock]
        count = max(len(slack) - 2, 0)
        row = np.arange(count)
        return pick(count, np.tile(row, 2), np.append(slack[2:], slack[:count]), np.repeat([1.0, -1.0], count), num)

    def _bent(self, answer: Answer) -> Bent:
        num = self._formulation.num_cols
        if answer.x is None:
            return Bent(answer.exists, answer.best, None, {}, np.zeros(self._num_slacks))
        slack = np.maximum(answer.x[num:], 0.0)
        least = self.room / self.problem.money.per_printed
        amounts = {member: float(slack[places].sum()) for member, places in self._slacks.items()}
        given = {member: amount for member, amount in amounts.items() if amount > self._least(member, least)}
        return Bent(True, answer.best, answer.x[:num], given, slack)

    def _least(self, member: Member, money: float) -> float:
        """Give what a member gives way by at most where it holds: outcome does not come in whole units of money."""
        if member.kind is not MemberKind.TARGET:
            return money
        target = self.problem.objective.target or 0.0
        return min(money, TARGET_GIVES * TARGET_ROOM * max(1.0, abs(target)) / self._ground.outcome_worth)

    def _reaches(self, x: Floats) -> bool:
        """Tell whether the money of a point reaches the target on the curves, less what gives way there."""
        num, target = self._formulation.num_cols, self.problem.objective.target or 0.0
        asked = target - x[num + self._slacks[Member(MemberKind.TARGET)][0]] * self._ground.outcome_worth
        reached = evaluate(self._wide, to_units(self._formulation, x)).total
        return reached >= asked - TARGET_ROOM * max(1.0, abs(target))

    def _touch(self, x: Floats) -> None:
        found = excesses(self._formulation, x)
        self._build(self._formulation.grid.refine(found.which, found.arg))


def _lay_out(members: tuple[Member, ...], space: Space) -> tuple[dict[Member, Ints], int]:
    """Give every member its slack columns: one, or two for every row of a lock."""
    locked = np.bincount([row.key[0] for row in lock_rows(space)], minlength=len(space.problem.rules) or 1)
    slacks, first = {}, 0
    for member in members:
        num = 2 * int(locked[member.place[0]]) if member.kind is MemberKind.LOCK else 1
        slacks[member] = np.arange(first, first + num)
        first += num
    return slacks, first


def _widened(problem: Problem, space: Space) -> Problem:
    """Give the problem with purses and most so large that they limit nothing; menus stay."""
    purse = np.full_like(problem.purse, largest_purse(space))
    most = np.where(from_menu(problem), problem.most, problem.num_funds * int(purse.max(initial=0)))
    return replace(problem, purse=purse, ledger=None, most=most)


def largest_purse(space: Space) -> int:
    """Give an amount that no purse needs to exceed, whatever gives way: what all limits ask for, and their shares."""
    problem = space.problem
    asked = int(problem.purse.sum())
    for function in MONEY_RULES:
        asked += sum(max(row.lower or 0, 0) for row in function(space))
    award = max(int(problem.least.max(initial=1)), int(problem.menus.amount.max(initial=1)), 1)
    asked += sum(int(rule.minimum or 0) * award for rule in problem.rules if rule.kind is RuleKind.COUNT)
    shares = [
        part
        for rule in problem.rules
        if rule.kind is RuleKind.SHARE
        for share in (rule.minimum, rule.maximum)
        if share
        for part in ((share, 1 - share) if share <= 1 else (1 / share**problem.num_years,))
        if part
    ]
    factor = min(int(1 / min(shares, default=Fraction(1))) + 1, LARGEST_FACTOR)
    return min(max(asked, 1) * factor, LARGEST_PURSE)
