//! `cargo xtask loom`: runs the tests in `tests/loom`. The folder is a separate workspace.

use crate::{Failure, program, root};

pub(crate) fn run() -> Result<(), Failure> {
    let commands: [&[&str]; 3] = [
        &["fmt", "--check"],
        &["clippy", "--quiet", "--all-targets", "--", "-D", "warnings"],
        // Without optimizations, the tests take minutes.
        &["test", "--quiet", "--release"],
    ];
    commands.iter().try_for_each(|arguments| {
        program::run(program::cargo(arguments).current_dir(root().join("tests/loom")))
    })
}
