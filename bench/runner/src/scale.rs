//! The growth of the costs with the number of calls in flight, the length of the bodies, and the number of events.

use nix::sys::resource::{Resource, getrlimit};

use crate::document::{self, Part};
use crate::figures::number;
use crate::plot::{self, Line, Panel};
use crate::programs::{build, measure};
use crate::row::CLIENTS;
use crate::samples::Samples;
use crate::server::{Pause, Server};
use crate::{Result, machine};

/// Size of a page of memory, in bytes. Smaller differences of the resident memory cannot be measured.
const PAGE: f64 = 4096.0;

/// Open files of a program for each call in flight. A client may open a connection that it no longer needs when the connection is
/// open, because another call has ended meanwhile.
const FILES_PER_CALL: usize = 4;

/// A quantity of which the work grows.
struct Dimension {
    /// Name of the plot, without its ending.
    plot: &'static str,
    /// Name of the quantity.
    name: &'static str,
    sizes: &'static [usize],
    /// Open files that a program needs for each unit of the size.
    files: usize,
    costs: [Cost; 2],
    /// Runs a client, and returns the costs in the units of `costs`.
    measure: fn(&Server, &str, usize) -> Result<[f64; 2]>,
    /// Formats a size.
    size: fn(usize) -> String,
}

/// A cost of a client.
struct Cost {
    /// Name of the column, with the unit.
    name: &'static str,
    digits: usize,
    /// The cost of the complete work, for the table of exponents.
    total: &'static str,
    /// `true` if the cost is a part of the total: the total is this cost, multiplied by the size.
    is_part: bool,
}

/// Medians of all clients: for each size, for each client, both costs.
type Medians = Vec<(usize, [[f64; 2]; CLIENTS.len()])>;

const DIMENSIONS: [Dimension; 3] = [
    Dimension {
        plot: "scale-calls",
        name: "calls in flight",
        sizes: &[1, 10, 100, 1_000, 5_000, 10_000],
        files: FILES_PER_CALL,
        costs: [
            Cost { name: "time per call, µs", digits: 1, total: "time of N calls in flight", is_part: true },
            Cost {
                name: "memory per call, KiB",
                digits: 1,
                total: "memory of N calls in flight",
                is_part: true,
            },
        ],
        measure: calls,
        size: |size| number(size as f64, 0),
    },
    Dimension {
        plot: "scale-bodies",
        name: "length of the bodies",
        sizes: &[1_000, 10_000, 100_000, 1_000_000, 10_000_000, 25_000_000],
        files: 0,
        costs: [
            Cost {
                name: "time of a call, µs",
                digits: 0,
                total: "time of a call with bodies of N bytes",
                is_part: false,
            },
            Cost {
                name: "memory of a call, KiB",
                digits: 0,
                total: "memory of a call with bodies of N bytes",
                is_part: false,
            },
        ],
        measure: bodies,
        size: bytes,
    },
    Dimension {
        plot: "scale-streams",
        name: "events of a stream",
        sizes: &[10, 100, 1_000, 10_000, 100_000],
        files: 0,
        costs: [
            Cost {
                name: "time per event, µs",
                digits: 2,
                total: "time of a stream of N events",
                is_part: true,
            },
            Cost {
                name: "memory of a stream, KiB",
                digits: 0,
                total: "memory of a stream of N events",
                is_part: false,
            },
        ],
        measure: streams,
        size: |size| number(size as f64, 0),
    },
];

/// Measures and prints the costs. Writes the page and its plots if `docs` is set.
pub(crate) fn run(rounds: usize, docs: bool) -> Result<()> {
    build(&["bench-server"])?;
    for client in CLIENTS {
        build(&[&format!("bench-{client}")])?;
    }
    let server = Server::start(Pause::None)?;
    let mut exponents =
        "| total | range | invoke-model | official | plain |\n|---|---|---:|---:|---:|\n".to_owned();
    let mut tables = String::new();
    for dimension in &DIMENSIONS {
        let medians = dimension.medians(&server, rounds)?;
        exponents.push_str(&dimension.exponents(&medians));
        tables.push_str(&format!("\n{}", dimension.table(&medians)));
        if docs {
            document::write_plot(&format!("{}.svg", dimension.plot), &dimension.plot(&medians)?)?;
        }
    }
    let text = format!("{}\n\n{exponents}{tables}", machine::line()?);
    println!("{text}");
    if docs { document::write(&[(Part::Scale, &text)]) } else { Ok(()) }
}

impl Dimension {
    /// Measures all clients at all sizes that the limit of open files allows.
    fn medians(&self, server: &Server, rounds: usize) -> Result<Medians> {
        let (_, files) = getrlimit(Resource::RLIMIT_NOFILE)?;
        let mut medians = Medians::new();
        for &size in self.sizes {
            eprintln!("{}: {}", self.name, (self.size)(size));
            if (size * self.files) as u64 > files {
                eprintln!("  left out: the hard limit of open files is {files}");
                continue;
            }
            let samples =
                Samples::alternating_pairs(&CLIENTS, rounds, |client| (self.measure)(server, client, size))?;
            let mut costs = [[0.0; 2]; CLIENTS.len()];
            for (client, costs) in costs.iter_mut().enumerate() {
                *costs = samples.each_ref().map(|samples| samples[client].median());
            }
            medians.push((size, costs));
        }
        Ok(medians)
    }

    /// Returns a table with the costs of all clients.
    fn table(&self, medians: &Medians) -> String {
        let columns =
            self.costs.iter().flat_map(|cost| CLIENTS.map(|client| format!("{}: {client}", cost.name)));
        let columns: Vec<_> = columns.collect();
        let mut table =
            format!("| {} | {} |\n|---:|{}\n", self.name, columns.join(" | "), "---:|".repeat(columns.len()));
        for (size, costs) in medians {
            let cells = (0..2).flat_map(|cost| {
                costs.iter().map(move |client| number(client[cost], self.costs[cost].digits))
            });
            table.push_str(&format!(
                "| {} | {} |\n",
                (self.size)(*size),
                cells.collect::<Vec<_>>().join(" | ")
            ));
        }
        table
    }

    /// Returns the lines of the table of exponents: for all sizes, and for the two largest sizes.
    fn exponents(&self, medians: &Medians) -> String {
        let mut lines = String::new();
        for (index, cost) in self.costs.iter().enumerate() {
            for range in [medians.as_slice(), &medians[medians.len().saturating_sub(2)..]] {
                let (Some((first, _)), Some((last, _))) = (range.first(), range.last()) else { continue };
                let mut cells =
                    vec![cost.total.to_owned(), format!("{} to {}", (self.size)(*first), (self.size)(*last))];
                for client in 0..CLIENTS.len() {
                    let totals = range.iter().map(|(size, costs)| {
                        let part = if cost.is_part { *size as f64 } else { 1.0 };
                        (*size as f64, costs[client][index] * part)
                    });
                    cells.push(number(exponent(totals), 2));
                }
                lines.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
        lines
    }

    /// Returns a plot with a panel for each cost.
    fn plot(&self, medians: &Medians) -> Result<String> {
        let panels = [0, 1].map(|index| Panel {
            title: self.costs[index].name,
            axis: self.name,
            lines: (0..CLIENTS.len())
                .map(|client| Line {
                    name: CLIENTS[client],
                    points: medians
                        .iter()
                        .map(|(size, costs)| (*size as f64, costs[client][index]))
                        .collect(),
                })
                .collect(),
        });
        plot::lines(&panels)
    }
}

/// Returns the exponent b of the cost a * size^b that fits best: the slope of the straight line through the logarithms,
/// by least squares. Ignores points without a cost, because zero has no logarithm.
fn exponent(points: impl Iterator<Item = (f64, f64)>) -> f64 {
    let points: Vec<_> =
        points.filter(|(_, cost)| *cost > 0.0).map(|(size, cost)| (size.ln(), cost.ln())).collect();
    let count = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / count, y + point.1 / count));
    let covariance: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    covariance / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

/// Makes calls on `width` connections. Returns the microseconds per call, and the KiB per waiting call.
fn calls(server: &Server, client: &str, width: usize) -> Result<[f64; 2]> {
    let count = (10_000 / width).max(2);
    let timed = measure(client, server, &["at-once", &count.to_string(), &width.to_string()])?;
    let waiting = measure(client, server, &["in-flight", &width.to_string()])?;
    let memory = waiting.peak.saturating_sub(waiting.before) as f64;
    Ok([timed.wall.as_secs_f64() * 1e6 / (count * width) as f64, memory / 1024.0 / width as f64])
}

/// Makes calls with bodies of this length. Returns the microseconds of a call, and its memory in KiB.
fn bodies(server: &Server, client: &str, length: usize) -> Result<[f64; 2]> {
    let count = (25_000_000 / length).clamp(1, 1_000);
    let measured = measure(client, server, &["bodies", &length.to_string(), &count.to_string()])?;
    let memory = (measured.peak.saturating_sub(measured.before) as f64).max(PAGE);
    Ok([measured.wall.as_secs_f64() * 1e6 / count as f64, memory / 1024.0])
}

/// Reads streams of this many events. Returns the microseconds per event, and the memory of a stream in KiB.
fn streams(server: &Server, client: &str, events: usize) -> Result<[f64; 2]> {
    let count = (20_000 / events).clamp(1, 500);
    let measured = measure(client, server, &["stream", &events.to_string(), &count.to_string()])?;
    let memory = (measured.peak.saturating_sub(measured.before) as f64).max(PAGE);
    Ok([measured.wall.as_secs_f64() * 1e6 / (events * count) as f64, memory / 1024.0])
}

fn bytes(length: usize) -> String {
    if length < 1_000_000 { format!("{} KB", length / 1_000) } else { format!("{} MB", length / 1_000_000) }
}

#[cfg(test)]
mod tests {
    use super::exponent;

    #[test]
    fn the_exponent_is_the_slope_of_the_logarithms() {
        let check = |points: &[(f64, f64)], expected: f64| {
            let exponent = exponent(points.iter().copied());
            assert!((exponent - expected).abs() < 1e-9, "{exponent}");
        };
        check(&[(1.0, 5.0), (10.0, 50.0), (100.0, 500.0)], 1.0);
        check(&[(1.0, 5.0), (10.0, 500.0)], 2.0);
        check(&[(10.0, 7.0), (1000.0, 7.0)], 0.0);
        check(&[(1.0, 0.0), (10.0, 50.0), (100.0, 500.0)], 1.0);
        // The squares of the distances decide if the points are not on a line.
        check(&[(1.0, 1.0), (10.0, 10.0), (100.0, 10.0)], 0.5);
    }
}
