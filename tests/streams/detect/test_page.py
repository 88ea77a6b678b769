"""What docs/detection.md shows compiles as it stands there."""

import re
from pathlib import Path

from streams.detect.rules_file import load_rules

PAGE = (Path(__file__).parents[3] / "docs" / "detection.md").read_text()


def test_the_examples_compile(tmp_path: Path) -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (slo,) = [block for block in blocks if "kind: SLO" in block]
    (tmp_path / "checkout.slo.yaml").write_text(slo)
    files = [block for block in blocks if "\ndetections:" in block]
    assert files
    for text in files:
        (tmp_path / "rules.yaml").write_text(text)
        assert load_rules(tmp_path / "rules.yaml")
