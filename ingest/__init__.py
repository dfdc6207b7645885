"""From bytes on the wire to blocks of readings."""
