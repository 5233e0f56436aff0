"""The property collector, for those who know their server: read, watch and search any object of the inventory."""
