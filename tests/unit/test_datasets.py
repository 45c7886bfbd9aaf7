"""The shipped data sets: rebuilt, described, summed up and sourced."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from decimal import Decimal
from pathlib import Path as FilePath

import pandas as pd
import pytest
from frictionless import validate

from clusteropt.domain import READING_WORDS, Feature, Lever, Path, Reading, classify
from clusteropt.inputs import read_problem
from clusteropt.inputs.effectiveness import path_tilts
from clusteropt.plan.making import solve
from clusteropt.plan.verify import check_folder
from clusteropt.report.files import write_plan_files

ROOT = FilePath(__file__).parents[2]
DATASETS = ROOT / "datasets"
PACKAGES = [
    "report",
    "effects",
    "provinces",
    "clusters",
    "assumptions",
    "national66",
    "catalogue",
    "national66_years",
    "guangxi",
]


def read(name: str) -> pd.DataFrame:
    """Read a table as text."""
    return pd.read_csv(DATASETS / f"{name}.csv", dtype=str, keep_default_na=False)


def run(script: FilePath, *arguments: str) -> None:
    """Run a script of the data sets."""
    subprocess.run([sys.executable, str(script), *arguments], check=True, timeout=120)


@pytest.fixture(scope="module")
def panel() -> pd.DataFrame:
    """Give the panel, a row a province and year."""
    rows = pd.read_csv(DATASETS / "provinces" / "panel.csv")
    return rows.pivot_table(index=["province", "year"], columns="indicator", values="value")


def test_every_package_has_a_folder():
    """The packages named in this test are those that are described."""
    described = tomllib.loads((DATASETS / "packages.toml").read_text(encoding="utf-8"))
    assert sorted(described) == sorted(PACKAGES)
    assert sorted(path.parent.name for path in DATASETS.glob("*/datapackage.json")) == sorted(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_is_valid(package):
    """Fields, constraints, keys, links, sizes and digests hold in every table."""
    report = validate(str(DATASETS / package / "datapackage.json"))
    assert report.valid, report.flatten(["taskNumber", "rowNumber", "fieldName", "message"])
    assert report.stats["warnings"] == 0


def test_national66_is_rebuilt_byte_for_byte(tmp_path):
    """The tables and the descriptor are what the script makes of the other packages."""
    run(DATASETS / "build_national66.py", str(tmp_path))
    kept = {path.name: path.read_bytes() for path in (DATASETS / "national66").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


@pytest.mark.parametrize("name", ["national66_years", "guangxi"])
def test_tables_over_years_are_rebuilt_byte_for_byte(name, tmp_path):
    """The tables and the descriptor of a model over years are what its script makes of the other packages."""
    run(DATASETS / f"build_{name}.py", str(tmp_path))
    kept = {path.name: path.read_bytes() for path in (DATASETS / name).iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_the_catalogue_is_rebuilt_byte_for_byte(tmp_path):
    """Programmes, costs and the descriptor are what the script makes of the other packages."""
    run(DATASETS / "build_catalogue.py", str(tmp_path))
    kept = {path.name: path.read_bytes() for path in (DATASETS / "catalogue").iterdir()}
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == kept


def test_the_catalogue_fits_the_national_clusters(tmp_path):
    """Beside the tables of national66 it is a model: every measure of the report a programme, all illustrative."""
    for package in ("national66", "catalogue"):
        for path in (DATASETS / package).glob("*.csv"):
            shutil.copy(path, tmp_path)
    (tmp_path / "model.toml").write_text('[tables]\nfolder = "."\n', encoding="utf-8")
    problem = read_problem(tmp_path / "model.toml")
    assert problem.programmes is not None
    assert list(problem.programmes.programme) == read("report/measures")["measure"].to_list()
    assert problem.programmes.num_picks == 46
    assert {problem.labels.funds[fund] for fund in problem.programmes.cost_fund} == {"national"}
    paths = read("report/measures").set_index("measure")["path"]
    for pick, cluster in zip(problem.programmes.gain_pick, problem.programmes.gain_cluster, strict=True):
        path = paths[problem.programmes.programme[problem.programmes.pick_option[pick]]]
        assert path in ("all", problem.labels.paths[problem.path_of[cluster]])
    for name in ("programmes", "programme_costs"):
        assert set(read(f"catalogue/{name}")["status"]) == {"illustrative"}


def test_levels_and_descriptors_are_rebuilt_byte_for_byte(tmp_path):
    """A copy of the data sets comes out the same when its levels and descriptors are made again."""
    copy = tmp_path / "datasets"
    shutil.copytree(DATASETS, copy, ignore=shutil.ignore_patterns("__pycache__"))
    made = [copy / "effects" / "levels.csv", *sorted(copy.glob("*/datapackage.json"))]
    for path in made:
        path.unlink()
    run(copy / "build_levels.py")
    run(copy / "descriptors.py")
    for path in made:
        assert path.read_bytes() == (DATASETS / path.relative_to(copy)).read_bytes()


def test_own_regressions_are_what_the_panel_gives(monkeypatch):
    """N01 to N09 in the estimates are the regressions, to three decimals."""
    monkeypatch.syspath_prepend(str(DATASETS))
    import panel_regression

    found = panel_regression.estimates(panel_regression.read_panel(DATASETS / "provinces" / "panel.csv"))
    stated = read("effects/estimates").query("status == 'own'")
    assert stated["id"].to_list() == found["id"].to_list()
    for column, values in (
        ("elasticity", found["elasticity"]),
        ("elasticity_low", found["elasticity"] - found["standard_error"]),
        ("elasticity_high", found["elasticity"] + found["standard_error"]),
    ):
        assert stated[column].astype(float).to_list() == pytest.approx(values.to_list(), abs=6e-4)


@pytest.mark.parametrize(
    ("indicator", "tolerance"),
    [
        ("rd_expenditure_100m_yuan", 0.001),
        ("rd_basic_10k_yuan", 0.001),
        ("rd_gov_funds_10k_yuan", 0.001),
        ("rd_fte_person_years", 0.001),
        # Patents of no province and contracts of the central offices stand in the national row only.
        ("invention_patents_granted", 0.02),
        ("tech_market_output_10k_yuan", 0.08),
        ("hightech_industry_revenue_100m_yuan", 0.001),
    ],
)
def test_provinces_sum_to_the_nation(panel, indicator, tolerance):
    """The 31 provinces of 2022 sum to the printed national row."""
    year = panel[indicator].xs(2022, level="year")
    assert year.drop("China").sum() == pytest.approx(year["China"], rel=tolerance)


def test_2022_agrees_with_the_panel(panel):
    """Every indicator that stands in both tables has the same value in 2022."""
    provinces = pd.read_csv(DATASETS / "provinces" / "provinces_2022.csv").set_index("province")
    year = panel.xs(2022, level="year").loc[provinces.index]
    shared = [name for name in provinces.columns if name in year.columns]
    assert len(shared) >= 14
    for name in shared:
        assert provinces[name].to_list() == pytest.approx(year[name].to_list(), rel=2e-3), name


def test_research_intensity_is_expenditure_over_output():
    """R&D expenditure over GDP is the published intensity, to a hundredth of a point."""
    provinces = pd.read_csv(DATASETS / "provinces" / "provinces_2022.csv")
    ratio = 100 * provinces["rd_expenditure_100m_yuan"] / provinces["gdp_100m_yuan"]
    assert ratio.to_list() == pytest.approx(provinces["rd_intensity_pct"].to_list(), abs=0.0101)


def test_measures_are_the_statements_of_part_four():
    """Every statement of part four is a measure, with the same path and lever."""
    evidence = read("report/evidence")
    part_four = evidence[evidence["section"].str.startswith("四")]
    measures = read("report/measures")
    assert measures["statement"].to_list() == part_four["id"].to_list()
    for ours, theirs in (("path", "path"), ("lever", "lever"), ("name_zh", "instrument_zh")):
        assert measures[ours].to_list() == part_four[theirs].to_list()


def test_clusters_are_counted_by_industry():
    """The number of clusters of each industry, 66 in all."""
    counted = read("clusters/clusters")["industry"].value_counts()
    stated = read("clusters/industries").set_index("industry")["clusters"].astype(int)
    assert counted.to_dict() == stated.to_dict()
    assert stated.sum() == 66


@pytest.mark.parametrize("package", PACKAGES)
def test_every_row_has_a_source(package):
    """A number stands in a row with a source, or in a package whose tables share one."""
    for path in (DATASETS / package).glob("*.csv"):
        table = read(f"{package}/{path.stem}")
        sources = [name for name in table.columns if name == "source" or name.startswith("src_")]
        shared = {"evidence", "measures", "cases", "industries", "report_readings"}
        if path.stem == "panel":
            assert set(table["indicator"]) == set(read("provinces/indicators")["indicator"])
        elif path.stem not in shared:
            assert sources, path
            assert (table[sources] != "").all(axis=None), path


def test_every_column_of_2022_names_its_source():
    """The codebook names a source column for every figure of a province, and it exists."""
    book = read("codebook").query("package == 'provinces' and resource == 'provinces_2022' and type == 'number'")
    named = book["description"].str.removeprefix("source: ")
    assert set(named) <= set(read("provinces/provinces_2022").columns)


def test_every_cluster_is_classified():
    """All 66 clusters have readings that classify; those of the report get the path of their case."""
    clusters, cases = read("national66/clusters"), read("report/cases").set_index("case")
    found = {}
    for _, row in clusters.iterrows():
        readings = [READING_WORDS[name].get(row[name]) for name in Reading]
        numbers = [float(row[name]) if word is None else word for name, word in zip(Reading, readings, strict=True)]
        found[row["cluster"]] = classify(*numbers).path
    assert len(found) == 66
    assert set(found.values()) == set(Path)
    for _, row in read("assumptions/report_readings").iterrows():
        assert found[row["cluster"]] == cases.loc[row["case"], "path"]


def test_features_are_ranks_of_provinces():
    """Features lie in 0..1 and are the same for clusters of one province."""
    features = [str(feature) for feature in Feature]
    clusters = read("national66/clusters")
    values = clusters[features].astype(float)
    assert values.ge(0).all(axis=None)
    assert values.le(1).all(axis=None)
    assert (clusters.groupby("region")[features].nunique() == 1).all(axis=None)


def test_effectiveness_covers_every_path_and_lever():
    """Every path and lever once, spread around the mean, the mean over paths being the level."""
    table = pd.read_csv(DATASETS / "national66" / "effectiveness.csv")
    assert list(zip(table["path"], table["lever"], strict=True)) == [(p, lever) for p in Path for lever in Lever]
    assert ((table["low"] <= table["mean"]) & (table["mean"] <= table["high"])).all()
    levels = pd.read_csv(DATASETS / "effects" / "levels.csv").set_index("lever")["mean"]
    means = table.groupby("lever")["mean"].mean()
    assert means.to_dict() == pytest.approx(levels.to_dict(), abs=2e-6)
    tilts = path_tilts(pd.read_csv(DATASETS / "report" / "evidence.csv"), 10)
    assert tilts.mean().to_list() == pytest.approx([1.0] * 4)


def test_funds_are_the_stated_share_of_real_spending():
    """Each provincial fund is the stated share, exact; the national one that of their sum, cut to a yuan."""
    assumed = read("assumptions/parameters").set_index("parameter")["value"].map(Decimal)
    provinces = read("provinces/provinces_2022").set_index("province")["budget_sci_tech_100m_yuan"]
    funds = read("national66/funds").set_index("fund")["amount"].map(int)
    own = funds.drop("national")
    for province in provinces.index:
        key = province.lower().replace(" ", "_")
        if key in own:
            spent = Decimal(provinces[province]) * 100_000_000
            assert own[key] == spent * assumed["province_fund_share"]
    assert len(own) == read("clusters/clusters")["province"].nunique()
    assert funds["national"] == int(own.sum() * assumed["national_fund_share"])


def test_a_provincial_fund_serves_its_clusters_only():
    """Eligibility opens each provincial fund to one region and the national one to all."""
    rows = read("national66/eligibility").set_index("fund")["region"]
    assert rows["national"] == ""
    assert set(rows.drop("national")) == set(read("national66/clusters")["region"])
    assert rows.index.is_unique
    assert set(rows.index) == set(read("national66/funds")["fund"])


def test_cells_leave_room_for_an_award():
    """Every cluster and lever has a cell with a positive base and most at least the least award."""
    cells = read("national66/cells")
    keys = list(zip(cells["cluster"], cells["lever"], strict=True))
    assert keys == [(cluster, lever) for cluster in read("national66/clusters")["cluster"] for lever in Lever]
    scale, least, most = (cells[name].map(int) for name in ("scale", "least", "most"))
    assert (scale > 0).all()
    assert (least <= most).all()


def test_rules_select_something():
    """Every rule names regions, industries, clusters, levers, funds and paths that exist."""
    clusters = read("national66/clusters")
    known = {
        "region": set(clusters["region"]),
        "industry": set(clusters["industry"]),
        "cluster": set(clusters["cluster"]),
        "lever": set(Lever),
        "path": set(Path),
        "fund": set(read("national66/funds")["fund"]),
    }
    rules = read("national66/rules")
    assert 10 <= len(rules) <= 20
    for column, names in known.items():
        used = {name for cell in rules[column] if cell for name in cell.split("|")}
        assert used <= names, column
    assert rules["note"].ne("").all()


def test_the_model_reads_the_data_set():
    """The model file plans the year of the funds with elasticities."""
    model = tomllib.loads((ROOT / "models" / "national66.toml").read_text(encoding="utf-8"))
    assert model["tables"] == {"dataset": "national66"}
    assert {str(year) for year in model["years"]} == set(read("national66/funds")["year"])
    assert model["effectiveness"] == {"column": "mean", "reading": "elasticity"}
    assert sum(model["baselines"]["factor_weights"].values()) == pytest.approx(1.0)


def test_five_years_are_those_of_the_national_clusters():
    """Clusters, coefficients and eligibility are those of one year; purses grow; measures and moves are offered."""
    for name in ("clusters", "effectiveness", "eligibility"):
        assert read(f"national66_years/{name}").equals(read(f"national66/{name}"))
    problem = read_problem("national66_years")
    assert problem.labels.years == (2026, 2027, 2028, 2029, 2030)
    purse = problem.purse.reshape(problem.num_funds, -1)
    assert (purse[:, 1:] > purse[:, :-1]).all()
    programmes = read("national66_years/programmes")
    moves = programmes[programmes["to_path"] != ""]
    assert len(programmes) - len(moves) == 12
    assert 10 <= len(moves) <= 20
    ahead = read("assumptions/plan_moves").set_index("from_path")["to_path"]
    for move in moves.to_dict("records"):
        path = problem.labels.paths[problem.path_of[problem.labels.clusters.index(move["clusters"])]]
        assert ahead[path] == move["to_path"]
    assert set(programmes["status"]) == {"illustrative"}


def test_guangxi_has_real_totals_and_says_that_its_clusters_are_illustrative():
    """The provincial fund is the stated share of real spending; every cluster says what it is, in both languages."""
    clusters, funds = read("guangxi/clusters"), read("guangxi/funds")
    assert clusters["name"].str.startswith("Illustrative cluster: ").all()
    assert clusters["name_zh"].str.startswith("示例集群: ").all()
    assert set(clusters["status"]) == {"illustrative"}
    assumed = read("assumptions/plan_parameters").query("model == 'guangxi'").set_index("parameter")["value"]
    spent = Decimal(read("provinces/provinces_2022").set_index("province")["budget_sci_tech_100m_yuan"]["Guangxi"])
    share, growth = Decimal(assumed["province_fund_share"]), Decimal(assumed["fund_growth"])
    own = funds.query("fund == 'province'").set_index("year")["amount"].map(int)
    assert own["2026"] == int(spent * 100_000_000 * share * (1 + growth))
    problem = read_problem("guangxi")
    assert problem.num_clusters == 10
    assert problem.labels.years == (2026, 2027, 2028)
    assert problem.ledger is not None
    assert problem.programmes is not None


@pytest.mark.long
@pytest.mark.parametrize("name", ["national66_years", "guangxi"])
def test_a_model_over_years_is_planned_and_verified(name, tmp_path):
    """Each is planned to the gap asked for, takes programmes and a move, and the verifier agrees."""
    problem = read_problem(name)
    plan = solve(problem, replace(problem.options, time_limit_s=250.0))
    assert plan.gap <= 1e-4
    taken = plan.programme_table["programme"]
    moves = taken.str.startswith("move_")
    assert moves.any()
    assert not moves.all()
    assert len(taken) < len(set(problem.programmes.programme))
    write_plan_files(plan, tmp_path / name, problem)
    assert check_folder(tmp_path / name)[0] == 0
