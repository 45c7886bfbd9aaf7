"""One tiny model, and features that can each be added to it and to what others have made of it, as tables.

Two clusters, one lever, three years and a purse of a few units: small enough to try every allocation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pandas as pd

from clusteropt.domain import Path
from clusteropt.inputs import ModelSettings
from clusteropt.inputs.problem import ObjectiveKind, ResponseFamily
from clusteropt.inputs.settings import MoneySettings, ObjectiveSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Row = dict[str, str]

YEARS = ("2026", "2027", "2028")
MEANS = {Path.UPGRADING: "0.8", Path.INTRODUCED: "1.1", Path.CONVERGENCE: "1.9"}


@dataclass
class Draft:
    """The tables of a model in the making, row by row, and its objective."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    objective: ObjectiveSettings = field(default_factory=ObjectiveSettings)

    def add(self, table: str, **row: str) -> None:
        """Add a row."""
        self.tables.setdefault(table, []).append(row)

    def limit(self, name: str, kind: str, **row: str) -> None:
        """Add a rule."""
        self.add("rules", rule=name, kind=kind, **row)

    def purse(self, year: str, **columns: str) -> None:
        """Say more of the purse of the state in a year."""
        next(row for row in self.tables["funds"] if (row["fund"], row["year"]) == ("state", year)).update(columns)

    def second_fund(self) -> None:
        """Have a second fund, once."""
        if not any(row["fund"] == "city" for row in self.tables["funds"]):
            for year, amount in zip(YEARS, ("1", "0", "0"), strict=True):
                self.add("funds", fund="city", year=year, amount=amount)

    def programme(self, name: str, cost: str, **row: str) -> None:
        """Add a programme of one option, which the state pays in its first year."""
        self.add("programmes", programme=name, **row)
        self.add("programme_costs", programme=name, fund="state", cost=cost)

    def frames(self) -> dict[str, pd.DataFrame]:
        """Give the tables, every value as text."""
        return {name: pd.DataFrame(rows, dtype=object).fillna("") for name, rows in self.tables.items()}

    def settings(self) -> ModelSettings:
        """Give the settings."""
        return ModelSettings(name="pair", objective=self.objective, money=MoneySettings(per_printed=1))


def base() -> Draft:
    """Give the model that features are added to."""
    draft = Draft()
    draft.add("clusters", cluster="alpha", region="north", industry="i", path="upgrading", scale="2.2", weight="1")
    draft.add("clusters", cluster="beta", region="south", industry="i", path="introduced", scale="1.5", weight="0.9")
    draft.add("levers", lever="lab", response="log", depreciation="0.65")
    for path in Path:
        draft.add("effectiveness", path=path, lever="lab", mean=MEANS.get(path, "1"), source="made up")
    for year, amount in zip(YEARS, ("4", "0", "2"), strict=True):
        draft.add("funds", fund="state", year=year, amount=amount)
    return draft


def carry_over(draft: Draft) -> None:
    """Two thirds of a year's money may wait for one year."""
    for year in YEARS:
        draft.purse(year, carry_over="0.67", expires_after="1")


def committed(draft: Draft) -> None:
    """A unit is promised in the third year."""
    draft.purse("2028", committed="1")


def returned(draft: Draft) -> None:
    """Two thirds of what is awarded in the first year come back in two parts."""
    draft.purse("2026", returned="0.67", returned_after="1", returned_parts="2")


def leverage(draft: Draft) -> None:
    """Every unit brings half a unit along."""
    draft.tables["levers"][0]["leverage"] = "0.5"


def each(draft: Draft) -> None:
    """No year has more than three units."""
    draft.limit("each", "amount", each="year", max="3")


def rate_and_cap(draft: Draft) -> None:
    """No cluster gets more than a third of its cost, nor more than two units a year."""
    for cluster, cost in (("alpha", "6"), ("beta", "9")):
        draft.add("cells", cluster=cluster, lever="lab", cost=cost)
    draft.limit("rate", "share", of="cost", each="cluster|lever", max="0.34")
    draft.limit("cap", "amount", each="cluster|year", max="2")


def matching(draft: Draft) -> None:
    """In the first year a unit of the state goes with half a unit of the city."""
    draft.second_fund()
    draft.limit("matching", "share", fund="city", of="fund=state", each="cluster", year="2026", min="0.5")


def few_purses(draft: Draft) -> None:
    """An award comes from one purse."""
    draft.second_fund()
    draft.limit("purses", "count", fund="state|city", each="cluster|lever|year", max="1")


def top_up(draft: Draft) -> None:
    """The city adds to an award at most half of what the state gives."""
    draft.second_fund()
    draft.limit("top", "share", fund="city", of="fund=state", each="cluster|lever|year", max="0.5")


def soft_floor(draft: Draft) -> None:
    """Five units for alpha are wished for."""
    draft.limit("wish", "amount", cluster="alpha", min="6", price="0.28")


def programme(draft: Draft) -> None:
    """A park that may start in any year and gives for two."""
    draft.programme("park", "1", clusters="beta", gain="0.7", lasts="2")


def conditions(draft: Draft) -> None:
    """A study that needs a hall and cannot be had beside a fair."""
    draft.programme("hall", "1", clusters="alpha", gain="0.1", start="2026")
    draft.programme("study", "1", clusters="alpha", gain="1.6", start="2027|2028", requires="hall", excludes="fair")
    draft.programme("fair", "1", clusters="beta", gain="0.3", start="2026")


def shared_gain(draft: Draft) -> None:
    """A platform of which alpha gets all and beta a half."""
    draft.programme("platform", "2", clusters="alpha|beta", shares="1|0.5", gain="0.75", start="2026|2028")


def transition(draft: Draft) -> None:
    """Alpha may turn to another path after the first year, once it has a stock."""
    draft.programme("turn", "1", clusters="alpha", to_path="convergence", start="2027|2028", needs_lever="lab",
                    needs_stock="1")  # fmt: skip


def equity(draft: Draft) -> None:
    """Regions count by a concave function of their outcome."""
    draft.objective = ObjectiveSettings(
        kind=ObjectiveKind.EQUITY, equity_family=ResponseFamily.HYPERBOLIC, equity_scale=0.5
    )


def least_money(draft: Draft) -> None:
    """A target is to be reached with the least money."""
    draft.objective = ObjectiveSettings(kind=ObjectiveKind.LEAST_MONEY, target=3.0)


def lock(draft: Draft) -> None:
    """Beta gets one unit in the first year."""
    draft.limit("lock", "lock", cluster="beta", lever="lab", year="2026", min="1")


def menus(draft: Draft) -> None:
    """Beta gets one unit, or two with a gain of their own, or nothing."""
    draft.add("levels", cluster="beta", lever="lab", level="small", amount="1")
    draft.add("levels", cluster="beta", lever="lab", level="large", amount="2", gain="1.6")


def delay(draft: Draft) -> None:
    """Money works a year after it is awarded."""
    draft.tables["levers"][0]["lag"] = "1"


FEATURES: tuple[Callable[[Draft], None], ...] = (
    carry_over, committed, returned, leverage, each, rate_and_cap, matching, few_purses, top_up, soft_floor, programme,
    conditions, shared_gain, transition, equity, least_money, lock, menus, delay,
)  # fmt: skip
NEVER_TOGETHER = ({equity, least_money}, {soft_floor, least_money})
"""Two objectives, and a price where there is no outcome to take it off."""


def draft_with(features: Iterable[Callable[[Draft], None]]) -> Draft:
    """Add features to the model."""
    draft = base()
    for feature in features:
        feature(draft)
    return draft
