"""Budget plans for clusters of strategic emerging industries.

>>> import clusteropt as co
>>> problem = co.read_problem("national66")
>>> plan = co.solve(problem)
>>> plan.gap <= 1e-6
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clusteropt.diagnosis.diagnosis import Diagnosis, diagnose
    from clusteropt.domain import Classification, Feature, Lever, Path, classify
    from clusteropt.errors import (
        ClusteroptError,
        ExactMoneyError,
        FalseBoundError,
        Fault,
        InfeasibleError,
        InputError,
        ModelViewError,
        NoIncumbentError,
        NoPlanError,
        OutputError,
        PlanFileError,
        SolverCrashError,
        SolverFaultError,
        SolverFaultWarning,
        UnboundedError,
    )
    from clusteropt.explanation.alternatives import Alternative, alternatives
    from clusteropt.explanation.explaining import explain
    from clusteropt.explanation.explanation import ExplainOptions, Explanation, Part
    from clusteropt.explanation.what_if import Change, what_if
    from clusteropt.inputs import problem_from_tables, read_problem, table_docs, write_template
    from clusteropt.inputs.options import Isolation, SolveOptions
    from clusteropt.inputs.problem import Problem
    from clusteropt.inputs.reading import problem_of_folder
    from clusteropt.inputs.settings import ModelSettings
    from clusteropt.model.pyomo_view import from_pyomo, to_pyomo
    from clusteropt.plan.baselines import compare
    from clusteropt.plan.making import solve
    from clusteropt.plan.plan import Plan
    from clusteropt.plan.saving import load_plan, save_plan
    from clusteropt.report.explanation import explanation_lines
    from clusteropt.report.files import write_plan_files
    from clusteropt.report.parquet import write_allocation
    from clusteropt.report.summary import summary_lines
    from clusteropt.report.verifying import Verdict, verify, verify_folder
    from clusteropt.solver.claim import Progress
    from clusteropt.study.replan import MoveReason, Replan, ReplanOptions
    from clusteropt.study.replanning import OpenYears, open_years, replan
    from clusteropt.text import Language, Text

_HOMES = {
    "clusteropt.diagnosis.diagnosis": ("Diagnosis", "diagnose"),
    "clusteropt.domain": ("Classification", "Feature", "Lever", "Path", "classify"),
    "clusteropt.errors": (
        "ClusteroptError",
        "ExactMoneyError",
        "FalseBoundError",
        "Fault",
        "InfeasibleError",
        "InputError",
        "ModelViewError",
        "NoIncumbentError",
        "NoPlanError",
        "OutputError",
        "PlanFileError",
        "SolverCrashError",
        "SolverFaultError",
        "SolverFaultWarning",
        "UnboundedError",
    ),
    "clusteropt.explanation.alternatives": ("Alternative", "alternatives"),
    "clusteropt.explanation.explaining": ("explain",),
    "clusteropt.explanation.explanation": ("ExplainOptions", "Explanation", "Part"),
    "clusteropt.explanation.what_if": ("Change", "what_if"),
    "clusteropt.inputs": ("problem_from_tables", "read_problem", "table_docs", "write_template"),
    "clusteropt.inputs.options": ("Isolation", "SolveOptions"),
    "clusteropt.inputs.problem": ("Problem",),
    "clusteropt.inputs.reading": ("problem_of_folder",),
    "clusteropt.inputs.settings": ("ModelSettings",),
    "clusteropt.model.pyomo_view": ("from_pyomo", "to_pyomo"),
    "clusteropt.plan.baselines": ("compare",),
    "clusteropt.plan.making": ("solve",),
    "clusteropt.plan.plan": ("Plan",),
    "clusteropt.plan.saving": ("load_plan", "save_plan"),
    "clusteropt.report.explanation": ("explanation_lines",),
    "clusteropt.report.files": ("write_plan_files",),
    "clusteropt.report.parquet": ("write_allocation",),
    "clusteropt.report.summary": ("summary_lines",),
    "clusteropt.report.verifying": ("Verdict", "verify", "verify_folder"),
    "clusteropt.solver.claim": ("Progress",),
    "clusteropt.study.replan": ("MoveReason", "Replan", "ReplanOptions"),
    "clusteropt.study.replanning": ("OpenYears", "open_years", "replan"),
    "clusteropt.text": ("Language", "Text"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Alternative",
    "Change",
    "Classification",
    "ClusteroptError",
    "Diagnosis",
    "ExactMoneyError",
    "ExplainOptions",
    "Explanation",
    "FalseBoundError",
    "Fault",
    "Feature",
    "InfeasibleError",
    "InputError",
    "Isolation",
    "Language",
    "Lever",
    "ModelSettings",
    "ModelViewError",
    "MoveReason",
    "NoIncumbentError",
    "NoPlanError",
    "OpenYears",
    "OutputError",
    "Part",
    "Path",
    "Plan",
    "PlanFileError",
    "Problem",
    "Progress",
    "Replan",
    "ReplanOptions",
    "SolveOptions",
    "SolverCrashError",
    "SolverFaultError",
    "SolverFaultWarning",
    "Text",
    "UnboundedError",
    "Verdict",
    "alternatives",
    "classify",
    "compare",
    "diagnose",
    "explain",
    "explanation_lines",
    "from_pyomo",
    "load_plan",
    "open_years",
    "problem_from_tables",
    "problem_of_folder",
    "read_problem",
    "replan",
    "save_plan",
    "solve",
    "summary_lines",
    "table_docs",
    "to_pyomo",
    "verify",
    "verify_folder",
    "what_if",
    "write_allocation",
    "write_plan_files",
    "write_template",
]


def __getattr__(name: str) -> object:
    # Imported on first use: Pyomo, pandas and HiGHS cost a second that `clusteropt --help` should not pay.
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'clusteropt' has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted(__all__)
