"""Logs failed attempts with the logger `invoke_model`. The native module imports this module when it is needed."""

import logging

_logger = logging.getLogger("invoke_model")


def retried(attempts):
    """Logs the attempts that failed before the last attempt of a call."""
    for attempt in attempts:
        reason = attempt["code"] or attempt["status"] or "no response"
        _logger.info(
            "%s: attempt %d failed: %s (%s), request id %s",
            attempt["operation"],
            attempt["number"],
            reason,
            (attempt["class"] or "").replace("_", " "),
            attempt["request_id"],
        )


def hook_failed(interceptor, exception):
    """Logs the exception of a hook that cannot change the outcome of a call."""
    _logger.error("interceptor %s: after_attempt failed", interceptor, exc_info=exception)


def warn(text):
    """Logs a warning of a bulk run."""
    _logger.warning("bulk: %s", text)
