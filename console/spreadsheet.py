"""What is written for spreadsheets: text from outside never becomes a formula there (OWASP: CSV injection)."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a text begins that a spreadsheet would take for a formula; the last four are the signs in full width, as they are typed in Chinese."""


def harmless(text: str) -> str:
    """Return a text that no spreadsheet reads as a formula, whoever wrote it."""
    return f"'{text}" if text.startswith(_FORMULA) else text
