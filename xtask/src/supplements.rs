//! Reads models, and applies supplements to them.

use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::{Model, ShapeId};

use crate::{Failure, root};

/// Folder with traits that published models lack. A file applies to a model if the model has the shapes in
/// the file.
const SUPPLEMENTS: &str = "model/supplements";

/// Reads a model and applies every supplement.
pub(crate) fn supplemented(path: &Path) -> Result<Model, Failure> {
    applied(path, SUPPLEMENTS).map(|(model, _)| model)
}

/// Reads a model and applies every file of a folder. Returns the model, and the ids of shapes in the files
/// that the model lacks.
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

/// Returns the paths of models. Replaces a folder with the files in it that contain a model.
///
/// # Errors
/// Returns an error if there is no model, or if a file cannot be read.
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
