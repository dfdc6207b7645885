"""What each method says, in words: one table, a row a method, in both languages and with units.

Templates know ``{v}`` the value, ``{s}`` the statistic, ``{t}`` the threshold, ``{limit}`` and ``{word}`` the limit and
its name, ``{side}`` above or below, ``{ahead}`` how soon a limit is expected, ``{who}`` the other sensors that take part.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from alerting.texts import NOTHING, duration, number, quantity
from detectors.findings import Method
from registry.plant import Text

Scale = Callable[[float | None, str], Text]
"""How a method's statistic and threshold are written, given the sensor's unit."""


def in_unit(number_: float | None, unit: str) -> Text:
    """In the sensor's own unit."""
    return Text.same(quantity(number_, unit))


def size(number_: float | None, unit: str) -> Text:
    """In the sensor's own unit, whichever way it is."""
    return in_unit(None if number_ is None else abs(number_), unit)


def per_minute(per_s: float | None, unit: str) -> Text:
    """A change per second, told per minute."""
    return Text.same("—" if per_s is None else f"{number(per_s * 60)} {unit}/min")


def plain(number_: float | None, unit: str) -> Text:
    """A number that has no unit: a score, a sum, a count."""
    del unit
    return Text.same(quantity(number_, ""))


def sigmas(number_: float | None, unit: str) -> Text:
    """In standard deviations of the sensor's own noise."""
    del unit
    return Text.same(f"{quantity(number_, '')}σ")


def span(seconds: float | None, unit: str) -> Text:
    """A time, whichever way it is."""
    del unit
    return Text.same("—") if seconds is None else duration(abs(seconds))


@dataclass(frozen=True, slots=True)
class Phrase:
    """A method in words.

    Attributes:
        label: the condition in a word, as a title has it.
        figures: what a title says after it.
        seen: what was seen, to stand behind what is measured: ``level is …``, and in Chinese without a verb.
        scale: how statistic and threshold are written.
    """

    label: Text
    figures: Text
    seen: Text
    scale: Scale = plain


_VALUE_AND_STATISTIC = Text("{v}（{s}，阈值 {t}）", "{v} ({s}, threshold {t})")

PHRASES: Mapping[int, Phrase] = MappingProxyType(
    {
        Method.LIMIT: Phrase(
            NOTHING,  # that of its limit
            Text("{v}（限值 {limit}）", "{v} (limit {limit})"),
            Text("{side}{word} {limit}", "{side} the {word} {limit}"),
        ),
        Method.FORECAST: Phrase(
            Text("预计达到{word}", "expected to reach the {word}"),
            Text("{limit}（{ahead}），现 {v}", "{limit} {ahead}, now {v}"),
            Text(
                "按当前趋势预计{ahead}达到{word} {limit}",
                "expected to reach the {word} {limit} {ahead} if the trend goes on",
            ),
            span,
        ),
        Method.RATE: Phrase(
            Text("变化过快", "changing fast"),
            Text("{s}（限值 {t}），现 {v}", "{s} (limit {t}), at {v}"),
            Text("变化速率 {s}，超过限值 {t}", "changing at {s}, faster than the limit {t}"),
            per_minute,
        ),
        Method.VOTE: Phrase(
            Text("多点同时异常", "abnormal together with its group"),
            Text("{v}（{s} 个测点，要求 {t} 个）", "{v} ({s} sensors, {t} needed)"),
            Text(
                "与同组测点同时异常：{s} 个，达到 {t} 个即判定",
                "abnormal together with its group: {s} sensors agree, {t} are needed",
            ),
        ),
        Method.BALANCE: Phrase(
            Text("物料不平衡", "out of balance"),
            Text("{v}（累积和 {s}，阈值 {t}）", "{v} (CUSUM {s}, threshold {t})"),
            Text(
                "与同一设备的流量、液位或压力{who}不相符，累积和（CUSUM）{s}，阈值 {t}",
                "not explained by the flows, level or pressure of its equipment{who}, cumulative sum (CUSUM) {s}, "
                "threshold {t}",
            ),
            sigmas,
        ),
        Method.T2: Phrase(
            Text("整体状态异常", "part of an unusual state"),
            Text("{v}（T²={s}，限值 {t}）", "{v} (T² {s}, limit {t})"),
            Text(
                "与同组测点处于从未有过的整体状态（主元分析 T²={s}，限值 {t}）",
                "part of a state that its group never was in (principal components, T² {s}, limit {t})",
            ),
        ),
        Method.Q: Phrase(
            Text("关联异常", "out of step with its group"),
            Text("{v}（Q={s}，限值 {t}）", "{v} (Q {s}, limit {t})"),
            Text(
                "与同组测点的关系被打破（主元分析残差 Q={s}，限值 {t}）",
                "out of step with its group (residual of principal components, Q {s}, limit {t})",
            ),
        ),
        Method.STEP: Phrase(
            Text("阶跃", "stepped"),
            Text("{v}（跳变 {s}，阈值 {t}）", "to {v} (by {s}, threshold {t})"),
            Text("突然跳到另一水平，幅度 {s}，阈值 {t}", "off by a sudden step of {s}, threshold {t}"),
            in_unit,
        ),
        Method.CUSUM: Phrase(
            Text("持续偏移", "shifted"),
            Text("{v}（累积和 {s}，阈值 {t}）", "{v} (CUSUM {s}, threshold {t})"),
            Text(
                "相对自身基线持续偏移，累积和（CUSUM）{s}，阈值 {t}",
                "shifted from the sensor's own baseline for long, cumulative sum (CUSUM) {s}, threshold {t}",
            ),
            sigmas,
        ),
        Method.EWMA: Phrase(
            Text("均值偏移", "shifted"),
            Text("{v}（EWMA {s}，控制限 {t}）", "{v} (EWMA {s}, limit {t})"),
            Text(
                "滑动均值（EWMA）偏移 {s}，控制限 {t}",
                "shifted in its moving average (EWMA) by {s}, control limit {t}",
            ),
            sigmas,
        ),
        Method.ROBUST_Z: Phrase(
            Text("异常", "abnormal"),
            Text("{v}（z={s}，阈值 {t}）", "{v} (z {s}, threshold {t})"),
            Text(
                "偏离该测点自身的稳健模型（EWMA）z={s}，阈值 {t}",
                "away from the sensor's own robust model (EWMA) by z {s}, threshold {t}",
            ),
        ),
        Method.SEASON: Phrase(
            Text("偏离该时刻的常态", "unusual for the time of day"),
            _VALUE_AND_STATISTIC,
            Text(
                "偏离一天中该时刻的常态 {s}，阈值 {t}",
                "away from what is usual at this time of day by {s}, threshold {t}",
            ),
            sigmas,
        ),
        Method.VARIANCE: Phrase(
            Text("波动异常", "of changed spread"),
            _VALUE_AND_STATISTIC,
            Text(
                "波动幅度与平时相比变化 {s}，阈值 {t}",
                "of a spread that has changed by {s}, threshold {t}",
            ),
            sigmas,
        ),
        Method.OSCILLATION: Phrase(
            Text("振荡", "oscillating"),
            Text("{v}（{s} 个半周期，阈值 {t}）", "{v} ({s} half periods, threshold {t})"),
            Text(
                "有规律地振荡，{s} 个相同的半周期，偶然不超过 {t} 个",
                "oscillating: {s} half periods alike, by chance no more than {t}",
            ),
        ),
        Method.NOVELTY: Phrase(
            Text("形态异常", "unlike before"),
            Text("{v}（{s} 次读数一遇，阈值 {t}）", "{v} (one in {s} readings, threshold {t})"),
            Text(
                "前所未见，{s} 次读数一遇，阈值 {t} 次",
                "further out than it remembers: one in {s} readings, told from one in {t}",
            ),
        ),
        Method.SPIKE: Phrase(
            Text("尖峰", "spiking"),
            Text("{v}（偏离 {s}，阈值 {t}）", "to {v} (by {s}, threshold {t})"),
            Text(
                "出现尖峰，偏离前后读数（Hampel）{s}，阈值 {t}",
                "spiking, away from its neighbours in time (Hampel) by {s}, threshold {t}",
            ),
            in_unit,
        ),
        Method.DEAD: Phrase(
            Text("无信号", "no signal"),
            Text("{s}（允许 {t}）", "for {s} (allowed {t})"),
            Text("已 {s}无数据，允许 {t}", "without a reading for {s}, allowed {t}"),
            span,
        ),
        Method.OUT_OF_RANGE: Phrase(
            Text("超量程", "out of range"),
            Text("{v}（量程界 {t}）", "{v} (range bound {t})"),
            Text("超出量程界 {t}", "outside the measuring range, bound {t}"),
            in_unit,
        ),
        Method.SATURATION: Phrase(
            Text("顶到量程", "saturated"),
            Text("{v}（量程端点 {t}）", "{v} (end of range {t})"),
            Text(
                "停在量程端点 {t}，真实值可能在其外",
                "resting at the end of what it can measure, {t}; the true value may lie beyond",
            ),
            in_unit,
        ),
        Method.STUCK: Phrase(
            Text("读数不动", "stuck"),
            Text("{v}，已 {s}（允许 {t}）", "at {v} for {s} (allowed {t})"),
            Text(
                "读数已 {s}完全不变，按其自身历史最长 {t}",
                "stuck: it has not moved at all for {s}; by its own past {t} would be the most",
            ),
            span,
        ),
        Method.DRIFT: Phrase(
            Text("与冗余测点偏离", "drifting from its partner"),
            Text("{v}（偏差 {s}，限值 {t}）", "{v} (off by {s}, limit {t})"),
            Text(
                "相对冗余测点{who}偏离 {s}（限值 {t}）", "drifting from its partner{who} by {s} (limit {t})"
            ),
            size,
        ),
        Method.NOISE: Phrase(
            Text("噪声过大", "noisy"),
            _VALUE_AND_STATISTIC,
            Text("噪声比自身平时大 {s}，阈值 {t}", "noisier than it was by {s}, threshold {t}"),
            sigmas,
        ),
        Method.QUALITY: Phrase(
            Text("质量位不良", "bad quality"),
            Text("连续 {s} 个（阈值 {t}）", "{s} in a row (threshold {t})"),
            Text(
                "连续 {s} 个读数自报质量不良，阈值 {t}",
                "calling its readings bad itself, {s} in a row, threshold {t}",
            ),
        ),
        Method.UNCERTAIN: Phrase(
            Text("质量位存疑", "uncertain quality"),
            Text("已 {s}（允许 {t}）", "for {s} (allowed {t})"),
            Text(
                "已 {s}自报读数存疑（校验、超出规格），允许 {t}；期间不参与学习",
                "calling its readings uncertain itself (in calibration, out of specification) for {s}, allowed {t}; "
                "nothing is learnt from it meanwhile",
            ),
            span,
        ),
        Method.CLOCK: Phrase(
            Text("时钟错误", "wrong clock"),
            Text("相差 {s}（允许 {t}）", "off by {s} (allowed {t})"),
            Text("时间戳相差 {s}，允许 {t}", "stamped by a clock that is off by {s}, allowed {t}"),
            span,
        ),
    }
)
"""Every method in words, by its number."""

LABEL_OF_LIMIT: Mapping[str, Text] = MappingProxyType(
    {
        "ll": Text("低低报", "low-low"),
        "l": Text("低报", "low"),
        "h": Text("高报", "high"),
        "hh": Text("高高报", "high-high"),
        "design": Text("超设计限值", "beyond design limit"),
    }
)
"""A crossed limit in a word."""
