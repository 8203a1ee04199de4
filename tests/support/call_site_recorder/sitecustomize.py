"""Records which lines call AWS. Python runs this file at start if its folder is on PYTHONPATH.

DATA_PLATFORM_CALL_SITES names the output file. Each of its lines is JSON: the source file and the calling line. Only
calls under a role count, which have a session token. Pages are recorded where they were requested; transfers, whose
requests run in other threads, where they began.
"""

import importlib.util
import json
import os
import re
import sys
import threading
from importlib.abc import MetaPathFinder

_FILE = os.environ.get("DATA_PLATFORM_CALL_SITES")
_SOURCE = re.compile(r"(?:^|/)((?:functions|lake|processing|jobs)/[^.]+\.py)$")
_seen = set()
_pages = threading.local()


def _calling_line():
    """Return the innermost line of the platform's own code; None if the stack has none."""
    frame = sys._getframe(2)
    while frame is not None:
        # pyiceberg calls Glue in its own code; a method of its catalogue is not a call site.
        if "/pyiceberg/" in frame.f_code.co_filename:
            return None
        if found := _SOURCE.search(frame.f_code.co_filename):
            return found[1], frame.f_lineno
        frame = frame.f_back
    return None


def _write(line, client):
    credentials = client._request_signer._credentials
    if line is None or line in _seen or not getattr(credentials, "token", None):
        return
    _seen.add(line)
    # A single appending write, because processes share the file.
    descriptor = os.open(_FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, f"{json.dumps(line)}\n".encode())
    os.close(descriptor)


def _record_requests(module):
    request = module.BaseClient._make_api_call

    def recorded(self, *arguments):
        _write(getattr(_pages, "asked_for", None) or _calling_line(), self)
        return request(self, *arguments)

    module.BaseClient._make_api_call = recorded


def _record_pages(module):
    paginate, request = module.Paginator.paginate, module.PageIterator._make_request

    def asked_for(self, **arguments):
        pages = paginate(self, **arguments)
        pages.asked_for = _calling_line()
        return pages

    def recorded(self, *arguments):
        _pages.asked_for = getattr(self, "asked_for", None)
        try:
            return request(self, *arguments)
        finally:
            _pages.asked_for = None

    module.Paginator.paginate, module.PageIterator._make_request = asked_for, recorded


def _record_transfers(module):
    submit = module.TransferManager._submit_transfer

    def recorded(self, *arguments, **more):
        _write(_calling_line(), self.client)
        return submit(self, *arguments, **more)

    module.TransferManager._submit_transfer = recorded


class _Patches(MetaPathFinder):
    """Patches modules when they are imported, because importing them here would slow down every process."""

    def __init__(self):
        self._patches = {
            "botocore.client": _record_requests,
            "botocore.paginate": _record_pages,
            "s3transfer.manager": _record_transfers,
        }

    def find_spec(self, name, _path=None, _target=None):
        patch = self._patches.pop(name, None)
        if patch is None:
            return None
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def patched(module):
            execute(module)
            patch(module)

        spec.loader.exec_module = patched
        return spec


if _FILE:
    sys.meta_path.insert(0, _Patches())
