"""A simulated site's settings: the files that hazwatch needs to watch it, as the demo site has them."""

import csv
import io
import json
from collections.abc import Mapping

from registry.hazard import alpha_of_population, chemical, grade
from registry.plant import SourceGrade, Text
from sim.demo import demo_text
from sim.plant.site import Site, SitePoint, Source

FILES = ("hazwatch.yaml", "plant.yaml", "points.csv", "routes.yaml")
_COLUMNS = (
    "sensor", "enterprise", "source", "equipment", "type", "unit", "range_lo", "range_hi", "ll", "l", "h", "hh",
    "scan_s", "x", "y", "z", "description",
)  # fmt: skip
_ADVICE: Mapping[str, Text] = {
    "high": Text(
        zh="停止进料或切断来源，核实现场，切换至备用设备；可燃或有毒气体报警时切断泄漏源、禁止点火，人员向上风向撤离。",
        en="Stop filling or shut the source off, verify on site, switch to spare equipment; on a gas alarm isolate the "
        "leak, ban ignition, move people upwind.",
    ),
    "dead": Text(
        zh="派人到现场核对该仪表，期间以就地仪表为准。",
        en="Check the instrument on site; meanwhile rely on the local gauge.",
    ),
    "any": Text(zh="现场核实并向班长报告。", en="Verify on site and report to the shift leader."),
}


def settings_of(site: Site) -> Mapping[str, str]:
    """Return the text of each of `FILES`."""
    return {
        "hazwatch.yaml": demo_text("hazwatch.yaml").replace("The demo site's", "The simulated site's"),
        "plant.yaml": _plant(site),
        "points.csv": _points(site),
        "routes.yaml": _routes(),
    }


def quantity_t(source: Source) -> float:
    """Return the design maximum of a source: every vessel full."""
    return round(source.volume_m3 * source.liquid.density_kg_m3 * source.count / 1000, 1)


def grades_of(site: Site) -> list[SourceGrade | None]:
    """Return each source's own grade by GB 18218-2018; None where it is no major hazard source."""
    return [
        grade(
            [chemical(source.liquid.text.zh, quantity_t(source))], alpha_of_population(source.population)
        ).grade
        for source in site.sources
    ]


def _plant(site: Site) -> str:
    lines = ["# A simulated site; quantities are design maxima in tonnes.", "areas:"]
    parent = ""
    for code, name in site.area:
        lines.append(f"  - {{code: {_q(code)}, name: {_text(name)}{parent}}}")
        parent = f", parent: {_q(code)}"
    lines += [
        "enterprises:",
        f"  - {{id: {site.enterprise}, name: {_text(site.enterprise_text)}{_area(site)}}}",
        "sources:",
    ]
    for source in site.sources:
        substance = f"{{substance: {source.liquid.text.zh}, quantity_t: {quantity_t(source)}}}"
        lines += [
            f"  - id: {source.id}",
            f"    enterprise: {site.enterprise}",
            f"    name: {_text(source.text)}",
            f"    chemicals: [{substance}]",
            f"    population: {source.population}",
            "    measures:",
            *(f"      {kind}: {_text(text)}" for kind, text in _ADVICE.items()),
        ]
    lines.append("equipment:")
    for vessel in site.vessels:
        source = site.sources[vessel.place]
        number = int(vessel.name.rsplit("-", 1)[1])
        name = Text(zh=f"{number}号{vessel.kind.text.zh}", en=f"{vessel.kind.text.en} {number}")
        design = f", design: {{pressure: {_q(source.design)}}}" if source.design else ""
        lines.append(
            f"  - {{id: {vessel.name}, source: {source.id}, name: {_text(name)}, kind: {source.kind}{design}}}"
        )
    return "\n".join(lines) + "\n"


def _area(site: Site) -> str:
    return f", area: {_q(site.area[-1][0])}" if site.area else ""


def _routes() -> str:
    return (
        "# Who is told; see docs/alerts.md for what else can stand here.\n"
        "receivers:\n  duty-log: {kind: log}\nroute:\n  receiver: duty-log\n"
    )


def _points(site: Site) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for p in site.points:
        writer.writerow(_row(p))
    return out.getvalue()


def _row(p: SitePoint) -> list[str]:
    point = p.point
    limits = dict(point.limits)
    return [
        point.sensor,
        point.enterprise,
        p.source,
        p.equipment,
        point.type,
        point.unit,
        f"{point.range_lo:g}",
        f"{point.range_hi:g}",
        *(f"{limits[name]:g}" if name in limits else "" for name in ("ll", "l", "h", "hh")),
        str(point.scan_s),
        f"{point.x:g}",
        f"{point.y:g}",
        f"{p.z:g}",
        f"{p.text.zh} / {p.text.en}",
    ]


def _q(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _text(text: Text) -> str:
    return f"{{zh: {_q(text.zh)}, en: {_q(text.en)}}}"
