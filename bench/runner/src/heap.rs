//! Counts heap blocks with `valgrind --tool=dhat`. This tool needs no changes to the program or its
//! allocator.

use crate::Result;
use crate::callgrind::valgrind;
use crate::server::Server;

/// Returns the allocated blocks per unit of work. A reallocation counts as one more block.
pub(crate) fn each(package: &str, server: &Server, work: &[&str], (few, more): (u64, u64)) -> Result<f64> {
    let arguments = ["--tool=dhat", "--dhat-out-file=/dev/null"];
    let blocks = |times| valgrind(&arguments, "bytes in ", package, server, work, times);
    Ok((blocks(more)? - blocks(few)?) / (more - few) as f64)
}
