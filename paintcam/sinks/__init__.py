"""Where pictures go: a window, a video file, snapshots."""
