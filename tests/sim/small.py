"""A small scenario to test with: every kind of vessel, few of each."""

from registry.marks import parse_marked
from sim.practice.practising import Practising
from sim.scenario_file import scenario_of

SMALL = """
scenario: small
text: {zh: 小, en: small}
site:
  enterprise: works
  name: {zh: 厂, en: works}
  areas: [{code: "330211", name: {zh: 镇海区, en: Zhenhai}}]
sources:
  - id: F1
    kind: fixed_roof
    liquid: methanol
    vessels: 4
    diameter_m: 11.5
    height_m: 11
    flow_m3_h: 220
    population: 60
    sensors:
      level: &level {ll: 0.05, l: 0.1, h: 0.88, hh: 0.93, scan_s: 10}
      pressure: {unit: kPa, range_lo: -1, range_hi: 4, l: -0.35, ll: -0.5, h: 1.6, hh: 2, scan_s: 5}
      gas: &gas {unit: "%LEL", range_lo: 0, range_hi: 100, h: 25, hh: 50, count: 2, scan_s: 5}
      inflow: {unit: m3/h, range_lo: 0, range_hi: 900, scan_s: 5}
  - id: S1
    kind: sphere
    liquid: propane
    vessels: 3
    diameter_m: 12.3
    flow_m3_h: 190
    feed_c: 22
    relief: 1.7
    design: 1.9 MPa
    sensors:
      level: *level
      pressure: {unit: MPa, range_lo: 0, range_hi: 2.5, l: 0.3, ll: 0.2, h: 1.4, hh: 1.55, scan_s: 5}
      gas: *gas
  - id: R1
    kind: reactor
    liquid: methanol
    vessels: 2
    diameter_m: 2.2
    height_m: 2.8
    flow_m3_h: 8
    band: [0.6, 0.8]
    reaction:
      {share: 0.3, rate_1_s: 2.0e-4, activation_j_mol: 90000, heat_j_kg: 1.0e+6, jacket_w_k: 8000, coolant_c: 25, set_c: 70, rest: 0.35, gain_1_k: 0.1}
    sensors:
      level: *level
      pressure: {unit: kPa, range_lo: 0, range_hi: 500, l: 40, ll: 20, h: 190, hh: 260, scan_s: 5}
      temperature: {unit: degC, range_lo: 0, range_hi: 150, l: 50, ll: 40, h: 80, hh: 90, scan_s: 10}
"""


def small(events: str = "", more: str = "") -> Practising:
    """Return the small scenario with these events (the lines of a list) and other sections."""
    told = f"events:\n{events}\n" if events else ""
    return Practising(scenario_of(parse_marked(f"{SMALL}\n{told}{more}", "small.yaml")))
