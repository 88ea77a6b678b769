"""Files that people write, read with the place of every error: policies, detections, sources."""
