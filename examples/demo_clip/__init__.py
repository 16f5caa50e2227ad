"""The parts of `make_demo_clip.py`: ink on paper, the two drawings, the room and its players."""
