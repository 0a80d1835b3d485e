"""API and pages as one application: what gunicorn serves."""

from __future__ import annotations

from flask import Flask

from service.api.application import create_app
from service.dashboard.blueprint import dashboard, lost
from service.ports import Ports


def create_site(ports: Ports) -> Flask:
    """The WSGI application over these ports."""
    site = create_app(ports, lambda error: lost(error, ports))
    site.register_blueprint(dashboard(ports))
    return site
