"""What a sensor is called in front of people: its subject in titles, its place in explanations."""

from collections import Counter

from alerting.texts import TYPE_NAMES
from registry.plant import Text
from registry.sensors import SensorRegistry, SensorSpec
from registry.texts import in_two_languages


class SensorNames:
    """Names of all sensors of a registry, made when first asked for."""

    def __init__(self, registry: SensorRegistry) -> None:
        self._registry = registry
        self._alike = Counter(
            (spec.enterprise, spec.equipment, spec.type) for spec in registry.specs if spec.equipment
        )
        self._subjects: dict[int, Text] = {}
        self._places: dict[int, Text] = {}

    def subject(self, i: int) -> Text:
        """Return what stands at the head of a title: ``T-101 球罐液位`` / ``T-101 level``.

        The description of the points table comes first, in the language or the two that it is written in. Otherwise it is the
        equipment and what is measured, with the sensor's name where another sensor there measures the same.
        """
        found = self._subjects.get(i)
        if found is None:
            found = self._subjects[i] = self._make_subject(i)
        return found

    def place(self, i: int) -> Text:
        """Return where the sensor stands: hazard source and equipment, as far as they are known."""
        found = self._places.get(i)
        if found is None:
            source, equipment = self._registry.source_of(i), self._registry.equipment_of(i)
            names = [part.name for part in (source, equipment) if part is not None]
            found = Text("，".join(n.zh for n in names), ", ".join(n.en for n in names))
            self._places[i] = found
        return found

    def place_of_all(self, i: int, source: str | None) -> Text:
        """Return what all sensors of a hazard source are of, or of the enterprise of sensor `i` where that is None."""
        found = self._registry.plant.sources.get(source) if source else self._registry.enterprise_of(i)
        if found is not None:
            return found.name
        name = source or self._registry.specs[i].enterprise
        return Text.same(name) if name else Text("本厂", "the plant")

    def _make_subject(self, i: int) -> Text:
        spec = self._registry.specs[i]
        built = self._built(i, spec)
        said = spec.description.strip()
        if not said:
            return built
        both = in_two_languages(said)
        if both is not None:
            return Text(*both)
        return Text(built.zh, said) if said.isascii() else Text(said, built.en)

    def _built(self, i: int, spec: SensorSpec) -> Text:
        kind = TYPE_NAMES[spec.type]
        equipment, source = self._registry.equipment_of(i), self._registry.source_of(i)
        if equipment is not None and self._alike[spec.enterprise, equipment.id, spec.type] == 1:
            return Text(f"{equipment.name.zh}{kind.zh}", f"{equipment.name.en} {kind.en}")
        holder = equipment or source
        if holder is not None:
            return Text(
                f"{holder.name.zh} {spec.sensor} {kind.zh}", f"{holder.name.en} {spec.sensor} {kind.en}"
            )
        return Text(f"{spec.sensor} {kind.zh}", f"{spec.sensor} {kind.en}")
