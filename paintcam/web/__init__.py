"""The website: a paint page for every phone, a stage for the projector, a control page.

`supervisor` keeps the server process alive; `server` is that process; `app` puts the pages
together; `judging` scores what visitors send, `live` informs every open page of changes.
"""
