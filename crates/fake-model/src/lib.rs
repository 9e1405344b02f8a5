//! To be filled in the same change.
