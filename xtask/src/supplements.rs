//! Models with what the files of a folder say of their shapes.

use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::{Model, ShapeId};

use crate::{Failure, root};

/// Where traits stand that published models lack. A file speaks of shapes that a model has, or of none.
const SUPPLEMENTS: &str = "model/supplements";

/// Reads a model and applies every supplement.
pub(crate) fn supplemented(path: &Path) -> Result<Model, Failure> {
    applied(path, SUPPLEMENTS).map(|(model, _)| model)
}

/// Reads a model and applies every file of a folder; gives what they speak of and the model does not have.
pub(crate) fn applied(path: &Path, folder: &str) -> Result<(Model, Vec<ShapeId>), Failure> {
    let about =
        |path: &Path, error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let mut model = Model::from_json(&read(path)?).map_err(|error| about(path, &error))?;
    let mut missing = Vec::new();
    for file in files(&root().join(folder))? {
        missing.extend(model.apply_json(&read(&file)?).map_err(|error| about(&file, &error))?);
    }
    Ok((model, missing))
}

/// The models among paths, of a folder those in it: it can hold other files, too.
///
/// # Errors
/// There is none.
pub(crate) fn models(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            for file in files(path)? {
                if file.is_file() && read(&file)?.contains("\"smithy\"") {
                    found.push(file);
                }
            }
        } else {
            found.push(path.clone());
        }
    }
    if found.is_empty() { Err(Failure::new("no Smithy model among the files given")) } else { Ok(found) }
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let about = |error| Failure::new(format!("{}: {error}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(about)? {
        paths.push(entry.map_err(about)?.path());
    }
    paths.sort();
    Ok(paths)
}
