"""Where a page fetches map tiles, if the settings name a server for them."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """A tile server; `url` has ``{z}``, ``{x}`` and ``{y}``, and nothing that a security policy could take for more than a host.

    `gcj02`: its tiles are shifted as Chinese map services must shift them; the page then shifts positions in the same way.
    """

    url: str
    attribution: str = ""
    gcj02: bool = False
    max_zoom: int = 18

    @property
    def origin(self) -> str:
        """The scheme, host and port of which the page may fetch pictures."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    def json(self) -> dict[str, Any]:
        """Return what the page needs of it."""
        return {
            "url": self.url,
            "attribution": self.attribution,
            "gcj02": self.gcj02,
            "max_zoom": self.max_zoom,
        }
