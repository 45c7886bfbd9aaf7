"""Soft floors: what money may stay below, at a price."""

import pandas as pd

import clusteropt as co

# 1. Two clusters with linear returns: a yuan is worth 2 in alpha and 1 in beta. There are 100 yuan.
paths = ("anchor_led", "upgrading", "convergence", "introduced", "indigenous")
tables = {
    "clusters": pd.DataFrame(
        {"cluster": ["alpha", "beta"], "region": ["north", "south"], "industry": "i", "path": "upgrading", "scale": 9}
    ),
    "levers": pd.DataFrame({"lever": ["talent"], "response": ["linear"]}),
    "effectiveness": pd.DataFrame({"path": paths, "lever": "talent", "mean": 1.0, "source": "made up"}),
    "funds": pd.DataFrame({"fund": ["national"], "year": [2026], "amount": [100]}),
    "cells": pd.DataFrame({"cluster": ["alpha"], "lever": ["talent"], "mean": [2.0]}),
}
money = '{"unit": "yuan", "unit_zh": "元", "printed": "yuan", "printed_zh": "元", "per_printed": 1}'
settings = co.ModelSettings.model_validate_json(f'{{"money": {money}}}')


def plan_at(*prices: str) -> None:
    """Print who gets what, and what is missing, if the south is asked to get 60 and all but 30 of it has a price."""
    floors = [("half", "30", "")] + [(f"wish {price}", "60", price) for price in prices]
    rules = pd.DataFrame(
        [{"rule": name, "kind": "amount", "region": "south", "min": low, "price": price} for name, low, price in floors]
    )
    plan = co.solve(co.problem_from_tables({**tables, "rules": rules}, settings))
    levels = plan.certificate.rules
    print(f"  price {' + '.join(prices) or 'none'}: {plan.allocation['amount'].tolist()}, value {plan.value:g}")
    for rule, missing, cost in zip(levels.rule, levels.missing, levels.cost, strict=True):
        if missing:
            print(f"    {rule} lacks {missing}, which costs {cost:g}")


# 2. Moving a yuan to the south loses 1. Below that price the wish is not heard, above it is met.
plan_at()
plan_at("0.9")
plan_at("1.1")

# 3. Prices of several floors add up.
plan_at("0.9", "0.2")
