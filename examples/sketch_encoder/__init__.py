"""Builds paintcam's bundled encoder ``sketch`` from registry packages alone; see README.md."""
