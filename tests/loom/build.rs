//! Sets `cfg(loom)` for this package only. With `RUSTFLAGS="--cfg loom"`, the flag would also change the
//! dependencies. For example, tokio has no network types with this flag.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(loom)");
    println!("cargo::rustc-cfg=loom");
}
