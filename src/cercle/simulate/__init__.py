"""A made-up French retailer's world in the house formats, with the truth kept aside; see docs/simulator.md."""

from cercle.simulate.config import DEFAULT_UNTIL, WorldConfig

__all__ = ["DEFAULT_UNTIL", "WorldConfig"]
