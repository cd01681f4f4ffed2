//! The growth of the costs with the number of concurrent calls, the size of the bodies, and the number of events.

use nix::sys::resource::{Resource, getrlimit};

use crate::document::{self, Part};
use crate::figures::number;
use crate::plot::{self, Line, Panel};
use crate::programs::{build, measure};
use crate::row::{CLIENTS, cell};
use crate::samples::Samples;
use crate::server::{Pause, Server};
use crate::{Result, machine};

/// Size of a page of memory, in bytes. Smaller differences of the resident memory cannot be measured.
const PAGE: f64 = 4096.0;

/// Open files that a program may need for each concurrent call. A call needs one connection. hyper-util may open a
/// second one before it knows that the connection of the previous call is idle.
const FILES_PER_CALL: usize = 2;

/// A quantity that makes the work grow.
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

/// Measured costs: for each size, both costs of all clients.
type Points = Vec<(usize, [Vec<Samples>; 2])>;

const DIMENSIONS: [Dimension; 3] = [
    Dimension {
        plot: "scale-calls",
        name: "concurrent calls",
        sizes: &[1, 10, 100, 1_000, 5_000, 10_000],
        files: FILES_PER_CALL,
        costs: [
            Cost {
                name: "time per call, µs", digits: 1, total: "time of N concurrent calls", is_part: true
            },
            Cost {
                name: "memory per call, KiB",
                digits: 1,
                total: "memory of N concurrent calls",
                is_part: true,
            },
        ],
        measure: calls,
        size: |size| number(size as f64, 0),
    },
    Dimension {
        plot: "scale-bodies",
        name: "size of the bodies",
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
        let points = dimension.points(&server, rounds)?;
        exponents.push_str(&dimension.exponents(&points));
        tables.push_str(&format!("\n{}", dimension.table(&points)));
        if docs {
            document::write_plot(&format!("{}.svg", dimension.plot), &dimension.plot(&points)?)?;
        }
    }
    let text = format!("{}\n\n{exponents}{tables}", machine::description()?);
    println!("{text}");
    if docs { document::write(&[(Part::Scale, &text)]) } else { Ok(()) }
}

impl Dimension {
    /// Measures all clients at all sizes that the limit of open files allows.
    fn points(&self, server: &Server, rounds: usize) -> Result<Points> {
        let (_, files) = getrlimit(Resource::RLIMIT_NOFILE)?;
        let mut points = Points::new();
        for &size in self.sizes {
            eprintln!("{}: {}", self.name, (self.size)(size));
            if (size * self.files) as u64 > files {
                eprintln!("  left out: the hard limit of open files is {files}");
                continue;
            }
            let measure = |client: &str| (self.measure)(server, client, size);
            points.push((size, Samples::alternating_pairs(&CLIENTS, rounds, measure)?));
        }
        Ok(points)
    }

    /// Returns a table with the costs of all clients.
    fn table(&self, points: &Points) -> String {
        let columns =
            self.costs.iter().flat_map(|cost| CLIENTS.map(|client| format!("{}: {client}", cost.name)));
        let columns: Vec<_> = columns.collect();
        let mut table =
            format!("| {} | {} |\n|---:|{}\n", self.name, columns.join(" | "), "---:|".repeat(columns.len()));
        for (size, costs) in points {
            let cells = self
                .costs
                .iter()
                .zip(costs)
                .flat_map(|(cost, clients)| clients.iter().map(|samples| cell(samples, cost.digits)));
            let cells = cells.collect::<Vec<_>>().join(" | ");
            table.push_str(&format!("| {} | {cells} |\n", (self.size)(*size)));
        }
        table
    }

    /// Returns the lines of the table of exponents of the medians: for all sizes, and for the two largest sizes.
    fn exponents(&self, points: &Points) -> String {
        let mut lines = String::new();
        for (index, cost) in self.costs.iter().enumerate() {
            for range in [points.as_slice(), &points[points.len().saturating_sub(2)..]] {
                let (Some((first, _)), Some((last, _))) = (range.first(), range.last()) else { continue };
                let mut cells =
                    vec![cost.total.to_owned(), format!("{} to {}", (self.size)(*first), (self.size)(*last))];
                for client in 0..CLIENTS.len() {
                    let totals = range.iter().map(|(size, costs)| {
                        let part = if cost.is_part { *size as f64 } else { 1.0 };
                        (*size as f64, costs[index][client].median() * part)
                    });
                    cells.push(number(exponent(totals), 2));
                }
                lines.push_str(&format!("| {} |\n", cells.join(" | ")));
            }
        }
        lines
    }

    /// Returns a plot of the medians with a panel for each cost.
    fn plot(&self, points: &Points) -> Result<String> {
        let panels = [0, 1].map(|index| Panel {
            title: self.costs[index].name,
            axis: self.name,
            lines: (0..CLIENTS.len())
                .map(|client| Line {
                    name: CLIENTS[client],
                    points: points
                        .iter()
                        .map(|(size, costs)| (*size as f64, costs[index][client].median()))
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
    let waiting = measure(client, server, &["waiting", &width.to_string()])?;
    let memory = waiting.peak.saturating_sub(waiting.before) as f64;
    Ok([timed.wall.as_secs_f64() * 1e6 / (count * width) as f64, memory / 1024.0 / width as f64])
}

/// Makes calls with bodies of this size. Returns the microseconds of a call, and its memory in KiB.
fn bodies(server: &Server, client: &str, size: usize) -> Result<[f64; 2]> {
    let count = (25_000_000 / size).clamp(1, 1_000);
    let measured = measure(client, server, &["bodies", &size.to_string(), &count.to_string()])?;
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

fn bytes(size: usize) -> String {
    if size < 1_000_000 { format!("{} KB", size / 1_000) } else { format!("{} MB", size / 1_000_000) }
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
