"""Find the sheet of paper in a frame and straighten it."""
