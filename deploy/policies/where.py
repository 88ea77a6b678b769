"""Where the policies are that come with Mendlog."""

from pathlib import Path

LIBRARY = Path(__file__).parent / "kubernetes"
"""Playbooks for kubernetes-mixin's alerts: docs/library.md."""
DEPLOYMENT_LABEL = Path(__file__).parent / "prometheus" / "deployment-label.yaml"
"""Prometheus rules that give alerts of pods the label `deployment`."""
