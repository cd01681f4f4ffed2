//! Layers of a call, each measured separately.

use crate::Result;
use crate::server::{Server, Servers};
use crate::{callgrind, single_step};

/// Layers of a call in the order of their execution, followed by the layers of an event.
pub(crate) const LAYERS: [&str; 7] = ["serialize", "hash", "sign", "send", "parse", "frame", "event"];

/// Returns two counts for a layer: the executed instructions, and the instructions that Callgrind counts.
pub(crate) fn instructions(layer: &str, servers: &Servers) -> Result<(f64, f64)> {
    let executed = single_step::each("bench-layers", &servers.stepping, &[layer], (2, 12))?;
    Ok((executed, counted(layer, &servers.valgrind)?))
}

/// Returns the number of instructions that Callgrind counts for a layer.
pub(crate) fn counted(layer: &str, server: &Server) -> Result<f64> {
    callgrind::each("bench-layers", server, &[layer], (100, 600))
}
