//! Tables of a run, in Markdown.

use crate::document::Part;
use crate::figures::number;
use crate::programs::build;
use crate::row::{CLIENTS, Row};
use crate::server::Servers;
use crate::{Result, clean_build, document, layers, machine, plot, rows, targets};

/// Measures and prints the rows and the layers. Writes their parts of the page if `docs` is set.
pub(crate) fn run(rounds: usize, docs: bool) -> Result<()> {
    build(&["bench-server", "bench-layers"])?;
    for kind in ["bench", "minimal"] {
        for client in CLIENTS {
            build(&[&format!("{kind}-{client}")])?;
        }
    }
    let servers = Servers::start()?;
    let rows = rows::all(&servers, rounds)?;
    let layers = layers(&servers)?;
    drop(servers);
    let run = format!("{}\n\n{}\n\n{}\n{layers}", machine::description()?, machine::versions()?, of(&rows));
    let targets = targets::table("measurement", &rows);
    println!("{run}\n{targets}");
    if docs {
        document::write(&[(Part::Run, &run), (Part::Targets, &targets)])?;
        document::write_plot("performance.svg", &plot(&rows)?)?;
    }
    Ok(())
}

/// Columns of a table with all clients.
const HEAD: [&str; 6] =
    ["measurement", "invoke-model", "official", "plain", "ratio to official", "ratio to plain"];

/// Returns a table of rows with all clients. The last column contains the share of the server in its core, if it was
/// measured for a row.
pub(crate) fn of(rows: &[Row]) -> String {
    let has_server = rows.iter().any(|row| !row.server.is_empty());
    let mut head = HEAD.to_vec();
    head.extend(has_server.then_some("server's share of its core"));
    let head = format!("| {} |\n|---|{}\n", head.join(" | "), "---:|".repeat(head.len() - 1));
    rows.iter().fold(head, |table, row| {
        let mut cells = row.cells(&CLIENTS);
        cells.extend(has_server.then(|| row.server_cell()));
        table + &row.line(&cells)
    })
}

fn layers(servers: &Servers) -> Result<String> {
    let mut text =
        "| layer of invoke-model | instructions, executed | Callgrind |\n|---|---:|---:|\n".to_owned();
    for layer in layers::LAYERS {
        let (executed, counted) = layers::instructions(layer, servers)?;
        text.push_str(&format!("| {layer} | {} | {} |\n", number(executed, 0), number(counted, 0)));
    }
    Ok(text)
}

/// Plots the first row.
fn plot(rows: &[Row]) -> Result<String> {
    let Some(first) = rows.first() else { return Err("no row".into()) };
    let values = CLIENTS.iter().filter_map(|client| Some((*client, first.median(client)?)));
    plot::bars(first.what, &values.collect::<Vec<_>>())
}

/// Measures and prints clean builds. Writes their parts of the page if `docs` is set.
pub(crate) fn clean_builds(docs: bool) -> Result<()> {
    const TITLE: &str = "clean release build of a minimal program";
    let rows = clean_build::rows()?;
    let head = format!("| {TITLE} | invoke-model | official | ratio |\n|---|---:|---:|---:|\n");
    let table = rows.iter().fold(head, |table, row| table + &row.line(&row.cells(clean_build::CLIENTS)));
    let (builds, targets) = (format!("{}\n\n{table}", machine::description()?), targets::table(TITLE, &rows));
    println!("{builds}\n{targets}");
    if docs {
        document::write(&[(Part::Builds, &builds), (Part::BuildTargets, &targets)])?;
    }
    Ok(())
}
