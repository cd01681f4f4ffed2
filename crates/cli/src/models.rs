//! `invoke-model models`: lists the known models and the aliases.

use clap::Args;
use invoke_model_families::ModelFamily;
use invoke_model_local::families::{Model, ModelModality, models};

use crate::exit::Failure;
use crate::output::{check_output, print_output};
use crate::settings::Settings;

/// Arguments of `models`.
#[derive(Debug, Args)]
pub(crate) struct Models {
    /// List only the models and aliases that contain this text
    #[arg(value_name = "TEXT")]
    filter: Option<String>,
}

/// The end of the list. Bedrock Runtime has no operation that lists models.
const NOTE: &str = "\
The list contains the models of the local endpoint. The commands accept other models, too. Inference profiles have
the same ids with a prefix such as `us.`, `eu.` or `global.`. The models of an account are in another service: run
`aws bedrock list-foundation-models` and `aws bedrock list-inference-profiles`.";

pub(crate) fn run(arguments: &Models) -> Result<(), Failure> {
    check_output()?;
    let settings = Settings::load()?;
    let filter = arguments.filter.as_deref().unwrap_or_default().to_ascii_lowercase();
    let mut rows = vec![["ID", "FAMILY", "COMMANDS"].map(str::to_owned)];
    for model in models().iter().filter(|model| model.id.contains(&filter)) {
        rows.push([model.id.to_owned(), family(model), commands(model).to_owned()]);
    }
    let shown =
        |(name, id): &(&String, &String)| name.to_ascii_lowercase().contains(&filter) || id.contains(&filter);
    for (name, id) in settings.aliases.iter().filter(shown) {
        rows.push([name.clone(), "alias".to_owned(), id.clone()]);
    }
    let mut text = table(&rows);
    if arguments.filter.is_none() {
        text.push_str(&format!("\n{NOTE}\n"));
    }
    print_output(text.as_bytes())
}

fn family(model: &Model) -> String {
    ModelFamily::from_model_id(model.id).map(|family| format!("{family:?}")).unwrap_or_default()
}

/// Returns the commands that support a model.
fn commands(model: &Model) -> &'static str {
    match model.output_modality() {
        ModelModality::Text => "chat, invoke, call",
        ModelModality::Embedding => "embed, invoke, call",
        _ => "invoke, call",
    }
}

/// Returns the rows as lines with aligned columns.
fn table(rows: &[[String; 3]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default();
    let (first, second) = (width(0), width(1));
    rows.iter().map(|[id, family, last]| format!("{id:first$}  {family:second$}  {last}\n")).collect()
}
