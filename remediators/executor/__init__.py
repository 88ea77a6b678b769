"""The executor: commands in, one conditional API call each at most, outcomes out."""
