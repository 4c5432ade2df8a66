"""Generate the three systems of a company that sells to companies, with the truth beside them.

`python -m demo.story --leads 20000 --seed 7 --out DIR` writes `DIR/raw-data/` (CRM, marketing, applications: what a
platform may read) and `DIR/truth/` (who is who, and the true probabilities: what only a judge may read).

How the world works, so that a true probability is exact:

- A lead's days are blocks of 24 hours from its capture. Blocks 0 to 6 are the first seven days.
- A rep writes the first outreach; its speed depends on the rep and on the company's size. The lead answers within 48
  hours or not. The lead's own touches of the first seven days follow a Poisson law.
- From block 7 on there are touches by another Poisson law, until the first call in block 13 or later.
- `converted` depends on what is known at capture, on speed, answer and touches of the first seven days, and on the days
  since the last touch at the first call. `approved` is decided on the applications of converted leads.
- What comes after the first call follows from the outcome and is no cause of it.

So the probability at an earlier moment is a sum over the few states that may still come (`demo.story.effects`).

Kinder than the world: no hidden quality of a lead or an account, no effect of one lead on another, calls on weekends.
"""
