//! Heap blocks by `valgrind --tool=dhat`: the program is the one that is measured, with the allocator that it has.

use crate::Result;
use crate::callgrind::valgrind;
use crate::server::Server;

/// Blocks that one more of something allocates. A block that is made longer counts once more.
pub(crate) fn each(package: &str, server: &Server, work: &[&str], (few, more): (u64, u64)) -> Result<f64> {
    let arguments = ["--tool=dhat", "--dhat-out-file=/dev/null"];
    let blocks = |times| valgrind(&arguments, "bytes in ", package, server, work, times);
    Ok((blocks(more)? - blocks(few)?) / (more - few) as f64)
}
