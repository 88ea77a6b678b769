"""The notifier: notices in, people told through their channels, each end on `deliveries`."""
