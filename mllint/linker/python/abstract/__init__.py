"""The abstract domain: what is known of a value, objects that change, frames, texts with unknown parts."""
