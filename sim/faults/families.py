"""The families of faults and look-alikes, one frozen record each: how it changes the plant, or what is measured.

A record says on what it falls, how operations lead there, what they do meanwhile, which channels of the plant it
drives how far for each severity, and what it does to readings. Whoever adds a family adds a record.
"""

import math
from dataclasses import dataclass
from typing import Literal

from registry.plant import Text

Three = tuple[float, float, float]
"""A figure for severity 1, 2 and 3."""

Scale = Literal["share", "volume_per_h", "creep_pa", "creep_mol_s", "kelvin"]
"""What 1 of an effect's size is, for the vessel or sensor that it falls on; see `sim.faults.acting`."""

CLOSED = ("sphere", "bullet")
STORES = ("fixed_roof", "floating_roof", "sphere", "bullet", "refrigerated")
CREEPING = ("fixed_roof", "sphere", "bullet", "reactor")
SUNLIT = ("fixed_roof", "sphere", "bullet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Drive `channel` of the vessel from 0 to `size` over `ramp_h` hours; `kinds` empty means every kind."""

    channel: str
    size: Three
    scale: Scale
    ramp_h: Three = (0.0, 0.0, 0.0)
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sense:
    """Change what the sensors of the role `on` show; `law` names, by severity, one of `sim.faults.senses.LAWS`.

    `size` is in shares of the range (an hour, for a drift). `marked` is the share of occurrences in which the
    transmitter says by its quality that it is not measuring the process.
    """

    law: tuple[str, str, str]
    on: str
    size: Three = (0.0, 0.0, 0.0)
    marked: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One kind of event.

    Attributes:
        target: vessel (one of `kinds`), gas (one detector), sensor (level, pressure or gas), gateway, or site.
        hours: how long it lasts, by severity.
        lead: how operations come to the onset: from so many hours before it on they go to this filling, up to the
            next entry or the onset.
        flows: what goes in and out meanwhile, as shares of the full flow, by severity; None: nothing.
        aim: the filling to have reached at its end.
        names: roles of the sensors that the truth names; a gas detector is named where it really feels something.
        settle_h: how long the vessel and its sensors are left alone afterwards.
        daily: how many of it a campaign has a day; a fault has one of each severity.
        releases: what escapes, in multiples of what brings a detector 10 m downwind to h; by severity.
        release_ramp_h: how long the hole takes to open so far, by severity.
        between_h: local hours of the day in which it begins; None: at any.
    """

    kind: str
    text: Text
    fault: bool
    target: Literal["vessel", "gas", "sensor", "gateway", "site"]
    hours: Three
    kinds: tuple[str, ...] = ()
    lead: tuple[tuple[float, float], ...] = ()
    flows: tuple[tuple[float, float], ...] | None = None
    aim: float = math.nan
    effects: tuple[Effect, ...] = ()
    senses: tuple[Sense, ...] = ()
    names: tuple[str, ...] = ("level",)
    settle_h: float = 1.0
    daily: int = 0
    releases: Three | None = None
    release_ramp_h: Three = (0.0, 0.0, 0.0)
    between_h: tuple[float, float] | None = None


FAMILIES: tuple[Family, ...] = (
    Family(
        kind="slow_leak",
        text=Text(zh="缓慢泄漏", en="slow leak"),
        fault=True,
        target="vessel",
        kinds=STORES,
        hours=(4.0, 4.0, 3.0),
        lead=((3.5, 0.6), (0.5, 0.6)),
        effects=(Effect(channel="leak_m2", size=(0.0015, 0.004, 0.01), scale="volume_per_h"),),
        names=("level", "gas"),
    ),
    Family(
        kind="fast_leak",
        text=Text(zh="快速泄漏", en="fast leak"),
        fault=True,
        target="vessel",
        kinds=STORES,
        hours=(4.0, 2.2, 1.2),
        lead=((3.5, 0.32), (0.5, 0.32)),
        effects=(Effect(channel="leak_m2", size=(0.11, 0.2, 0.4), scale="volume_per_h"),),
        names=("level", "gas"),
    ),
    Family(
        kind="stuck_inlet",
        text=Text(zh="进料阀卡开致过量充装", en="overfill by stuck inlet valve"),
        fault=True,
        target="vessel",
        kinds=STORES,
        hours=(2.6, 1.4, 0.75),
        lead=((3.5, 0.7), (1.0, 0.8)),
        effects=(Effect(channel="inlet_stuck", size=(0.25, 0.5, 1.0), scale="share"),),
    ),
    Family(
        kind="stuck_gauge",
        text=Text(zh="进料中液位计卡死", en="stuck level gauge during filling"),
        fault=True,
        target="vessel",
        kinds=STORES,
        hours=(3.2, 1.7, 1.0),
        lead=((3.5, 0.68), (0.4, 0.74)),
        flows=((0.35, 0.0), (0.6, 0.0), (1.0, 0.0)),
        effects=(Effect(channel="gauge_stuck", size=(1.0, 1.0, 1.0), scale="share"),),
        senses=(Sense(law=("frozen",) * 3, on="level"),),
    ),
    Family(
        kind="blocked_outlet",
        text=Text(zh="出料堵塞", en="blocked outlet"),
        fault=True,
        target="vessel",
        kinds=STORES,
        hours=(3.0, 2.0, 1.5),
        lead=((3.5, 0.72), (0.5, 0.75)),
        flows=((0.8, 0.8), (0.8, 0.8), (0.8, 0.8)),
        effects=(Effect(channel="outlet_block", size=(0.5, 0.75, 1.0), scale="share"),),
    ),
    Family(
        kind="pressure_creep",
        text=Text(zh="压力缓升", en="pressure creep"),
        fault=True,
        target="vessel",
        kinds=CREEPING,
        hours=(4.0, 3.0, 1.5),
        effects=(
            Effect(
                channel="inert_pa",
                size=(0.8, 1.1, 1.4),
                scale="creep_pa",
                ramp_h=(3.5, 2.5, 1.0),
                kinds=("sphere", "bullet", "reactor"),
            ),
            Effect(
                channel="gas_in_mol_s",
                size=(0.8, 1.1, 1.4),
                scale="creep_mol_s",
                ramp_h=(3.5, 2.5, 1.0),
                kinds=("fixed_roof",),
            ),
        ),
        names=("pressure",),
    ),
    Family(
        kind="relief_chatter",
        text=Text(zh="安全阀频跳", en="relief valve chatter"),
        fault=True,
        target="vessel",
        kinds=CLOSED,
        hours=(1.5, 1.5, 1.0),
        lead=((3.0, 0.7), (0.5, 0.7)),
        effects=(Effect(channel="chatter", size=(0.015, 0.03, 0.06), scale="share"),),
        names=("pressure",),
        settle_h=3.0,
    ),
    Family(
        kind="small_release",
        text=Text(zh="小量气体泄漏", en="small release"),
        fault=True,
        target="gas",
        hours=(1.0, 0.8, 0.6),
        releases=(0.3, 0.8, 2.0),
        release_ramp_h=(0.3, 0.25, 0.2),
        names=("gas",),
        settle_h=0.5,
    ),
    Family(
        kind="large_release",
        text=Text(zh="大量气体泄漏", en="large release"),
        fault=True,
        target="gas",
        hours=(0.5, 0.4, 0.3),
        releases=(4.0, 12.0, 40.0),
        release_ramp_h=(0.02, 0.01, 0.005),
        names=("gas",),
        settle_h=0.5,
    ),
    Family(
        kind="cooling_loss",
        text=Text(zh="冷却失效", en="cooling loss"),
        fault=True,
        target="vessel",
        kinds=("refrigerated", "reactor"),
        hours=(2.5, 1.5, 1.0),
        effects=(
            Effect(channel="cooling_loss", size=(0.85, 0.93, 1.0), scale="share", kinds=("reactor",)),
            Effect(channel="cooling_loss", size=(0.985, 0.995, 1.0), scale="share", kinds=("refrigerated",)),
        ),
        names=("pressure", "temperature"),
        settle_h=3.0,
    ),
    Family(
        kind="sensor_drift",
        text=Text(zh="变送器漂移", en="sensor drift"),
        fault=True,
        target="sensor",
        hours=(5.0, 4.0, 3.0),
        senses=(Sense(law=("drift",) * 3, on="target", size=(0.008, 0.02, 0.05)),),
        names=("target",),
    ),
    Family(
        kind="dead_transmitter",
        text=Text(zh="变送器失效或说谎", en="dead or lying transmitter"),
        fault=True,
        target="sensor",
        hours=(3.0, 2.0, 1.0),
        senses=(Sense(law=("frozen", "silent", "broken"), on="target"),),
        names=("target",),
    ),
    Family(
        kind="planned_filling",
        text=Text(zh="计划进料", en="planned filling"),
        fault=False,
        target="vessel",
        kinds=STORES,
        hours=(2.6, 2.0, 1.6),
        lead=((3.5, 0.4), (0.2, 0.4)),
        aim=0.8,
        names=("level", "pressure"),
        daily=6,
    ),
    Family(
        kind="calibration_gas",
        text=Text(zh="标气校验", en="calibration gas"),
        fault=False,
        target="gas",
        hours=(0.1, 0.15, 0.25),
        senses=(Sense(law=("span_gas",) * 3, on="target", size=(0.5, 0.5, 0.6), marked=0.9),),
        names=("target",),
        settle_h=0.3,
        daily=6,
    ),
    Family(
        kind="wash_down",
        text=Text(zh="冲洗喷淋", en="wash-down"),
        fault=False,
        target="vessel",
        kinds=STORES,
        hours=(0.3, 0.5, 0.8),
        senses=(Sense(law=("wet",) * 3, on="gas", size=(0.02, 0.035, 0.06)),),
        effects=(Effect(channel="shell_k", size=(-5.0, -7.0, -9.0), scale="kelvin"),),
        names=("gas", "pressure", "level"),
        settle_h=0.3,
        daily=5,
    ),
    Family(
        kind="sun_on_tank",
        text=Text(zh="储罐受晒", en="sun on a tank"),
        fault=False,
        target="vessel",
        kinds=SUNLIT,
        hours=(1.5, 2.5, 3.5),
        effects=(Effect(channel="shell_k", size=(9.0, 14.0, 20.0), scale="kelvin", ramp_h=(0.3, 0.4, 0.5)),),
        names=("pressure", "level"),
        between_h=(9.0, 14.5),
        daily=5,
    ),
    Family(
        kind="barometric_swing",
        text=Text(zh="气压波动", en="barometric swing"),
        fault=False,
        target="site",
        hours=(3.0, 2.0, 1.0),
        names=("pressure",),
        settle_h=0.0,
        daily=2,
    ),
    Family(
        kind="maintenance",
        text=Text(zh="仪表检修", en="maintenance"),
        fault=False,
        target="sensor",
        hours=(0.4, 0.8, 1.5),
        senses=(Sense(law=("maintained",) * 3, on="target", marked=0.95),),
        names=("target",),
        settle_h=0.5,
        daily=6,
    ),
    Family(
        kind="gateway_outage",
        text=Text(zh="网关中断后补传", en="gateway outage with back-fill"),
        fault=False,
        target="gateway",
        hours=(0.003, 0.01, 0.04),
        names=("all",),
        settle_h=0.1,
        daily=6,
    ),
)
"""Twelve families of faults, then seven look-alikes."""

FAULTS = tuple(family for family in FAMILIES if family.fault)
LOOK_ALIKES = tuple(family for family in FAMILIES if not family.fault)
BY_KIND = {family.kind: family for family in FAMILIES}
