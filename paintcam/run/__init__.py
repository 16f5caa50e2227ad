"""A run: the live loop, the scorer's thread, the session, and what is drawn, shown and kept."""
