"""The website as one ASGI application: routes, static files, errors, security headers."""

from __future__ import annotations

import mimetypes

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from paintcam.web import control, play, stage
from paintcam.web.requests import ERRORS, STATIC
from paintcam.web.security import SecurityHeaders
from paintcam.web.site import Site

__all__ = ["create_app"]


def create_app(site: Site) -> Starlette:
    """Put the website together.

    Args:
        site: The services, entered already.
    """
    # Windows' registry may call scripts text/plain, which browsers then refuse.
    mimetypes.add_type("text/javascript", ".js")
    app = Starlette(
        routes=[
            *play.ROUTES,
            *stage.ROUTES,
            *control.ROUTES,
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers=ERRORS,
    )
    app.state.site = site
    return app
