"""Programmes: projects that are taken whole or not at all, and paths that change."""

from pathlib import Path

import pandas as pd

import clusteropt as co

paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
settings = co.ModelSettings.model_validate_json(
    '{"money": {"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}}'
)
# On the paths convergence and indigenous talent works twice as well as elsewhere.
means = {path: 2.0 if path in ("convergence", "indigenous") else 1.0 for path in paths}
base = {
    "clusters": pd.DataFrame(
        {
            "cluster": ["alpha", "beta"],
            "region": ["north", "south"],
            "industry": "i",
            "path": "upgrading",
            "scale": 10,
        }
    ),
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["log"], "depreciation": [0.5]}),
    "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": means.values(), "source": "made up"}),
    "funds": pd.DataFrame({"fund": "city", "year": [2026, 2027, 2028], "amount": 10}),
}


def show(title, programmes, costs, **changed):
    """Plan with some programmes, and some tables changed, and print what is taken and what the purses pay."""
    tables = {"programmes": pd.DataFrame(programmes), "programme_costs": pd.DataFrame(costs)}
    plan = co.solve(co.problem_from_tables({**base, **tables, **changed}, settings))
    print(f"\n{title}: worth {plan.value:.3f}")
    print(plan.programme_table.to_string(index=False))
    print(plan.by_purse.to_string(index=False))
    return plan


# 1. A platform that both share, in two sizes. The large one takes two years to pay.
platform = [
    {"programme": "park", "option": "small", "clusters": "alpha|beta", "gain": 3},
    {"programme": "park", "option": "large", "clusters": "alpha|beta", "gain": 8},
]
platform_costs = [
    {"programme": "park", "option": "small", "fund": "city", "cost": 4},
    {"programme": "park", "option": "large", "fund": "city", "cost": 6},
    {"programme": "park", "option": "large", "fund": "city", "after": 1, "cost": 6},
]
show("One option at most", platform, platform_costs)

# 2. A laboratory that needs the large park, and a fair that is never held beside the laboratory.
more = [
    {"programme": "lab", "clusters": "alpha", "gain": 2, "requires": "park:large", "excludes": "fair"},
    {"programme": "fair", "clusters": "beta", "gain": 1, "start": "2026", "lasts": 1},
]
more_costs = [{"programme": "lab", "fund": "city", "cost": 3}, {"programme": "fair", "fund": "city", "cost": 1}]
show("Requires and excludes", platform + more, platform_costs + more_costs)

# 3. A network that opens only if both clusters join: each pays its own share.
network = [
    {"programme": "network", "clusters": "alpha|beta", "shares": "1|1", "gain": 2, "requires": "join alpha|join beta"},
    {"programme": "join alpha"},
    {"programme": "join beta"},
]
network_costs = [{"programme": f"join {name}", "fund": "city", "cost": 2} for name in ("alpha", "beta")]
show("Take-up", network, network_costs)

# 4. Alpha may turn to convergence once its stock of talent has reached 5, for 4 yuan.
turn = [
    {
        "programme": "turn",
        "clusters": "alpha",
        "to_path": "convergence",
        "needs_lever": "talent",
        "needs_stock": 5,
    }
]
plan = show("A path that changes", turn, [{"programme": "turn", "fund": "city", "cost": 4}])
print(plan.path_by_year.to_string(index=False))

# From here on a yuan brings exactly 1, or 2 after a move, so that all can be worked out by hand.
plain = {"levers": pd.DataFrame({"lever": ["talent"], "response": ["linear"]})}

# 5. A move from introduced to indigenous for 5 yuan, once a stock that loses half a year has reached 10, or 12.
lasting = {
    "clusters": pd.DataFrame({"cluster": ["gamma"], "region": "north", "industry": "i", "path": "introduced"}).assign(
        scale=10
    ),
    "levers": plain["levers"].assign(depreciation=0.5),
}
for stock in (10, 12):
    move = {"programme": "turn", "clusters": "gamma", "to_path": "indigenous", "needs_lever": "talent"}
    costs = [{"programme": "turn", "fund": "city", "cost": 5}]
    plan = show(f"Once the stock is {stock}", [{**move, "needs_stock": stock}], costs, **lasting)
    print(plan.path_by_year.to_string(index=False))

# 6. At most one of a group: measures of a path from the catalogue of the report, with the planner's costs and gains.
data = Path(__file__).parents[2] / "datasets"
measures = pd.read_csv(data / "report" / "measures.csv").query("path == 'convergence'")
catalogue = pd.read_csv(data / "catalogue" / "programmes.csv")[["programme", "name", "name_zh"]]
picked = catalogue[catalogue["programme"].isin(measures["measure"])].head(3)
costs = pd.DataFrame({"programme": picked["programme"], "fund": "city", "cost": [4, 8, 4]})
picked = picked.assign(clusters="alpha", gain=[3, 5, 4], group="training")
print(picked[["programme", "name", "gain"]].to_string(index=False))
show("At most one of a group", picked, costs, **plain)

# 7. Exactly one of a group, though neither is worth its money.
site = {"group": "site", "must": "yes", "clusters": "beta"}
sites = [{"programme": "hill", "gain": 1, **site}, {"programme": "shore", "gain": 0.5, **site}]
site_costs = [{"programme": "hill", "fund": "city", "cost": 6}, {"programme": "shore", "fund": "city", "cost": 5}]
show("Exactly one of a group", sites, site_costs, **plain)

# 8. A network that opens if at least two of three join.
joins = {"join a": 2, "join b": 3, "join c": 5}
network = [
    {"programme": "network", "clusters": "alpha|beta", "gain": 4, "requires": "|".join(joins), "take_up": 2},
    *({"programme": name} for name in joins),
]
join_costs = [{"programme": name, "fund": "city", "cost": cost} for name, cost in joins.items()]
show("Take-up of two in three", network, join_costs, **plain)

# 9. Two funds pay. What a hall that opens in 2028 takes in 2029 is no cost of this plan, but a commitment for the next.
hall = [{"programme": "hall", "clusters": "alpha", "gain": 4, "start": "2028"}]
hall_costs = [
    {"programme": "hall", "fund": fund, "after": after, "cost": cost}
    for fund, after, cost in (("city", 0, 1), ("province", 0, 1), ("province", 1, 3))
]
province = base["funds"].assign(fund="province", amount=1)
plan = show("Two funds", hall, hall_costs, **plain, funds=pd.concat([base["funds"], province]))
print(plan.promise_table.drop(columns="option").to_string(index=False))
