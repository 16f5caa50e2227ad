"""A contest: players draw the same prompt in turn, and the highest fair maximum wins."""
