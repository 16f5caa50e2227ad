"""From an embedding to a verdict: the judge, its guards, the sheet finder and calibration.

**Score.** The cosine similarity of the embeddings of picture and prompt, rescaled in one place
(`score_of`): `100 · clip((similarity − low) / (high − low), 0, 1)`. CLIP's similarities are
conservative. Over 20,000 drawings on paint.wtf they lay between 0.08 and 0.48, so these score 0 and
100. Every encoder carries its own range, and `calibration` finds one from a presenter's drawings: 0
at the median of pairs that do not match, 100 at the 99th percentile of those that do.

**Sheet.** The sheet of paper, card, tablet or whiteboard is found, rectified and judged alone.
Without one, or if paper fills the picture, the middle of the frame is judged. The sheet is judged
as it is held: an upside-down drawing scores lower.

**Guards.** CLIP reads, so a page with the prompt written on it could win. The handwriting guard
subtracts from the similarity what the words added to it. The nsfw guard blocks a picture that is
more likely one of a list of prompts than the prompt or anything harmless; encoders that know
nothing of this use a separate classifier, which looks twice per second. `prompt_check` refuses
typed prompts.

**Labels.** With labels instead of a prompt, the verdict holds shares that sum to 1: the softmax of
the similarities times the encoder's logit scale.
"""
