"""The command line: argv -> configuration -> calls -> what is printed.

Only this package prints. Whatever takes long to import is imported by the command that
needs it.
"""

from nas.cli.app import app

__all__ = ["app"]
