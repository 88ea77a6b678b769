"""A line chart as SVG: few points, logarithmic across, zero at the bottom."""

from collections.abc import Mapping, Sequence
from math import ceil, log10
from xml.sax.saxutils import escape

Line = Sequence[tuple[float, float]]
WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 170, 40, 50
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b")


def svg(title: str, across: str, up: str, lines: Mapping[str, Line]) -> str:
    points = [point for line in lines.values() for point in line]
    most = _round_up(max(y for _, y in points))
    low, high = log10(min(x for x, _ in points)), log10(max(x for x, _ in points))

    def place(x: float, y: float) -> tuple[float, float]:
        share = (log10(x) - low) / ((high - low) or 1)
        return (
            round(LEFT + share * (WIDTH - LEFT - RIGHT), 1),
            round(HEIGHT - BOTTOM - y / most * (HEIGHT - TOP - BOTTOM), 1),
        )

    parts = [_text(LEFT, 22, title, "start", 15), _text(LEFT, HEIGHT - 8, across, "start", 12)]
    parts.append(_text(8, TOP - 10, up, "start", 12))
    for step in range(5):
        value = most * step / 4
        y = place(points[0][0], value)[1]
        parts.append(
            f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}" stroke="#ddd"/>'
            + _text(LEFT - 6, y + 4, f"{value:g}", "end", 11)
        )
    for x in sorted({x for x, _ in points}):
        parts.append(_text(place(x, 0)[0], HEIGHT - BOTTOM + 16, f"{x:,.0f}", "middle", 11))
    for (name, line), colour in zip(lines.items(), COLOURS, strict=False):
        drawn = [place(x, y) for x, y in line]
        path = " ".join(f"{x},{y}" for x, y in drawn)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>' for x, y in drawn]
        x, y = drawn[-1]
        parts.append(_text(x + 8, y + 4, name, "start", 12, colour))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
        f'<rect width="100%" height="100%" fill="white"/>\n{body}\n</svg>\n'
    )


def _round_up(value: float) -> float:
    """To a number that people would put at the top of a scale."""
    unit = 10 ** (ceil(log10(value)) - 1)
    return next(n * unit for n in (1, 2, 4, 6, 8, 10) if n * unit >= value)


def _text(x: float, y: float, text: str, anchor: str, size: int, colour: str = "#333") -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
