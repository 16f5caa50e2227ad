"""From an embedding to a verdict: the judge, its guards, the sheet finder and calibration.

**The score** is the cosine of the picture's and the prompt's embeddings, rescaled in one place
(`score_of`): `100 · clip((similarity − low) / (high − low), 0, 1)`. CLIP's similarities are
conservative: over 20,000 drawings on paint.wtf they lay between 0.08 and 0.48, so these score 0 and
100. Every encoder has its own range, and `calibration` measures one on your own drawings: 0 at the
median of pairs that do not match, 100 at the 99th percentile of pairs that do.

**The sheet** (`sheet/`). Paper, a card, a tablet or a whiteboard that somebody holds up is found,
straightened and judged alone. Without a sheet, or if paper fills the picture, the whole frame is
judged. The drawing is scored in the orientation in which it is held: upside down or sideways it
scores lower, and mirroring the shown picture changes nothing. A sheet that appears is confirmed
when it is found again after a quarter of a second of the frames' own time; until then its verdicts
are shown but do not count (`Verdict.counts`), and neither do verdicts on frames that changed and
were not searched. A sheet in the first frame counts at once, and so does one on a frame that comes
a second or more after the last.

**Guards** (`guard`) take something from the score, or block the picture:

- `handwriting`: an encoder that reads would let a page win that only has the prompt written on it.
  The guard takes from the similarity what the words earned. A drawing with a word on it loses
  little; a single scribbled line can be mistaken for writing. A prompt that asks for handwriting
  ("a love letter") switches it off. The module explains how the direction of handwriting is found.
- `nsfw`: with CLIP, a picture that is likelier one of a list of prompts than the prompt or anything
  harmless is blocked: score 0, pixelated. The bundled encoder knows nothing of this; the extra
  `paintcam[nsfw]` adds a classifier that looks twice a second and may be half a second late, which
  is why a blocked picture also takes back what rose during the last 1.5 seconds. `prompt_check`
  refuses prompts that are not safe for work, with every encoder.

**Labels** classify instead of scoring: the softmax of the cosines, times the encoder's own scale
(Radford et al. 2021, section 3.1.2).

**The fair maximum**, which a contest ranks, is in `paintcam.contest.fair_maximum`.

Figures are in `tests/benchmarks/README.md`.
"""
