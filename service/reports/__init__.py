"""Measures of the alarm system itself, by ISA-18.2 and EEMUA 191, from alert lines."""
