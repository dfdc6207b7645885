"""A plant to practise on: tanks, pipes, reactors and the air around them, with mass and energy balance."""
