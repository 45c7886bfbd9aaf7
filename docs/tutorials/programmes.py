"""Programmes: projects that are taken whole or not at all, and paths that change."""

import pandas as pd

import clusteropt as co

paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
settings = co.ModelSettings.model_validate_json(
    '{"money": {"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}}'
)
# On the path convergence talent works twice as well as elsewhere.
means = {path: 2.0 if path == "convergence" else 1.0 for path in paths}
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


def show(title, programmes, costs):
    """Plan with some programmes, and print what is taken and what the purses pay."""
    plan = co.solve(
        co.problem_from_tables(
            {**base, "programmes": pd.DataFrame(programmes), "programme_costs": pd.DataFrame(costs)}, settings
        )
    )
    print(f"\n{title}: worth {plan.value:.3f}")
    print(plan.programme_table.to_string(index=False))
    print(plan.by_purse.drop(columns="fund").to_string(index=False))
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
