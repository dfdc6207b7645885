"""Other detectors on the same readings: a statistic of each reading, and the alarms that each of its thresholds gives."""
