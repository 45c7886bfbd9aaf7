"""A small model to start from: a model file, example tables, and an empty workbook of all tables."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.inputs import write_template
from clusteropt.report import words
from clusteropt.report.files import output_error, refusal

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

MODEL_FILE, TABLE_FOLDER, TEMPLATE_FILE = "model.toml", "tables", "template.xlsx"

MODEL = """\
# A planning model. Amounts are whole units of money. 一个规划模型。金额为整数货币单位。
name = "example"
title = "Example plan of a city, 2026"
title_zh = "某市示例方案 2026年"
years = [2026]

[tables]
# The folder of CSV files beside this file. To use the workbook instead: workbook = "template.xlsx"
# 与本文件同目录的 CSV 文件夹。也可改用工作簿: workbook = "template.xlsx"
folder = "tables"

[money]
unit = "yuan"
unit_zh = "元"
printed = "10,000 yuan"
printed_zh = "万元"
per_printed = 10_000

[objective]
# total | worst_region | equity | least_money
kind = "total"

[effectiveness]
column = "mean"
# Outcome of a cluster x elasticity x ln(1 + award / money already spent).
# 集群产出 x 弹性 x ln(1 + 拨款 / 已有投入)。
reading = "elasticity"

[solve]
time_limit_s = 60
relative_gap = 1e-6
"""

CLUSTERS = """\
cluster,name,name_zh,region,region_zh,industry,industry_zh,path,weight,scale,size,status
displays,Displays,新型显示,east,东区,electronics,电子,anchor_led,320,80000000,900000000,illustrative
medicine,Medicine,生物医药,east,东区,medicine,医药,upgrading,210,50000000,600000000,illustrative
robots,Robots,机器人,west,西区,machinery,装备,convergence,150,40000000,450000000,illustrative
genomics,Genomics,基因科技,west,西区,medicine,医药,indigenous,120,30000000,200000000,illustrative
"""

LEVERS = """\
lever,name,name_zh,response
basic_research,Basic research,基础研究,log
talent,Talent,人才,log
finance,Finance,金融,log
infrastructure,Infrastructure,基础设施,log
"""

FUNDS = """\
fund,year,name,name_zh,amount,status
city,2026,City fund,市级资金,60000000,illustrative
province,2026,Provincial fund,省级资金,40000000,illustrative
"""

RULES = """\
rule,kind,region,path,industry,cluster,lever,fund,year,min,max,of,note
research_floor,share,,,,,basic_research,,,0.15,,everything,At least 15 % of all money for basic research
building_cap,share,,,,,infrastructure,,,,0.25,everything,At most 25 % of all money for infrastructure
west_floor,amount,west,,,,,,,30000000,,,At least 30 million yuan for the west
"""

ELASTICITIES = MappingProxyType(
    {
        "anchor_led": (0.16, 0.20, 0.10, 0.15),
        "upgrading": (0.12, 0.24, 0.12, 0.12),
        "convergence": (0.14, 0.22, 0.16, 0.11),
        "indigenous": (0.20, 0.24, 0.18, 0.08),
    }
)
SOURCE = "made up for the example: replace by your own estimate"


def write_starter(folder: str | os.PathLike[str]) -> Path:
    """Write a small model that can be planned at once, and give the path of its model file.

    Parameters
    ----------
    folder : str or path
        Absent or empty. It gets ``model.toml``, example tables in ``tables``, and ``template.xlsx`` with a
        sheet for every table. All figures of the example are made up, and marked so.

    Raises
    ------
    OutputError
        If the folder is a file or not empty, may not be written, or the disk is full.
    """
    target = Path(folder)
    try:
        if target.is_file():
            raise output_error(words.IS_FILE, target)
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise output_error(words.NOT_EMPTY, target)
        (target / TABLE_FOLDER).mkdir()
        for name, text in _tables().items():
            (target / TABLE_FOLDER / f"{name}.csv").write_text(text, encoding="utf-8", newline="")
        write_template(target / TEMPLATE_FILE)
        (target / MODEL_FILE).write_text(MODEL, encoding="utf-8", newline="")
    except OSError as error:
        raise refusal(target, error) from error
    return target / MODEL_FILE


def _tables() -> Mapping[str, str]:
    levers = [line.split(",", 1)[0] for line in LEVERS.splitlines()[1:]]
    rows = [
        f"{path},{lever},{mean},{SOURCE},illustrative"
        for path, means in ELASTICITIES.items()
        for lever, mean in zip(levers, means, strict=True)
    ]
    effectiveness = "\n".join(["path,lever,mean,source,status", *rows, ""])
    return {
        "clusters": CLUSTERS,
        "levers": LEVERS,
        "effectiveness": effectiveness,
        "funds": FUNDS,
        "rules": RULES,
    }
