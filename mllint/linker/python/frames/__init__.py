"""Operations on frames: subscripts, assignments, and the extension point `frame:` of library models."""
