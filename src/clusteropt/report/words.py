"""Every word of the reports, in both languages; braces stand for what is filled in."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from clusteropt.inputs.problem import ObjectiveKind
from clusteropt.plan.certificate import Proof, Relaxed, Side
from clusteropt.plan.engine import Engine, EngineReason
from clusteropt.plan.plan import BaselineKind, UnspentReason
from clusteropt.solver.claim import Limit
from clusteropt.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clusteropt.plan.engine import EngineChoice

OBJECTIVES: Mapping[ObjectiveKind, Text] = MappingProxyType(
    {
        ObjectiveKind.TOTAL: Text("Total outcome", "总产出"),
        ObjectiveKind.WORST_REGION: Text("Outcome of the worst region", "最弱地区的产出"),
        ObjectiveKind.EQUITY: Text("Equity-weighted outcome", "公平加权产出"),
        ObjectiveKind.LEAST_MONEY: Text("Least money for the target", "达标所需最少资金"),
    }
)

OWN_OBJECTIVE = Text("Your own objective", "您自己的目标")


def objective_name(kind: ObjectiveKind | None) -> Text:
    """Name what a stage of a plan sought."""
    return OWN_OBJECTIVE if kind is None else OBJECTIVES[kind]


PROOFS: Mapping[Proof, Text] = MappingProxyType(
    {
        Proof.EXACT: Text("multipliers in exact arithmetic (grade exact)", "乘子的精确运算 (等级 exact)"),
        Proof.SAFE: Text("multipliers, rounded outwards (grade safe)", "经保守舍入的乘子运算 (等级 safe)"),
        Proof.KKT: Text(
            "multipliers of a model with parts of your own, which no table holds (grade kkt)",
            "含自定义部分之模型的乘子, 这些部分不在表格中 (等级 kkt)",
        ),
        Proof.CLAIMED: Text("nothing: only {solver} claims one", "无: 仅由 {solver} 声称"),
    }
)

BASELINES: Mapping[BaselineKind, Text] = MappingProxyType(
    {
        BaselineKind.PRO_RATA: Text("Pro rata by size", "按规模比例"),
        BaselineKind.EQUAL: Text("Equal shares", "平均分配"),
        BaselineKind.LAST_PLAN: Text("As in the last plan", "沿用上期"),
        BaselineKind.FACTORS: Text("Factor formula", "因素法"),
    }
)

UNSPENT: Mapping[UnspentReason, Text] = MappingProxyType(
    {
        UnspentReason.NOBODY: Text("nobody may draw on it", "没有集群可以使用"),
        UnspentReason.AT_MOST: Text("those who may draw on it have their largest award", "可使用者均已达到最大拨款"),
        UnspentReason.MENU: Text("no other award of the menus fits", "没有其他合适的拨款档次"),
        UnspentReason.LEAST: Text("what is left is below the least award", "余额低于最小拨款"),
        UnspentReason.RULE: Text("rules stand in the way", "受规则限制"),
        UnspentReason.NO_GAIN: Text("more money would bring no more outcome", "增加资金不再增加产出"),
        UnspentReason.TARGET: Text("the target is reached without it", "不用此款已达到目标"),
        UnspentReason.GAP: Text("the search ended before placing it", "求解在分配完之前结束"),
    }
)

LIMITS: Mapping[Limit, Text] = MappingProxyType(
    {
        Limit.TIME: Text("the time limit", "时间限制"),
        Limit.ITERATIONS: Text("the iteration limit", "迭代次数限制"),
        Limit.SOLUTIONS: Text("the limit on solutions", "解的个数限制"),
        Limit.OBJECTIVE: Text("the limit on the objective", "目标值限制"),
        Limit.MEMORY: Text("the memory limit", "内存限制"),
        Limit.INTERRUPT: Text("an interrupt", "用户中断"),
    }
)

ENGINES: Mapping[Engine, Text] = MappingProxyType(
    {
        Engine.WHOLE: Text("HiGHS alone", "仅用 HiGHS"),
        Engine.CORES: Text("prices and cores", "价格与核心"),
        Engine.EXCERPTS: Text("prices and excerpts", "价格与节选"),
    }
)

ENGINE_REASONS: Mapping[EngineReason, Text] = MappingProxyType(
    {
        EngineReason.HUGE: Text("there are {large} clusters or more", "集群不少于 {large} 个"),
        EngineReason.MANY: Text("there are {large} clusters or more", "集群不少于 {large} 个"),
        EngineReason.PICKS: Text("only programmes are chosen", "只需选择项目"),
        EngineReason.FEW: Text("there are fewer than {large} clusters", "集群少于 {large} 个"),
        EngineReason.PLAIN: Text("money flows without choices", "只有资金流动, 没有选择"),
        EngineReason.OWN: Text("parts of your own have no prices", "自定义部分没有价格"),
        EngineReason.KEPT: Text("the choices of another plan are kept", "保留另一方案的选择"),
        EngineReason.UNITS: Text("amounts are searched unit by unit", "金额按单位逐一搜索"),
    }
)


def engine_reason(choice: EngineChoice) -> Text:
    """Say why an engine was chosen, with the number of clusters that the choice goes by."""
    reason = ENGINE_REASONS[choice.reason]
    return Text(*(side.format(large=f"{choice.large:,}") for side in (reason.en, reason.zh)))


STEPS: Mapping[str, Text] = MappingProxyType(
    {
        "prices": Text("prices", "价格"),
        "core": Text("core", "核心"),
        "relaxation": Text("relaxation", "松弛"),
        "search": Text("search", "搜索"),
        "rounding": Text("rounding", "取整"),
    }
)

# Headings of columns and sheets.
CLUSTER = Text("Cluster", "集群")
CLUSTER_NAME = Text("Name", "名称")
REGION = Text("Region", "地区")
INDUSTRY = Text("Industry", "产业")
PATH = Text("Path", "创新路径")
LEVER = Text("Lever", "政策工具")
FUND = Text("Fund", "资金来源")
YEAR = Text("Year", "年份")
MONEY = Text("Money", "资金")
HELD = Text("Held", "额度")
AWARDED = Text("Awarded", "已分配")
LEFT = Text("Unspent", "未分配")
CARRIED_IN, CARRIED_OUT = Text("Carried in", "上年结转"), Text("Carried out", "结转下年")
PROGRAMMES, PROGRAMME, OPTION = Text("Programmes", "项目"), Text("Programme", "项目"), Text("Option", "方案选项")
MOBILISED = Text("Private money", "带动社会资金")
SHEET_PROMISES, SHEET_BUDGET = Text("Later commitments", "以后年度承诺"), Text("Budget form", "预算表")
START = Text("Starts in", "启动年份")
SHEET_MOVES = Text("Paths by year", "各年路径")
RETURNED, COMMITTED = Text("Come back", "回收"), Text("Committed earlier", "先期承诺")
SHARE = Text("Share", "占比")
AWARDS = Text("Awards", "拨款项数")
OUTCOME = Text("Outcome", "产出")
VALUE = Text("Value", "目标值")
BOUND = Text("Bound", "界")
GAP = Text("Gap", "差距")
SAFE_BOUND, SAFE_GAP = Text("Safe bound", "可靠界"), Text("Safe gap", "可靠差距")
CLAIMED_BOUND, CLAIMED_GAP = Text("Claimed bound", "声称界"), Text("Claimed gap", "声称差距")
REASON = Text("Why", "原因")
RULES, RULE = Text("Rules", "规则"), Text("Rule", "规则")
SIDE = Text("Limit", "限值类型")
SIDES: Mapping[Side, Text] = MappingProxyType(
    {Side.MIN: Text("at least", "不少于"), Side.MAX: Text("at most", "不多于")}
)
REACHED = Text("Reached (whole units or number)", "实际 (整数单位或个数)")
ASKED = Text("Limit (whole units or number)", "限值 (整数单位或个数)")
SLACK = Text("Slack", "余量")
SHARING = Text("Sharing", "分配方式")
GAIN = Text("Plan gives more by", "方案多出")
MOVED = Text("Had to move", "须调整")
TOTAL = Text("Total", "合计")
TOTAL_OUTCOME = Text("Total outcome", "总产出")
OBJECTIVE = Text("Objective", "目标")
ITEM = Text("Item", "项目")
ENTRY = Text("Entry", "内容")
UNIT = Text("Unit", "单位")
ENGLISH = Text("English", "英文")
CHINESE = Text("Chinese", "中文")
STEP = Text("Step", "步骤")
NUM_ROWS = Text("Rows", "行数")
NUM_COLS = Text("Columns", "列数")
NUM_WHOLE = Text("Whole columns", "整数列数")
NODES = Text("Nodes", "节点数")
END = Text("End", "结束状态")
SECONDS = Text("Seconds", "秒")

SHEET_SUMMARY = Text("Summary", "摘要")
SHEET_ALLOCATION = Text("Allocation", "分配")
SHEET_LEVER = Text("By lever", "按政策工具")
SHEET_REGION = Text("By region", "按地区")
SHEET_PATH = Text("By path", "按创新路径")
SHEET_INDUSTRY = Text("By industry", "按产业")
SHEET_CLUSTER = Text("By cluster", "按集群")
SHEET_PURSE = Text("By purse", "按年度资金")
SHEET_CELLS = Text("Value by cell", "单元产出")
SHEET_UNSPENT = Text("Unspent", "未分配")
SHEET_FLOORS = Text("Soft floors", "软下限")
FLOOR_PRICE, FLOOR_COST = Text("Price per unit", "每单位扣减"), Text("Lost", "扣减")
MISSING, FLOORS_HEAD = Text("Missing", "缺口"), Text("Soft floors missed", "未达软下限")
FLOOR_MORE = Text("{count} more soft floors missed, {cost} lost", "另有 {count} 项软下限未达, 扣减 {cost}")
SHEET_RULES = Text("Rules", "规则")
SHEET_COMPARISON = Text("Comparison", "比较")
SHEET_NOTES = Text("Notes", "说明")
SHEET_SOLVER = Text("Solver", "求解")
SHEET_RECORD = Text("Record", "记录")

# Lines of the summary.
OUTCOME_UNIT = Text("Outcome is counted in", "产出的单位")
OUTCOME_LINE = Text("Outcome is counted in {unit}.", "产出的单位: {unit}。")
PROOF_LINE = Text(
    "The safe bound rests on {proof}; {solver} claims the other.", "可靠界依据: {proof}; 声称界来自 {solver}。"
)
PRICED_LINE = Text(
    "The safe bound rests on {proof}; the claimed one is that of prices, or what {solver} claims where that is closer.",
    "可靠界依据: {proof}; 声称界为价格给出的界, 若 {solver} 声称的界更紧则取后者。",
)
COMMA = Text(", ", "、")
RELAXED_LINE = Text(
    "It is the looser for pricing what holds within clusters and picks: {kinds}.",
    "该界对集群与项目内部的下列关系定价, 因而较松: {kinds}。",
)
RELAXED: Mapping[Relaxed, Text] = MappingProxyType(
    {
        Relaxed.SYNERGY: Text("synergies", "协同"),
        Relaxed.STOCK: Text("stocks", "存量"),
        Relaxed.NEED: Text("stocks that picks need", "项目所需存量"),
    }
)
ENGINE_LINE = Text("Searched by {engine}, as {reason}.", "求解方式: {engine}, 因{reason}。")
SOLVED = Text("Solved in {seconds} s.", "用时 {seconds} 秒。")
STOPPED = Text(
    "Stopped by {limit} after {seconds} s: a better plan may exist, better by at most the gap.",
    "因{limit}在 {seconds} 秒后停止: 可能存在更好的方案, 但至多好出上述差距。",
)
MONEY_HEAD = Text("Money, in {unit}", "资金 (单位: {unit})")
UNSPENT_LINE = Text("unspent {amount} of {fund} {year}: {reason}", "{fund} {year} 年未分配 {amount}: {reason}")
UNSPENT_MORE = Text("unspent {amount} in {count} more purses", "其余 {count} 笔年度资金未分配 {amount}")
NAMED_RULES = Text("{reason} ({rules})", "{reason} ({rules})")
REST = Text("{count} more", "其余 {count} 项")
LARGEST = Text("Largest awards", "最大拨款")
WITHOUT = Text("Without optimising", "不作优化时")
NO_BASELINES = Text("No comparison was made.", "未作比较。")
PIECES = Text(
    "Straight pieces may be off the curves by {pieces} somewhere; value and bound hold on the curves.",
    "分段直线与曲线在别处至多相差 {pieces}; 目标值和界均按曲线计算。",
)
ROUNDING = Text("Rounding to whole {unit} cost {loss}.", "取整到{unit}的损失为 {loss}。")
NOTES_HEAD = Text("Notes", "说明")

# Rows of the summary sheet.
TITLE = Text("Title", "标题")
MODEL = Text("Model", "模型")
PROOF = Text("The safe bound rests on", "可靠界依据")
LIMIT = Text("Stopped by", "停止原因")
NO_LIMIT = Text("the gap asked for", "达到所要求的差距")
GAP_ASKED = Text("Gap asked for", "要求的差距")
PIECES_ERROR = Text("Straight pieces may be off the curves somewhere by", "分段直线与曲线在别处至多相差")
ROUNDING_LOSS = Text("Rounding to whole units cost", "取整的损失")
MONEY_BY_LEVER = Text("Money by lever", "各政策工具资金")
CUT = Text("Not all rows fit: {file} holds the other {count}.", "未列出全部行: 其余 {count} 行见 {file}。")

# Rows of the solver sheet.
ENGINE = Text("Searched by", "求解方式")
ENGINE_REASON = Text("Searched so, as", "选择该方式的原因")
SOLVER = Text("Solver", "求解器")
PACKAGE = Text("clusteropt", "clusteropt")
PYTHON = Text("Python", "Python")
TIME_LIMIT = Text("Time limit", "时间限制")
THREADS = Text("Threads", "线程数")
SEED = Text("Seed", "随机种子")
DIGEST = Text("SHA-256 of {table}", "{table} 的 SHA-256")

# Errors of the output.
IS_FILE = Text(
    "{path} is a file, and a plan is a folder of files. Name another folder.",
    "{path} 是文件, 而方案须写入文件夹。请指定其他文件夹。",
)
FOREIGN = Text(
    "{path} holds what is not part of a plan: {names}. Nothing was written; name another folder or move them away.",
    "{path} 中有不属于方案的内容: {names}。未写入任何文件; 请指定其他文件夹或将其移走。",
)
NOT_EMPTY = Text(
    "{path} is not empty. Nothing was written; name a new folder.",
    "{path} 不是空文件夹。未写入任何文件; 请指定新文件夹。",
)
NO_PERMISSION = Text(
    "{path} may not be written by this user. Name another folder or change the permissions.",
    "当前用户无权写入 {path}。请指定其他文件夹或更改权限。",
)
NO_PYARROW = Text(
    "{path} needs the package pyarrow. Install clusteropt[parquet], or write CSV.",
    "写入 {path} 需要 pyarrow 包。请安装 clusteropt[parquet], 或改写 CSV。",
)
DISK_FULL = Text(
    "The disk of {path} is full. Free some space or name another disk; what stood there before is untouched.",
    "{path} 所在磁盘已满。请清理空间或指定其他磁盘; 原有内容未受影响。",
)
NOT_WRITTEN = Text(
    "{path} cannot be written: {reason}. Check the path and the disk; what stood there before is untouched.",
    "无法写入 {path}: {reason}。请检查路径和磁盘; 原有内容未受影响。",
)

# Lines of the commands.
READ = Text(
    "Read {name}: {clusters} clusters, {levers} levers, {funds} funds, {rules} rules, years {years}.",
    "已读取 {name}: {clusters} 个集群, {levers} 种政策工具, {funds} 项资金, {rules} 条规则, 年份 {years}。",
)
NO_FAULTS = Text("No faults found.", "未发现错误。")
LOOKING = Text("Looking for any plan, for at most {seconds} s.", "查找是否存在可行方案, 至多 {seconds} 秒。")
DIAGNOSING = Text(
    "No plan obeys all rules. Looking for what stands in the way, for at most {seconds} s.",
    "没有方案能满足所有规则。查找原因, 至多 {seconds} 秒。",
)
SOLVING = Text("Solving, for at most {seconds} s.", "开始求解, 至多 {seconds} 秒。")
PROGRESS = Text(
    "{seconds} s  {step}  incumbent {value}  bound {bound}  gap {gap}",
    "{seconds} 秒  {step}  当前最优 {value}  界 {bound}  差距 {gap}",
)
STEP_LINE = Text("{seconds} s  {done} of {num}  {what}", "{seconds} 秒  {done}/{num}  {what}")
COMPARING = Text("Comparing with sharing without optimising.", "与不作优化的分配方式比较。")
WRITTEN = Text("Written to {path}: {files}.", "已写入 {path}: {files}。")
VERDICTS: Mapping[int, Text] = MappingProxyType(
    {
        0: Text("Every check that was made holds.", "所作的检查全部通过。"),
        1: Text("Something is wrong: see the lines marked WRONG.", "存在错误: 见标有 WRONG 的行。"),
        2: Text(
            "Something cannot be read or judged: see the lines marked --.", "有内容无法读取或判断: 见标有 -- 的行。"
        ),
    }
)
PROGRAM = Text(
    "The verifier was written to {path}; on any machine with Python 3.11 run: python {path} DIR",
    "校验程序已写入 {path}; 在任何装有 Python 3.11 的机器上运行: python {path} DIR",
)
STARTED = Text(
    "Written to {path}. Edit the tables, then run: clusteropt plan {model} --out {out}",
    "已写入 {path}。请编辑表格, 然后运行: clusteropt plan {model} --out {out}",
)
