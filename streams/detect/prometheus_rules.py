"""The Prometheus rules that an SLO stands for, so that both can watch the same service.

python -m streams.detect.prometheus_rules DETECTIONS.yaml
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from streams.detect.burn import BURNS, Burn, Slo
from streams.detect.rule import Selector
from streams.detect.rules_file import load_rules
from streams.reading.faults import FileError
from streams.reading.nodes import spoken

USAGE = 2
BAD_CONFIGURATION = 78


def rules_text(slos: Sequence[Slo]) -> str:
    groups = [{"name": slo.name, "rules": [_rule(slo, burn) for burn in BURNS]} for slo in slos]
    return yaml.safe_dump({"groups": groups}, sort_keys=False, width=1000)


def _rule(slo: Slo, burn: Burn) -> dict[str, object]:
    most = repr(slo.threshold(burn))
    windows = (burn.long_ms, burn.short_ms)
    return {
        "alert": slo.alert(burn),
        "expr": " and ".join(f"({ratio(slo, window_ms)} > {most})" for window_ms in windows),
        "labels": {**slo.labels, **labels(slo, burn)},
        "annotations": {"summary": f"{slo.service} burns its error budget {burn.factor:g}x"},
    }


def labels(slo: Slo, burn: Burn) -> dict[str, str]:
    return {"severity": burn.severity, "slo": slo.name}


def ratio(slo: Slo, window_ms: int) -> str:
    by = ", ".join(slo.by)
    bad, total = (
        f"sum by ({by}) (rate({_selected(s)}[{spoken(window_ms)}]))" for s in (slo.bad, slo.total)
    )
    return f"{bad} / {total}"


def _selected(selector: Selector) -> str:
    return f"{selector.metric}{selector.matches}" if selector.matches.all else selector.metric


def main(path: Path) -> int:
    try:
        rules = load_rules(path)
    except (FileError, OSError) as fault:
        no_file = isinstance(fault, OSError) and f"{path}: {fault.strerror}"
        sys.stderr.write(f"{no_file or fault}\n")
        return BAD_CONFIGURATION
    sys.stdout.write(rules_text([rule for rule in rules if isinstance(rule, Slo)]))
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.stderr.write("usage: python -m streams.detect.prometheus_rules DETECTIONS.yaml\n")
        sys.exit(USAGE)
    sys.exit(main(Path(sys.argv[1])))
