"""The exception tree of the project.

BotError                    anything that the project raises on purpose
├── KnowledgeError          a file under knowledge/ is wrong; names file, item and field
├── SourceError             a source document cannot be read or is of no known kind
├── SettingsError           a setting is missing or malformed
├── ModelError              a model is unknown, damaged or no good; says which and why
├── StorageError            the database does not take or give what it should: locked, full, damaged, gone
└── RequestError            bad input from outside; becomes a 4xx answer
    ├── NotFoundError       what was asked for does not exist; becomes a 404
    ├── LoginError          nobody is logged in; becomes a 401 or the log-in page
    └── AccessError         who is logged in may not do this; becomes a 403
"""

from __future__ import annotations


class BotError(Exception):
    """Base of every error that the project raises on purpose."""


class KnowledgeError(BotError):
    """A file under knowledge/ does not fit the schema; the message names file, item and field."""


class SourceError(BotError):
    """A source document cannot be read or is of no known kind; the message says what was expected."""


class SettingsError(BotError):
    """A setting is missing or malformed; the message names it and shows a right value."""


class StorageError(BotError):
    """The database does not take or give what it should: locked, full, damaged, gone. The message says which."""


class ModelError(BotError):
    """A model is unknown, damaged, or does not do what a model must; the message says which and why."""


class RequestError(BotError):
    """Bad input from outside; the message says what is wrong and what would be right."""

    status = 400


class NotFoundError(RequestError):
    """What was asked for does not exist."""

    status = 404


class LoginError(RequestError):
    """Nobody is logged in."""

    status = 401


class AccessError(RequestError):
    """Who is logged in may not do this, or the request comes from another site's page."""

    status = 403
