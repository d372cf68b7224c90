"""Applying library models: what a modelled call reads, writes, trains, computes or serves."""
