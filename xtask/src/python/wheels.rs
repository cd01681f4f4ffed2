//! `cargo xtask python --wheels`: builds the wheels of a release, and audits them.
//!
//! Zig links the wheels against the symbols of an old glibc, for each architecture. Therefore the build needs no
//! container with an old Linux distribution, and no cross compiler.

use std::env::consts::{ARCH, OS};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use zip::result::ZipResult;
use zip::{ZipArchive, ZipWriter};

use super::{Package, create_environment, only_file, remove};
use crate::clients::installation::execute;
use crate::{Failure, program};

/// The greatest size of a wheel in bytes.
const GREATEST_SIZE: u64 = 7_500_000;

/// The functions of `libgcc_s.so.1` that unwind the stack.
const UNWINDER: [&str; 17] = [
    "_Unwind_Backtrace",
    "_Unwind_DeleteException",
    "_Unwind_FindEnclosingFunction",
    "_Unwind_ForcedUnwind",
    "_Unwind_GetCFA",
    "_Unwind_GetDataRelBase",
    "_Unwind_GetGR",
    "_Unwind_GetIP",
    "_Unwind_GetIPInfo",
    "_Unwind_GetLanguageSpecificData",
    "_Unwind_GetRegionStart",
    "_Unwind_GetTextRelBase",
    "_Unwind_RaiseException",
    "_Unwind_Resume",
    "_Unwind_Resume_or_Rethrow",
    "_Unwind_SetGR",
    "_Unwind_SetIP",
];

/// The level from which `zip` compresses with Zopfli. The wheels are 3 % smaller than with the highest level of maturin.
/// Each higher level is much slower, and saves little.
const ZOPFLI: i64 = 10;

/// The architectures of the wheels.
const ARCHITECTURES: [&str; 2] = ["x86_64", "aarch64"];

/// A kind of wheel.
struct Kind {
    name: &'static str,
    /// The C library of the Rust target.
    libc: &'static str,
    /// The policy for the symbols that a wheel may use of the system, as maturin names it.
    compatibility: &'static str,
    /// The interpreter for which maturin builds. maturin knows the settings of interpreters that are not installed.
    interpreter: &'static str,
    /// The tags of interpreter and ABI in the file name.
    tags: &'static str,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "Python 3.11 or later, glibc 2.17 or later",
        libc: "gnu",
        compatibility: "manylinux2014",
        interpreter: "python3.11",
        tags: "cp311-abi3",
    },
    // The stable ABI supports free-threaded interpreters only since Python 3.15.
    Kind {
        name: "free-threaded Python 3.14, glibc 2.17 or later",
        libc: "gnu",
        compatibility: "manylinux2014",
        interpreter: "python3.14t",
        tags: "cp314-cp314t",
    },
    Kind {
        name: "Python 3.15 or later, free-threaded or not, glibc 2.17 or later",
        libc: "gnu",
        compatibility: "manylinux2014",
        interpreter: "python3.15t",
        tags: "cp315-abi3.abi3t",
    },
    Kind {
        name: "Python 3.11 or later, musl",
        libc: "musl",
        compatibility: "musllinux_1_2",
        interpreter: "python3.11",
        tags: "cp311-abi3",
    },
];

/// Builds and audits each kind of wheel that this machine can build. Prints a line for each kind.
///
/// # Errors
/// Returns an error if a wheel cannot be built, or has a defect. A kind whose Rust target is not installed is only
/// printed.
pub(super) fn run() -> Result<(), Failure> {
    if OS != "linux" {
        return Err(Failure::new("`--wheels` builds wheels for Linux: run it on Linux"));
    }
    let package = Package::new()?;
    let builder = Builder {
        environment: package.target.join("wheels-venv"),
        output: package.target.join("release-wheels"),
        package,
    };
    let requirements = builder.package.source.join("wheels.txt");
    create_environment(&builder.environment, &requirements, "bin/maturin")?;
    remove(&builder.output)?;
    let mut defects = Vec::new();
    for (arch, kind) in ARCHITECTURES.iter().flat_map(|arch| KINDS.iter().map(move |kind| (arch, kind))) {
        let target = format!("{arch}-unknown-linux-{}", kind.libc);
        if !is_installed(&target)? {
            println!("{arch}, {}: not built: run `rustup target add {target}`", kind.name);
            continue;
        }
        let wheel = builder.build(kind, &target)?;
        let size = fs::metadata(&wheel).map_err(|error| Failure::about(&wheel, &error))?.len();
        println!("{arch}, {}: {}, {size} bytes", kind.name, wheel.display());
        defects.extend(builder.audit(kind, &wheel, size)?);
        if *arch == ARCH && kind.libc == "gnu" && kind.interpreter == "python3.11" {
            builder.test(&wheel)?;
        }
    }
    if defects.is_empty() { Ok(()) } else { Err(Failure::new(defects.join("\n"))) }
}

/// Returns `true` if the standard library of a target is installed.
fn is_installed(target: &str) -> Result<bool, Failure> {
    let mut rustc = Command::new("rustc");
    let folder = program::output(rustc.args(["--print", "target-libdir", "--target", target]))?;
    Ok(Path::new(folder.trim()).exists())
}

struct Builder {
    package: Package,
    environment: PathBuf,
    output: PathBuf,
}

impl Builder {
    fn build(&self, kind: &Kind, target: &str) -> Result<PathBuf, Failure> {
        let folder = self.output.join(format!("{}-{target}", kind.tags));
        let python = self.environment.join("bin/python");
        let mut build = Command::new(self.environment.join("bin/maturin"));
        build.args(["build", "--quiet", "--locked", "--release", "--zig"]);
        build.args(["--target", target, "--compatibility", kind.compatibility]);
        build.args(["--interpreter", kind.interpreter, "--auditwheel", "check", "--out"]).arg(&folder);
        if kind.libc == "gnu" {
            build.args(["--", "-C"]).arg(format!("link-arg={}", self.unwinder(target)?.display()));
        }
        build.current_dir(&self.package.source).env("CARGO_TARGET_DIR", &self.package.target);
        // maturin finds Zig as a module of this Python.
        build.env("CARGO_ZIGBUILD_PYTHON_PATH", &python);
        execute(&mut build, "maturin could not build the wheel")?;
        let wheel = only_file(&folder)?;
        recompress(&wheel).map_err(|error| Failure::about(&wheel, &error))?;
        Ok(wheel)
    }

    /// Builds a library that has the name and the functions of the `libgcc_s.so.1` of a target, and returns its path.
    ///
    /// A wheel that is linked with it uses the `libgcc_s.so.1` of the system. Otherwise, Zig would link an unwinder of its
    /// own into the wheel. When an interpreter before Python 3.14 ends, each of its threads calls `pthread_exit`. This
    /// function unwinds the stack with the `libgcc_s.so.1` of the system, and the process would crash at the first stack
    /// frame that belongs to the other unwinder: <https://github.com/llvm/llvm-project/issues/52946>
    fn unwinder(&self, target: &str) -> Result<PathBuf, Failure> {
        let folder = self.output.join(format!("unwinder-{target}"));
        fs::create_dir_all(&folder).map_err(|error| Failure::about(&folder, &error))?;
        let (source, library) = (folder.join("unwinder.c"), folder.join("libgcc_s.so.1"));
        let functions = UNWINDER.map(|name| format!("void {name}(void) {{}}\n")).concat();
        fs::write(&source, functions).map_err(|error| Failure::about(&source, &error))?;
        let mut compile = Command::new(self.environment.join("bin/python"));
        compile.args(["-m", "ziglang", "cc", "-target", &target.replace("-unknown", "")]);
        compile.args(["-shared", "-nostdlib", "-Wl,-soname,libgcc_s.so.1", "-o"]).arg(&library).arg(&source);
        execute(&mut compile, "Zig could not compile a library")?;
        Ok(library)
    }

    /// Installs a wheel, and runs the tests of calls, signals, threads, forks and the end of the interpreter.
    fn test(&self, wheel: &Path) -> Result<(), Failure> {
        self.package.install_tools()?;
        self.package.install_wheel(wheel)?;
        let tests = ["tests/test_calls.py", "tests/test_process.py", "tests/test_fork.py"];
        let mut pytest = self.package.python();
        program::run(pytest.args(["-m", "pytest", "-q", "-p", "no:cacheprovider"]).args(tests))
    }

    /// Returns the defects of a wheel.
    fn audit(&self, kind: &Kind, wheel: &Path, size: u64) -> Result<Vec<String>, Failure> {
        let name = wheel.file_name().unwrap_or_default().to_string_lossy();
        let mut auditwheel = Command::new(self.environment.join("bin/auditwheel"));
        // This folder contains no libraries. Otherwise, auditwheel searches the folders of this machine for the
        // `libc.so` of a musl wheel, and fails on the linker script with this name that belongs to glibc.
        auditwheel.args(["show", "--json", "--ldpaths"]).arg(&self.output);
        let facts = program::output(auditwheel.arg(wheel))?;
        let facts = serde_json::from_str(&facts)
            .map_err(|error| Failure::new(format!("cannot parse the output of auditwheel: {error}")))?;
        let mut defects = defects(kind, &name, size, &facts);
        if kind.tags.contains("abi3") {
            let report = wheel.with_extension("json");
            let mut abi3audit = Command::new(self.environment.join("bin/abi3audit"));
            abi3audit.args(["--strict", "--report", "--output"]).arg(&report).arg(wheel);
            // The command also fails if it has found a defect.
            program::succeeds(&mut abi3audit);
            let report = fs::read(&report).map_err(|error| Failure::about(&report, &error))?;
            let report = serde_json::from_slice(&report)
                .map_err(|error| Failure::new(format!("cannot parse the report of abi3audit: {error}")))?;
            defects.extend(abi_defects(&name, &report));
        }
        Ok(defects)
    }
}

/// Compresses the files of a wheel again, with Zopfli.
fn recompress(wheel: &Path) -> ZipResult<()> {
    let mut archive = ZipArchive::new(File::open(wheel)?)?;
    let smaller = wheel.with_extension("zopfli");
    let mut writer = ZipWriter::new(File::create(&smaller)?);
    for index in 0..archive.len() {
        let mut file = archive.by_index(index)?;
        writer.start_file(file.name(), file.options().compression_level(Some(ZOPFLI)))?;
        io::copy(&mut file, &mut writer)?;
    }
    writer.finish()?;
    Ok(fs::rename(smaller, wheel)?)
}

/// Returns the defects of a wheel with this file name and size. `facts` is the output of `auditwheel show`.
fn defects(kind: &Kind, name: &str, size: u64, facts: &Value) -> Vec<String> {
    let mut defects = Vec::new();
    if !name.contains(&format!("-{}-", kind.tags)) {
        defects.push(format!("{name}: the tags must be `{}`", kind.tags));
    }
    if size > GREATEST_SIZE {
        defects.push(format!("{name}: {size} bytes, but the limit is {GREATEST_SIZE}"));
    }
    let platforms = name.trim_end_matches(".whl").rsplit('-').next().unwrap_or_default();
    let needed = facts["sym_tag"].as_str().unwrap_or_default();
    if !platforms.split('.').any(|platform| provides(platform, needed)) {
        defects.push(format!("{name}: the symbols need `{needed}`, which the file name does not contain"));
    }
    let libraries = facts["external_libs"].as_object().into_iter().flatten().map(|(library, _)| library);
    let libraries = libraries.filter(|library| !is_musl(kind, library));
    defects.extend(libraries.map(|library| format!("{name}: needs the shared library `{library}`")));
    if facts["unsupported_isa"] == true {
        defects.push(format!("{name}: needs instructions that not every processor has"));
    }
    defects
}

/// Returns the defects in a report of abi3audit about a wheel.
fn abi_defects(name: &str, report: &Value) -> Vec<String> {
    let wheels = report["specs"].as_object().into_iter().flatten().map(|(_, spec)| &spec["wheel"]);
    let mut libraries =
        wheels.filter_map(Value::as_array).flatten().map(|library| &library["result"]).peekable();
    if libraries.peek().is_none() {
        return vec![format!("{name}: abi3audit has found no library")];
    }
    let mut defects = Vec::new();
    for library in libraries {
        if library["is_abi3_baseline_compatible"] != true {
            let needed = library["computed"].as_str().unwrap_or_default();
            defects.push(format!("{name}: uses objects of the stable ABI of Python {needed}"));
        }
        let symbols = library["non_abi3_symbols"].as_array().into_iter().flatten().filter_map(Value::as_str);
        // abi3audit does not know the name of the function that the library exports: <https://peps.python.org/pep-0793/>
        let symbols = symbols.filter(|symbol| !symbol.starts_with("PyModExport_"));
        defects.extend(symbols.map(|symbol| format!("{name}: `{symbol}` is not part of the stable ABI")));
    }
    defects
}

/// Returns `true` if a library is the C library of a musl wheel.
///
/// Zig links musl with the name `libc.so`. auditwheel expects the name that Alpine uses, `libc.musl-x86_64.so.1`. The
/// loader of musl accepts both names for itself.
fn is_musl(kind: &Kind, library: &str) -> bool {
    kind.libc == "musl" && library == "libc.so"
}

/// Returns `true` if a system with the platform tag `platform` provides the symbols of the tag `needed`.
fn provides(platform: &str, needed: &str) -> bool {
    match (version(platform), version(needed)) {
        (Some(platform), Some(needed)) => {
            (platform.0, platform.2) == (needed.0, needed.2) && platform.1 >= needed.1
        }
        _ => false,
    }
}

/// Splits a platform tag such as `manylinux_2_17_x86_64` into the C library, its version and the architecture.
fn version(tag: &str) -> Option<(&str, (u32, u32), &str)> {
    let mut parts = tag.splitn(4, '_');
    let libc = parts.next()?;
    let version = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some((libc, version, parts.next()?))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::{Read, Write};

    use serde_json::{Value, json};
    use zip::write::SimpleFileOptions;
    use zip::{ZipArchive, ZipWriter};

    use super::{GREATEST_SIZE, KINDS, abi_defects, defects, provides, recompress};

    const NAME: &str = "invoke_model-0.1.0-cp311-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl";

    fn check(name: &str, size: u64, facts: &Value, expected: &[&str]) {
        let found = defects(&KINDS[0], name, size, facts);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.contains(expected), "{found}");
        }
    }

    fn facts(tag: &str) -> Value {
        json!({"sym_tag": tag, "external_libs": {}, "unsupported_isa": false})
    }

    #[test]
    fn finds_each_defect_of_a_wheel() {
        let good = facts("manylinux_2_17_x86_64");
        check(NAME, GREATEST_SIZE, &good, &[]);
        check(NAME, GREATEST_SIZE + 1, &good, &["7500001 bytes"]);
        check(&NAME.replace("abi3", "cp311"), 1, &good, &["the tags must be `cp311-abi3`"]);
        check(NAME, 1, &facts("manylinux_2_34_x86_64"), &["need `manylinux_2_34_x86_64`"]);
        check(NAME, 1, &facts("linux_x86_64"), &["need `linux_x86_64`"]);
        let bad = json!({
            "sym_tag": "manylinux_2_17_x86_64", "external_libs": {"libssl.so.3": null}, "unsupported_isa": true
        });
        check(NAME, 1, &bad, &["`libssl.so.3`", "instructions"]);
    }

    #[test]
    fn only_a_musl_wheel_needs_libc_so() {
        let facts = json!({"sym_tag": "musllinux_1_2_x86_64", "external_libs": {"libc.so": null}});
        let name = "invoke_model-0.1.0-cp311-abi3-musllinux_1_2_x86_64.whl";
        assert_eq!(defects(&KINDS[3], name, 1, &facts), [""; 0]);
        let facts = json!({"sym_tag": "manylinux_2_17_x86_64", "external_libs": {"libc.so": null}});
        check(NAME, 1, &facts, &["`libc.so`"]);
    }

    #[test]
    fn finds_symbols_that_the_stable_abi_does_not_contain() {
        let report = |symbols: &[&str], compatible: bool| {
            let result = json!({
                "is_abi3_baseline_compatible": compatible, "computed": "3.15", "non_abi3_symbols": symbols
            });
            json!({"specs": {NAME: {"kind": "wheel", "wheel": [{"name": "_native.abi3.so", "result": result}]}}})
        };
        assert_eq!(abi_defects(NAME, &report(&["PyModExport__native"], true)), [""; 0]);
        let found = abi_defects(NAME, &report(&["_Py_Private"], false));
        assert!(found[0].contains("Python 3.15") && found[1].contains("`_Py_Private`"), "{found:?}");
        assert!(abi_defects(NAME, &json!({}))[0].contains("no library"));
    }

    #[test]
    fn newer_systems_provide_the_symbols_of_older_systems() {
        assert!(provides("manylinux_2_17_x86_64", "manylinux_2_5_x86_64"));
        assert!(provides("musllinux_1_2_x86_64", "musllinux_1_1_x86_64"));
        assert!(!provides("manylinux_2_5_x86_64", "manylinux_2_17_x86_64"));
        assert!(!provides("manylinux_2_17_x86_64", "manylinux_2_17_aarch64"));
        assert!(!provides("manylinux_2_17_x86_64", "musllinux_1_1_x86_64"));
        assert!(!provides("manylinux2014_x86_64", "manylinux_2_17_x86_64"));
    }

    #[test]
    fn recompression_changes_only_the_size() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("a.whl");
        let text = "to be or not to be, ".repeat(100);
        let mut writer = ZipWriter::new(File::create(&wheel).unwrap());
        writer.start_file("a/b.py", SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
        writer.finish().unwrap();
        let size = fs::metadata(&wheel).unwrap().len();

        recompress(&wheel).unwrap();
        assert!(fs::metadata(&wheel).unwrap().len() < size);
        let mut archive = ZipArchive::new(File::open(&wheel).unwrap()).unwrap();
        let mut file = archive.by_name("a/b.py").unwrap();
        assert_eq!(file.unix_mode(), Some(0o100_755));
        let mut found = String::new();
        file.read_to_string(&mut found).unwrap();
        assert_eq!(found, text);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }
}
