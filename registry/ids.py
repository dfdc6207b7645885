"""What an id or a topic may look like: ids become parts of MQTT topics, of file lines and of web addresses."""

MAX_ID_CHARS = 128
ALLOWED_ID = f"1 to {MAX_ID_CHARS} printable characters without / + #, not . or .."


def id_problem(text: str) -> str | None:
    """Say what makes `text` unfit as an id, or None where it is fit."""
    if not text:
        return "is empty"
    if len(text) > MAX_ID_CHARS:
        return f"has {len(text)} characters"
    if not text.isprintable():
        return "has a character that cannot be printed"
    if text != text.strip():
        return "begins or ends with a space"
    if text in {".", ".."}:
        return "is a step in an address, which a browser takes out"
    bad = [character for character in "/+#" if character in text]
    return f"has {' and '.join(bad)}, which MQTT topics use" if bad else None


def topic_problem(text: str) -> str | None:
    """Say what makes `text` unfit as the topic of one sensor, or None where it is fit."""
    if len(text.encode("utf-8", "replace")) > 65_535:  # noqa: PLR2004 - MQTT's own bound
        return "is longer than 65535 bytes"
    if not text.isprintable():
        return "has a character that cannot be printed"
    return "is a filter for many topics" if "+" in text or "#" in text else None
