"""CAP 1.2: an alert's events as messages of the Common Alerting Protocol; pure, without clock, file or socket."""
