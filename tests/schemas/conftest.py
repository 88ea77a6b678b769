"""Hypothesis judges results here, not times: other tests may be using the machine."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
