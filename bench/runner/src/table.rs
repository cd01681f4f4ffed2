//! The table of a whole run, in Markdown.

use crate::clean_build::{self, CleanBuild};
use crate::programs::{CLIENTS, build};
use crate::rows::{self, Row};
use crate::samples::Samples;
use crate::server::Servers;
use crate::{Result, document, layers, machine, plot};

/// Builds, measures and prints; with `docs`, writes the page, too.
pub(crate) fn run(rounds: usize, builds: bool, docs: bool) -> Result<()> {
    build(&["bench-server", "bench-layers"])?;
    for kind in ["bench", "minimal"] {
        for client in CLIENTS {
            build(&[&format!("{kind}-{client}")])?;
        }
    }
    let servers = Servers::start()?;
    let rows = rows::all(&servers, rounds)?;
    let mut text = format!("{}\n\n{}\n\n", machine::line()?, machine::versions()?);
    text.push_str("| what | ours | official | plain | ours : official | ours : plain |\n");
    text.push_str("|---|---:|---:|---:|---:|---:|\n");
    text.extend(rows.iter().map(line));
    text.push_str(&layers(&servers)?);
    drop(servers);
    print!("{text}");
    let Some(first) = rows.first() else { return Err("no row".into()) };
    let values = CLIENTS.iter().zip(&first.samples).map(|(client, samples)| (*client, samples.median()));
    let plot = plot::bars(first.what, &values.collect::<Vec<_>>())?;
    // Before the builds, too, which take as long as all the rest.
    if docs {
        document::write(&text, &plot)?;
    }
    if builds {
        let builds = clean_builds()?;
        print!("{builds}");
        text.push_str(&builds);
    }
    if docs { document::write(&text, &plot) } else { Ok(()) }
}

fn layers(servers: &Servers) -> Result<String> {
    let mut text =
        "\n| layer of ours, by itself | instructions, as executed | Callgrind |\n|---|---:|---:|\n"
            .to_owned();
    for layer in layers::LAYERS {
        let (executed, counted) = layers::instructions(layer, servers)?;
        text.push_str(&format!("| {layer} | {} | {} |\n", number(executed, 0), number(counted, 0)));
    }
    Ok(text)
}

fn clean_builds() -> Result<String> {
    let (ours, official) = (clean_build::build("ours")?, clean_build::build("official")?);
    let line = |what: &str, digits, value: &dyn Fn(&CleanBuild) -> f64| {
        let ([a, b], [ours, official]) =
            ([&ours, &official].map(value), [&ours, &official].map(|build| number(value(build), digits)));
        format!("| {what} | {ours} | {official} | 1/{:.1} |\n", b / a)
    };
    Ok([
        "\n| clean release build of a minimal program | ours | official | ours : official |\n".to_owned(),
        "|---|---:|---:|---:|\n".to_owned(),
        line("crates", 0, &|build| build.crates as f64),
        line("processor time, seconds", 0, &|build| build.cpu.as_secs_f64()),
        line("time by the clock, seconds", 0, &|build| build.wall.as_secs_f64()),
        line("size without symbols, MB", 1, &|build| build.size as f64 / 1e6),
    ]
    .concat())
}

fn line(row: &Row) -> String {
    let [ours, official, plain] = row.samples.each_ref();
    let cells = row.samples.each_ref().map(|samples| cell(samples, row.digits)).join(" | ");
    let (official, plain) = (ratio(ours, official, row), ratio(ours, plain, row));
    format!("| {} | {cells} | {official} | {plain} |\n", row.what)
}

/// The median, and how far the values spread where they do.
fn cell(samples: &Samples, digits: usize) -> String {
    let [median, spread] = [samples.median(), samples.spread()].map(|value| number(value, digits));
    if spread == number(0.0, digits) { median } else { format!("{median} ± {spread}") }
}

/// A cost as a part of the other's, `1/4.2`, or as a multiple, `1.3x`; a rate as a multiple.
fn ratio(ours: &Samples, other: &Samples, row: &Row) -> String {
    let nothing = number(0.0, row.digits);
    if [ours, other].map(|samples| number(samples.median(), row.digits)).contains(&nothing) {
        return "-".to_owned();
    }
    let ratio = ours.median() / other.median();
    if ratio < 1.0 && !row.more_is_better { format!("1/{:.1}", 1.0 / ratio) } else { format!("{ratio:.2}x") }
}

/// A number with its thousands apart.
pub(crate) fn number(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", value.abs());
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    let sign = if value < 0.0 && text.contains(|digit| ('1'..='9').contains(&digit)) { "-" } else { "" };
    format!("{sign}{out}{rest}")
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn thousands_stand_apart() {
        let check = |value, digits, expected: &str| assert_eq!(number(value, digits), expected);
        check(0.0, 0, "0");
        check(999.6, 0, "1,000");
        check(123_456.78, 1, "123,456.8");
        check(1_234_567.0, 0, "1,234,567");
        check(-1234.5, 1, "-1,234.5");
        check(-0.01, 1, "0.0");
    }
}
