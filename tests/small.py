"""A small valid model: four clusters, two regions, two levers, two funds, one year."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from clusteropt.inputs import problem_from_tables

if TYPE_CHECKING:
    from pathlib import Path

    from clusteropt.inputs import ModelSettings
    from clusteropt.inputs.problem import Problem

TABLES = {
    "clusters": """
        cluster,name,name_zh,region,region_zh,industry,path,uncertainty,origin,diffusion,weight,scale,size,innovation
        display,Display park,显示园,west,西部,panels,anchor_led,,,,2,5000000,30,0.4
        drugs,Drug valley,药谷,west,西部,medicine,upgrading,,,,1,4000000,20,0.5
        media,Media town,媒体小镇,east,东部,software,convergence,,,,1.5,3000000,10,0.6
        genes,Gene bay,基因湾,east,东部,medicine,,high,inside,wide,3,2000000,25,0.9
    """,
    "levers": """
        lever,name,name_zh,response,depreciation,lag
        talent,Talent,人才,log,1,0
        finance,Finance,金融,exponential,1,0
    """,
    "effectiveness": """
        path,lever,mean,low,high,source
        anchor_led,talent,0.0000010,0.0000005,0.0000015,a guess
        anchor_led,finance,0.0000012,0.0000006,0.0000018,a guess
        upgrading,talent,0.0000008,0.0000004,0.0000012,a guess
        upgrading,finance,0.0000016,0.0000008,0.0000024,a guess
        convergence,talent,0.0000020,0.0000010,0.0000030,a guess
        convergence,finance,0.0000007,0.0000003,0.0000011,a guess
        introduced,talent,0.0000009,0.0000004,0.0000014,a guess
        introduced,finance,0.0000011,0.0000005,0.0000017,a guess
        indigenous,talent,0.0000025,0.0000012,0.0000038,a guess
        indigenous,finance,0.0000013,0.0000006,0.0000020,a guess
    """,
    "synergies": """
        path,levers,gain
        convergence,talent+finance,0.2
    """,
    "funds": """
        fund,year,name,name_zh,amount
        nation,2025,National fund,国家资金,8000000
        province,2025,Western fund,西部资金,3000001
    """,
    "eligibility": """
        fund,region,path,industry,lever
        nation,,,,
        province,west,,,
    """,
    "rules": """
        rule,kind,region,path,industry,cluster,lever,fund,year,min,max,of
        floor-west,amount,west,,,,,,,2000000,,
        cap-finance,share,,,,,finance,,,,0.6,
    """,
    "cells": """
        cluster,lever,scale,stock,least,most,mean
        display,talent,6000000,,500000,4000000,
        genes,finance,,,,,0.000003
    """,
    "spillovers": """
        from,to,share
        media,genes,0.1
    """,
}


def small_frame(name: str) -> pd.DataFrame:
    """Give one table of the small model, every value as text."""
    lines = [line.strip().split(",") for line in TABLES[name].strip().splitlines()]
    return pd.DataFrame(lines[1:], columns=lines[0], dtype=object)


def small_tables() -> dict[str, pd.DataFrame]:
    """Give the tables of the small model, every value as text, free to be changed."""
    return {name: small_frame(name) for name in TABLES}


def small_problem(settings: ModelSettings | None = None) -> Problem:
    """Give the small model as a problem."""
    return problem_from_tables(small_tables(), settings)


def write_small_folder(folder: Path) -> None:
    """Write the tables of the small model as CSV files."""
    folder.mkdir(parents=True)
    for name, frame in small_tables().items():
        frame.to_csv(folder / f"{name}.csv", index=False)
