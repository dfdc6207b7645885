"""The plant to practise on: simulated sites, recordings, publishers."""
