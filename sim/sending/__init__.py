"""Everything between the true value and the broker: transmitters, their diagnostics, gateways."""
