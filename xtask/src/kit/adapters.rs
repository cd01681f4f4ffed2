//! The adapters, and the commands that start them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;

use self::Adapter::{Cargo, Command, Go, Java, Node, Package, Python, Rust};
use crate::clients::{Clients, Words, adapter};
use crate::programs::Programs;
use crate::{Failure, python};

/// The name and the kind of each adapter. The name is the name of its folder in `conformance/adapters`, unless the kind
/// has a folder.
pub(super) const ADAPTERS: [(&str, Adapter); 12] = [
    ("rust", Rust),
    ("cli", Command),
    ("python", Package { folder: "python", option: "--sync" }),
    ("python-asyncio", Package { folder: "python", option: "--asyncio" }),
    ("boto3-accelerated", Package { folder: "boto3", option: "--accelerated" }),
    ("boto3", Python),
    ("aws-cli", Python),
    ("anthropic", Python),
    ("javascript", Node),
    ("go", Go),
    ("java", Java),
    ("rust-official", Cargo),
];

/// The kind of an adapter.
#[derive(Clone, Copy, Debug)]
pub(super) enum Adapter {
    /// A crate in this workspace.
    Rust,
    /// The script `adapter.py` with the path of our command as its argument.
    Command,
    /// The script `adapter.py` in a folder, with the Python package of this project. The option selects the client.
    Package { folder: &'static str, option: &'static str },
    /// The script `adapter.py`.
    Python,
    /// The script `adapter.mjs`.
    Node,
    /// A Go module.
    Go,
    /// Java classes, and a `pom.xml` that pins their dependencies.
    Java,
    /// A crate outside this workspace.
    Cargo,
}

/// Returns a parser that accepts the names of the clients.
pub(super) fn names() -> PossibleValuesParser {
    ADAPTERS.map(|(name, _)| name).into()
}

impl Adapter {
    /// Builds the adapter, and returns the command that starts it. If a toolchain is not installed, returns the name of
    /// its program. `package` is the Python interpreter with our package, once it is installed.
    pub(super) fn words(
        self,
        client: &str,
        clients: &Clients,
        programs: &Programs,
        package: &mut Option<PathBuf>,
    ) -> Result<Words, Failure> {
        let script = |interpreter: &str, name: &str| {
            let mut words = vec!["env".into()];
            words.extend(environment(clients));
            words.extend(
                [clients.python.program(interpreter), adapter(client).join(name)]
                    .map(PathBuf::into_os_string),
            );
            words
        };
        match self {
            Rust => Ok(Ok(vec![programs.adapter_rust.clone().into()])),
            Command => {
                let mut words = script("python", "adapter.py");
                words.push(programs.invoke_model.clone().into());
                Ok(Ok(words))
            }
            Package { folder, option } => {
                let interpreter = match package.take() {
                    Some(interpreter) => interpreter,
                    None => python::install()?,
                };
                *package = Some(interpreter.clone());
                let mut words = vec!["env".into()];
                words.extend(environment(clients));
                words.extend([interpreter, adapter(folder).join("adapter.py")].map(PathBuf::into_os_string));
                words.push(option.into());
                Ok(Ok(words))
            }
            Python => Ok(Ok(script("python", "adapter.py"))),
            Node => Ok(Ok(script("node", "adapter.mjs"))),
            Go => clients.toolchains.go(client),
            Java => clients.toolchains.java(client),
            Cargo => clients.toolchains.cargo(client),
        }
    }
}

/// Returns the environment variables of scripts as arguments of the command `env`.
fn environment(clients: &Clients) -> [OsString; 3] {
    let assign = |name: &str, value: &Path| {
        let mut assignment = OsString::from(format!("{name}="));
        assignment.push(value);
        assignment
    };
    [
        assign("NODE_PATH", &clients.node.modules),
        // Python writes compiled modules into this folder, and not into the source folders.
        assign("PYTHONPYCACHEPREFIX", &clients.directory.join("pycache")),
        "PYTHONUTF8=1".into(),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::ADAPTERS;
    use super::Adapter::Package;
    use crate::root;

    #[test]
    fn the_table_lists_each_folder_and_each_baseline() {
        let listed: BTreeSet<_> = ADAPTERS.iter().map(|(name, _)| (*name).to_owned()).collect();
        let folder = |(name, adapter): &(&'static str, _)| match adapter {
            Package { folder, .. } => (*folder).to_owned(),
            _ => (*name).to_owned(),
        };
        let names = |folder: &str, is_folder: bool| -> BTreeSet<String> {
            let entries = fs::read_dir(root().join("conformance").join(folder)).unwrap();
            let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_dir() == is_folder);
            paths.map(|path| path.file_stem().unwrap().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(names("adapters", true), ADAPTERS.iter().map(folder).collect());
        let unknown: Vec<_> = names("baseline", false).difference(&listed).cloned().collect();
        assert_eq!(unknown, Vec::<String>::new());
    }
}
