"""Pages: what a browser may do with one, which is to show it."""

from __future__ import annotations

import base64
import hashlib
import re

HTML = "text/html"
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def content_security_policy(page: str) -> str:
    """Allow the page's own style sheet by its digest, and nothing else."""
    digests = (hashlib.sha256(style.encode()).digest() for style in _STYLE.findall(page))
    allowed = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return f"default-src 'none'; style-src {allowed}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
