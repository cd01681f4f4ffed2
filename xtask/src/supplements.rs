//! Models of other services, with what `model/supplements` says of their shapes.

use std::fs;
use std::path::{Path, PathBuf};

use invoke_model_codegen::model::Model;

use crate::{Failure, root};

/// Where traits stand that a published model lacks. A file speaks of the shapes that a model has, or of none.
const SUPPLEMENTS: &str = "model/supplements";

/// Reads a model and applies every supplement.
pub(crate) fn supplemented(path: &Path) -> Result<Model, Failure> {
    let about =
        |path: &Path, error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
    let mut model = Model::from_json(&read(path)?).map_err(|error| about(path, &error))?;
    for supplement in supplements()? {
        model.apply_json(&read(&supplement)?).map_err(|error| about(&supplement, &error))?;
    }
    Ok(model)
}

/// Reads a file.
pub(crate) fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

fn supplements() -> Result<Vec<PathBuf>, Failure> {
    let folder = root().join(SUPPLEMENTS);
    let about = |error| Failure::new(format!("{}: {error}", folder.display()));
    let mut paths = Vec::new();
    for entry in fs::read_dir(&folder).map_err(about)? {
        paths.push(entry.map_err(about)?.path());
    }
    paths.sort();
    Ok(paths)
}
