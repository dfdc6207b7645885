"""Areas, enterprises, hazard sources, equipment, sensors, units and readings: what everything else speaks of."""
