//! What the generator emits for each tiny model of `models/`, compiled.
