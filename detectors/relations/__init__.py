"""Relations between sensors of one tank: redundant partners, the tank's balance of mass, its column of liquid."""
