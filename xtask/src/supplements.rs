//! Reads models, and applies supplements to them.

use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::{Model, ShapeId};

use crate::{Failure, root};

/// Folder with files that add missing traits to published models. A file has no effect on a model that does
/// not contain the shapes that the file names.
const SUPPLEMENTS: &str = "model/supplements";

/// Reads a model and applies every supplement.
pub(crate) fn supplemented(path: &Path) -> Result<Model, Failure> {
    applied(path, SUPPLEMENTS).map(|(model, _)| model)
}

/// Reads a model and applies every file of a folder. Returns the model. Also returns the ids of shapes that
/// the files name, but that the model does not have.
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

/// Returns the paths of models. Replaces each folder by the files in this folder that contain a model.
///
/// # Errors
/// Returns an error if the paths contain no model, or if a file cannot be read.
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
    if found.is_empty() { Err(Failure::new("the given paths contain no Smithy model")) } else { Ok(found) }
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
