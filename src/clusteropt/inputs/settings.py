"""What a model file says beside the tables, as strict models."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from clusteropt.domain import Feature
from clusteropt.inputs.options import SolveOptions
from clusteropt.inputs.problem import Money, Objective, ObjectiveKind, RegionMeasure, ResponseFamily
from clusteropt.text import Text

Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Year = Annotated[int, Field(ge=1900, le=2200)]
Weight = Annotated[float, Field(ge=0, le=1e6)]
MAX_PER_PRINTED = 10**9


class CoefficientColumn(StrEnum):
    """Which column of the effectiveness table is used."""

    MEAN = "mean"
    LOW = "low"
    HIGH = "high"


class CoefficientReading(StrEnum):
    """What a coefficient means.

    ``first_unit``: the outcome of the first unit of money. ``elasticity``: the relative outcome of a
    relative change of money, divided by the scale of the cell.
    """

    FIRST_UNIT = "first_unit"
    ELASTICITY = "elasticity"


class Factor(StrEnum):
    """What the factor formula weighs: size, or a feature."""

    SIZE = "size"
    CONCENTRATION = Feature.CONCENTRATION.value
    INNOVATION = Feature.INNOVATION.value
    INTERACTION = Feature.INTERACTION.value
    SPILLOVER = Feature.SPILLOVER.value
    GROWTH = Feature.GROWTH.value


def _refuse(problem: Text, remedy: Text) -> PydanticCustomError:
    """Make an error that carries both languages through pydantic."""
    texts = {"en": problem.en, "zh": problem.zh, "remedy_en": remedy.en, "remedy_zh": remedy.zh}
    return PydanticCustomError("clusteropt", "{en}", texts)


class _Section(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", allow_inf_nan=False)


class TablePlace(_Section):
    """Where the tables are; exactly one of the three.

    Parameters
    ----------
    folder, workbook : str, optional
        A path, relative to the model file.
    dataset : str, optional
        The name of a shipped data set.
    """

    folder: str | None = None
    workbook: str | None = None
    dataset: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in (self.folder, self.workbook, self.dataset) if name is not None]
        if len(given) != 1:
            raise _refuse(
                Text(
                    f"{len(given)} of folder, workbook and dataset are given.",
                    f"folder, workbook, dataset 给出了 {len(given)} 个。",
                ),
                Text("Give exactly one.", "请只给出其中一个。"),
            )
        return self


class MoneySettings(_Section):
    """The units of money; ``unit`` and ``printed`` go together."""

    unit: Label | None = None
    unit_zh: Label | None = None
    printed: Label | None = None
    printed_zh: Label | None = None
    per_printed: Annotated[int, Field(ge=1, le=MAX_PER_PRINTED)] = Money().per_printed

    @model_validator(mode="after")
    def _whole_set(self) -> Self:
        if self.per_printed != 10 ** (len(str(self.per_printed)) - 1):
            raise _refuse(
                Text(
                    f"per_printed is {self.per_printed}, not a power of ten.",
                    f"per_printed 为 {self.per_printed}, 不是十的幂。",
                ),
                Text("Give 1, 10, 100, ...", "请给出 1, 10, 100 等。"),
            )
        named = self.unit is not None
        if named != (self.printed is not None) or (not named and (self.unit_zh or self.printed_zh)):
            raise _refuse(
                Text("unit and printed do not go together.", "unit 与 printed 未同时给出。"),
                Text("Give both, or neither for yuan.", "请同时给出, 或都不给出 (默认为元)。"),
            )
        return self

    def money(self) -> Money:
        """Give the units as the problem holds them."""
        if self.unit is None or self.printed is None:
            return Money(per_printed=self.per_printed)
        unit = Text(self.unit, self.unit_zh or self.unit)
        return Money(unit, Text(self.printed, self.printed_zh or self.printed), self.per_printed)


class ObjectiveSettings(_Section):
    """What the plan is best at, and the yearly discount rate of outcomes."""

    kind: ObjectiveKind = ObjectiveKind.TOTAL
    measure: RegionMeasure = RegionMeasure.TOTAL
    equity_family: ResponseFamily = ResponseFamily.LOG
    equity_scale: Annotated[float, Field(gt=0, le=1e15)] | None = None
    target: Annotated[float, Field(gt=0, le=1e15)] | None = None
    discount: Annotated[float, Field(ge=0, le=1)] = 0.0
    outcome: Label | None = None
    outcome_zh: Label | None = None

    @model_validator(mode="after")
    def _target_fits(self) -> Self:
        needs = self.kind is ObjectiveKind.LEAST_MONEY
        if needs and self.target is None:
            raise _refuse(
                Text("least_money needs a target.", "least_money 需要目标 target。"),
                Text("Give the total outcome to reach.", "请给出要达到的总产出。"),
            )
        if self.target is not None and not needs:
            raise _refuse(
                Text(f"the objective {self.kind} has no target.", f"目标类型 {self.kind} 不使用 target。"),
                Text("Remove target, or use least_money.", "请删除 target, 或改用 least_money。"),
            )
        if self.outcome_zh is not None and self.outcome is None:
            raise _refuse(
                Text("outcome_zh is given without outcome.", "给出了 outcome_zh 而没有 outcome。"),
                Text("Give both.", "请同时给出两者。"),
            )
        return self

    def objective(self) -> Objective:
        """Give the objective as the problem holds it."""
        outcome = None if self.outcome is None else Text(self.outcome, self.outcome_zh or self.outcome)
        return Objective(self.kind, self.measure, self.equity_family, self.equity_scale, self.target, outcome)


class EffectivenessSettings(_Section):
    """Which coefficients are used and what they mean."""

    column: CoefficientColumn = CoefficientColumn.MEAN
    reading: CoefficientReading = CoefficientReading.FIRST_UNIT


SWITCHED = {"programmes": ("programmes", "programme_costs")}
"""The tables of a switch that is not named like its only table."""


class FeatureSwitches(_Section):
    """Which optional tables are used; false leaves one out."""

    synergies: bool = True
    spillovers: bool = True
    rules: bool = True
    levels: bool = True
    eligibility: bool = True
    last_plan: bool = True
    programmes: bool = True
    arriving: bool = True

    def off(self) -> tuple[str, ...]:
        """Name the tables left out."""
        return tuple(table for name, used in self if not used for table in SWITCHED.get(name, (name,)))


class BaselineSettings(_Section):
    """The weights of the factor formula over size and features; empty: no such baseline."""

    factor_weights: dict[Factor, Weight] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _some_weight(self) -> Self:
        if self.factor_weights and not sum(self.factor_weights.values()):
            raise _refuse(
                Text("every factor has weight 0.", "所有因素的权重均为 0。"),
                Text("Give one a positive weight, or remove the section.", "请给出正权重, 或删除该节。"),
            )
        return self


class SolveSettings(_Section):
    """The limits of a solve."""

    time_limit_s: Annotated[float, Field(gt=0, le=1e7)] = SolveOptions().time_limit_s
    relative_gap: Annotated[float, Field(ge=0, lt=1)] = SolveOptions().relative_gap
    threads: Annotated[int, Field(ge=1, le=1024)] = SolveOptions().threads
    seed: Annotated[int, Field(ge=0, lt=2**31)] = SolveOptions().seed
    proof_nodes: Annotated[int, Field(ge=0, le=10**6)] = SolveOptions().proof_nodes

    def options(self) -> SolveOptions:
        """Give the limits as the problem holds them."""
        return SolveOptions(
            time_limit_s=self.time_limit_s,
            relative_gap=self.relative_gap,
            threads=self.threads,
            seed=self.seed,
            proof_nodes=self.proof_nodes,
        )


class ModelSettings(_Section):
    """A model beside its tables.

    Parameters
    ----------
    name : str
        The name of the model.
    title, title_zh : str, optional
        What the plan is called on paper; the name where not given.
    years : tuple of int
        Increasing by 1; empty takes those of the funds table.
    tables : TablePlace, optional
        Where the tables are; needed in a model file only.
    money, objective, effectiveness, features, baselines, solve
        The other sections.
    """

    name: Label = "model"
    title: Label | None = None
    title_zh: Label | None = None
    years: tuple[Year, ...] = ()
    tables: TablePlace | None = None
    money: MoneySettings = MoneySettings()
    objective: ObjectiveSettings = ObjectiveSettings()
    effectiveness: EffectivenessSettings = EffectivenessSettings()
    features: FeatureSwitches = FeatureSwitches()
    baselines: BaselineSettings = BaselineSettings()
    solve: SolveSettings = SolveSettings()

    @model_validator(mode="after")
    def _years_follow(self) -> Self:
        if any(later != earlier + 1 for earlier, later in zip(self.years, self.years[1:], strict=False)):
            raise _refuse(
                Text("the years do not increase by 1.", "年份没有逐年递增。"),
                Text("List every year once, in order.", "请按顺序逐年列出。"),
            )
        return self

    def paper_title(self) -> Text:
        """Give the title in both languages."""
        title = self.title or self.name
        return Text(title, self.title_zh or title)


SECTIONS: dict[str, type[_Section]] = {
    "tables": TablePlace,
    "money": MoneySettings,
    "objective": ObjectiveSettings,
    "effectiveness": EffectivenessSettings,
    "features": FeatureSwitches,
    "baselines": BaselineSettings,
    "solve": SolveSettings,
}
