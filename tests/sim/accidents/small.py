"""A small accident to test with: one tank that overfills behind a stuck gauge, one temperature."""

SMALL = """\
name: small-1999
title: {zh: 小, en: small}
text: {zh: 小, en: small}
start: "1999-01-01 06:00"
length_h: 4
step_s: 10
enterprise: works
source: YARD
sources:
  report: {title: "a report", url: "https://example.org/report"}
timeline:
  - {at: "1999-01-01 08:00", text: {zh: 卡死, en: stuck}, source: report, verified: true}
signals:
  inflow:
    knots:
      - {at: "1999-01-01 06:00", value: 0, assumed: true}
      - {at: "1999-01-01 07:00", value: 100, step: true, source: report, verified: true}
  level:
    tank:
      area_m2: 50
      in: [inflow]
      out: []
      anchor: {at: "1999-01-01 07:00", value: 1.0, source: report, verified: false}
      full_m: 6
      assumed: true
  warmth:
    knots:
      - {at: "1999-01-01 06:00", value: 20, source: report, verified: true}
      - {at: "1999-01-01 08:00", value: 20, assumed: true}
      - {at: "1999-01-01 09:00", value: 80, source: report, verified: true}
    repeat:
      - {from: "1999-01-01 06:20", every_h: 0.5, times: 2, jitter_min: 2, beats: [{after_h: 0, value: 20}, {after_h: 0.1, value: 22}, {after_h: 0.2, value: 20}]}
    daily: {amplitude: 1, peak_h: 6}
    wander: {sd: 0.5, tau_s: 600}
sensors:
  - id: LT-1
    type: level
    unit: m
    range: [0, 8]
    limits: {h: 4.5, hh: 5, source: report, verified: true}
    scan_s: 10
    noise: 0.002
    drift: 0.001
    resolution: 0.001
    reads: level
    equipment: T-1
    text: {zh: 液位, en: level}
    alarm: {zh: 无, en: none}
    faults:
      - {kind: stuck, from: "1999-01-01 08:00", to: "1999-01-01 09:30", source: report, verified: true}
  - id: TT-1
    type: temperature
    unit: degC
    range: [0, 60]
    scan_s: 20
    noise: 0.1
    resolution: 0.1
    reads: warmth
    equipment: T-1
    text: {zh: 温度, en: temperature}
    alarm: {zh: 无, en: none}
  - id: FT-1
    type: flow
    unit: m3/h
    range: [0, 200]
    scan_s: 10
    noise: 0.1
    resolution: 0.1
    reads: inflow
    existed: false
    equipment: T-1
    text: {zh: 流量, en: flow}
    alarm: {zh: 无, en: none}
events:
  - id: overfill-1
    kind: overfill
    severity: 3
    fault: true
    onset: "1999-01-01 08:00"
    end: "1999-01-01 09:40"
    grade: red
    sensors: [LT-1, FT-1]
    point_of_no_return: {at: "1999-01-01 09:30", why: {zh: 溢出, en: it overflows}}
    source: report
    verified: true
alternatives:
  - {name: seen, text: {zh: 看得见, en: seen}, sensors: {FT-1: {present: true}, LT-1: {faults: false, noise: 0, limits: {h: 4}}}}
plant: |
  enterprises: [{id: works, name: works}]
  sources: [{id: YARD, enterprise: works, name: yard, alpha: 1, chemicals: [{substance: 汽油, quantity_t: 5000}]}]
  equipment: [{id: T-1, source: YARD, name: tank, kind: tank, design: {level: 6 m}}]
"""
