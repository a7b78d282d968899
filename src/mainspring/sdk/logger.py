"""`io.logger`: structured lines that belong to the run. Writing never waits and never fails."""

from typing import Any

from mainspring.model.logs import LogLevel
from mainspring.sdk.context import require_scope


class Logger:
    """Lines with a level and free fields: `io.logger.info("charged", amount=300)`."""

    def debug(self, message: object, **fields: Any) -> None:
        self._write("DEBUG", message, fields)

    def info(self, message: object, **fields: Any) -> None:
        self._write("INFO", message, fields)

    def warning(self, message: object, **fields: Any) -> None:
        self._write("WARNING", message, fields)

    def warn(self, message: object, **fields: Any) -> None:
        """The same as `warning`."""
        self._write("WARNING", message, fields)

    def error(self, message: object, **fields: Any) -> None:
        self._write("ERROR", message, fields)

    def _write(self, level: LogLevel, message: object, fields: dict[str, Any]) -> None:
        require_scope("io.logger").runtime.log(level, str(message), fields or None, "logger")
