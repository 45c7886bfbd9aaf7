"""Model files and saved plans of every shape: a value that can be used, or a refusal in words, and nothing else."""

from __future__ import annotations

import copy
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from clusteropt.errors import InputError, PlanFileError
from clusteropt.inputs import read_problem
from clusteropt.inputs.faults import Faults
from clusteropt.inputs.model_files import parse_settings
from clusteropt.inputs.settings import SECTIONS, ModelSettings
from clusteropt.plan.baselines import compare
from clusteropt.plan.saving import load_plan, plan_from_json, plan_to_json
from clusteropt.report.summary import summary_lines
from clusteropt.report.tables import allocation_csv, summary_json
from clusteropt.report.workbook import workbook_bytes
from clusteropt.text import Language
from tests.differential import solved_models
from tests.random_tables import TINY, random_tables, settings_toml

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.plan.plan import Plan

OFTEN = settings(deadline=None, max_examples=300)
FILES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
ODD_TEXT = ["", "=cmd|' /C calc'!A0", "\ud800", "\u202e", "a" * 300, "名", "../../etc", "\x00", "NaN", "1e5"]
ODD_NUMBERS = [0, -1, 2**31, 2**63, -(2**63), 2**64 - 1, 10**400, 1e308, -0.0, float("nan"), float("inf"), 5e-324]
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([*ODD_TEXT, *ODD_NUMBERS])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def model_files(draw: st.DrawFn) -> str:
    """Write a model file with sections and keys that exist, now and then others, and values of any kind."""
    keys = {name: sorted(section.model_fields) for name, section in SECTIONS.items()}
    keys[""] = sorted(ModelSettings.model_fields)
    lines = ["[tables]", 'folder = "."']
    for section in draw(st.lists(st.sampled_from(sorted(keys)), max_size=4)):
        pairs = [
            f"{draw(st.sampled_from(keys[section]) | st.sampled_from(ODD_KEYS))} = {_toml(draw(VALUES))}"
            for _ in range(draw(st.integers(0, 3)))
        ]
        lines = [*pairs, *lines] if not section else [*lines, f"[{section}]", *pairs]
    return "\n".join(lines) + "\n"


ODD_KEYS = ["weird", '"="', "a.b", "tables.folder", '""', "solve.seed", "1", "true"]


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)


@given(text=model_files())
@OFTEN
def test_any_model_file_is_told(text: str) -> None:
    """Every fault of a model file names the file, and most their key; what has none gives settings."""
    faults = Faults()
    found = parse_settings("model.toml", text.encode("utf-8", "surrogatepass"), faults)
    assert (found is None) == bool(faults)
    assert all(fault.table == "model.toml" and fault.problem.zh and fault.remedy.zh for fault in faults.listed)


def test_settings_return_from_their_file() -> None:
    """What the fuzz above starts from is read: settings written as a file are the same settings."""
    _, asked = random_tables(3, TINY)
    faults = Faults()
    found = parse_settings("model.toml", settings_toml(asked).encode(), faults)
    assert not faults
    assert found is not None
    assert found.model_copy(update={"tables": None}) == asked


@pytest.mark.parametrize(
    "name", ["../national66", "national66/", "./national66", "national66/../national66", "/etc", "", ".", "..", "a\\b"]
)
def test_a_data_set_is_a_name_not_a_path(name: str, tmp_path: Path) -> None:
    """A data set is one of those that come with the package, so its name leads nowhere else."""
    (tmp_path / "model.toml").write_text(f"[tables]\ndataset = {json.dumps(name)}\n", encoding="utf-8")
    with pytest.raises(InputError, match="no shipped data set has this name"):
        read_problem(tmp_path / "model.toml")


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    """Plans of all four objectives over many features, one with baselines."""
    (_, problem, plan), *others = solved_models(6)
    return [compare(problem, plan), *(other for _, _, other in others)]


def signed(content: object) -> str:
    """Write the content of a plan with a digest that fits."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return json.dumps({"format": "clusteropt-plan-3", "sha256": digest, "plan": content})


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """List the path of every part of a document, leaves and branches."""
    found = [path] if path else []
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return found + [place for key, part in parts for place in places(part, (*path, key))]


def must_be_usable(text: str) -> bool:
    """Read a plan and use all of it, or be refused in words; tell whether it was read."""
    try:
        plan = plan_from_json(text)
    except PlanFileError as error:
        assert error.read(Language.EN) != error.read(Language.ZH)
        return False
    for language in Language:
        assert summary_lines(plan, language)
    assert allocation_csv(plan)
    assert summary_json(plan)
    assert workbook_bytes(plan)
    assert plan_to_json(plan_from_json(plan_to_json(plan))) == plan_to_json(plan)
    return True


@given(data=st.data())
@settings(deadline=None, max_examples=250)
def test_a_changed_plan_with_a_good_digest_is_told(data: st.DataObject, plans: list[Plan]) -> None:
    """Any one to three parts of a plan replaced, dropped or repeated: a plan that can be used, or a refusal."""
    content = json.loads(plan_to_json(data.draw(st.sampled_from(plans))))["plan"]
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(places(content)))
        holder = content
        for key in path:
            holder = holder[key]
        change = data.draw(st.sampled_from(["put", "drop", "repeat"]))
        if change == "drop":
            del holder[last]
        elif change == "repeat" and isinstance(holder, list):
            holder.insert(last, copy.deepcopy(holder[last]))
        else:
            holder[last] = data.draw(VALUES)
        assume(places(content))
    try:
        text = signed(content)
    except ValueError:
        return
    must_be_usable(text)


@given(content=VALUES)
@OFTEN
def test_any_document_is_no_plan(content: object) -> None:
    """JSON of any shape, bare or dressed as a plan, is refused."""
    for text in (json.dumps(content), json.dumps({"format": "clusteropt-plan-3", "sha256": "", "plan": content})):
        assert not must_be_usable(text)


@given(data=st.binary(max_size=200))
@FILES
def test_any_bytes_are_no_plan(data: bytes, tmp_path: Path) -> None:
    """A file of any bytes is refused as a plan."""
    (tmp_path / "plan.json").write_bytes(data)
    with pytest.raises(PlanFileError):
        load_plan(tmp_path)


def test_unchanged_plans_are_read(plans: list[Plan]) -> None:
    """The fuzz above is not refused for another reason: plans as written pass."""
    for plan in plans:
        assert must_be_usable(signed(json.loads(plan_to_json(plan))["plan"]))
