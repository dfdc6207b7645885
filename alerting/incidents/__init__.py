"""What belongs together: alerts of one hazard source as one incident, and floods of alerts for an operator."""
