"""`paintcam doctor`: checks of this machine."""
