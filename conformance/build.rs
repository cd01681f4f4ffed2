//! Recompiles the crate if a scenario has changed, because `include_dir` does not track its files.

fn main() {
    println!("cargo::rerun-if-changed=scenarios");
}
