"""Options that several commands over recordings take: how a CSV is read, and which stretch of time."""

from typing import Annotated

import typer

Delimiter = Annotated[str | None, typer.Option(help="CSV delimiter, where guessing fails")]
Decimal = Annotated[str | None, typer.Option(help="decimal sign, . or ,")]
TimeColumn = Annotated[str | None, typer.Option(help="name of the time column, or two joined by +")]
TimeZone = Annotated[str | None, typer.Option(help="zone of times that carry none, such as Asia/Shanghai")]
From = Annotated[str | None, typer.Option("--from", help="takes what is not before, RFC 3339")]
To = Annotated[str | None, typer.Option("--to", help="takes what is before, RFC 3339")]
