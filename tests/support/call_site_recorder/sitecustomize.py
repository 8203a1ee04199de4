"""Python runs this as a process starts that has this folder on PYTHONPATH: it records which lines call AWS.

DATA_PLATFORM_CALL_SITES names the file. Each line of it is JSON: the source file and the line that called. Only calls
under a role count, which have a session token. Pages are recorded where they were asked for, and transfers, which make
their requests in threads of their own, where they were begun.
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
    """The innermost line of the platform's own code, None if there is none on the stack."""
    frame = sys._getframe(2)
    while frame is not None:
        # What pyiceberg asks of Glue is asked in its own code; a method of its catalogue is not a call site.
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
    # One write that appends: processes share the file.
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
    """Patches modules as they are imported: importing them here would slow down every process."""

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
