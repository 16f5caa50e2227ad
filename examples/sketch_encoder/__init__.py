"""Build paintcam's bundled encoder ``sketch``; see README.md."""
