"""Label selectors, as Kubernetes means them."""

from collections.abc import Mapping

from remediators.core.seen import Json


def selects(selector: Json | None, labels: Mapping[str, str]) -> bool:
    """An empty selector selects everything, an absent one nothing."""
    if selector is None:
        return False
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(_meets(expression, labels) for expression in selector.get("matchExpressions") or ())


def _meets(expression: Json, labels: Mapping[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    return False


def selector_text(selector: Json) -> str:
    """A selector as a query parameter."""
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    for expression in selector.get("matchExpressions") or ():
        values = ",".join(expression.get("values") or ())
        match expression["operator"]:
            case "In":
                parts.append(f"{expression['key']} in ({values})")
            case "NotIn":
                parts.append(f"{expression['key']} notin ({values})")
            case "Exists":
                parts.append(expression["key"])
            case "DoesNotExist":
                parts.append(f"!{expression['key']}")
    return ",".join(parts)
