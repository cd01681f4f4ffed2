//! Rows of a table.

use crate::figures::{multiple, number, part};
use crate::samples::Samples;
use crate::targets::Target;

/// Clients in the order of the columns.
pub(crate) const CLIENTS: [&str; 3] = ["ours", "official", "plain"];

/// One measurement of each client.
#[derive(Debug)]
pub(crate) struct Row {
    /// Description of the measurement, with its unit.
    pub(crate) what: &'static str,
    /// Samples of the clients, in the order of [`CLIENTS`]. Plain hyper-util, the last client, lacks some
    /// measurements.
    pub(crate) samples: Vec<Samples>,
    /// Number of decimal digits.
    pub(crate) digits: usize,
    /// `true` if a larger value is better.
    pub(crate) more_is_better: bool,
    /// Targets for the client `ours`.
    pub(crate) targets: Vec<Target>,
    /// Fraction of its core that the server used, for each client. It is empty if it was not measured.
    pub(crate) server: Vec<Samples>,
}

impl Row {
    /// Returns a row without targets, in which a smaller value is better.
    pub(crate) fn new(what: &'static str, digits: usize, samples: Vec<Samples>) -> Self {
        Self { what, samples, digits, more_is_better: false, targets: Vec::new(), server: Vec::new() }
    }

    /// Returns the row with one more target.
    pub(crate) fn target(mut self, target: Target) -> Self {
        self.targets.push(target);
        self
    }

    /// Returns the samples of a client, or `None` if the client was not measured.
    pub(crate) fn samples(&self, client: &str) -> Option<&Samples> {
        let column = CLIENTS.iter().position(|name| *name == client)?;
        self.samples.get(column)
    }

    /// Returns the median of a client, or `None` if the client was not measured.
    pub(crate) fn median(&self, client: &str) -> Option<f64> {
        self.samples(client).map(Samples::median)
    }

    /// Returns the cells of `clients`, and the ratios of the first client to each of the other clients.
    pub(crate) fn cells(&self, clients: &[&str]) -> Vec<String> {
        let cells = (0..clients.len()).map(|column| {
            self.samples.get(column).map_or("-".to_owned(), |samples| cell(samples, self.digits))
        });
        let ratios = clients.iter().skip(1).map(|other| self.ratio_to(other));
        cells.chain(ratios).collect()
    }

    /// Returns a line of a table with these cells.
    pub(crate) fn line(&self, cells: &[String]) -> String {
        format!("| {} | {} |\n", self.what, cells.join(" | "))
    }

    /// Returns the fraction of its core that the server used for each client, in percent.
    pub(crate) fn server_cell(&self) -> String {
        let shares = self.server.iter().map(|share| format!("{:.0} %", share.median() * 100.0));
        if self.server.is_empty() { "-".to_owned() } else { shares.collect::<Vec<_>>().join(", ") }
    }

    /// Returns the median of this client divided by the median of another client. Returns `-` if one of the
    /// medians is missing or zero.
    fn ratio_to(&self, other: &str) -> String {
        let (Some(ours), Some(other)) = (self.median("ours"), self.median(other)) else {
            return "-".to_owned();
        };
        let zero = number(0.0, self.digits);
        if [ours, other].map(|median| number(median, self.digits)).contains(&zero) {
            return "-".to_owned();
        }
        if self.more_is_better { multiple(ours / other) } else { part(ours / other, 1) }
    }
}

/// Formats the median and the spread. Omits the spread if it is zero. Marks a value with a large spread.
pub(crate) fn cell(samples: &Samples, digits: usize) -> String {
    let [median, spread] = [samples.median(), samples.spread()].map(|value| number(value, digits));
    if spread == number(0.0, digits) {
        return median;
    }
    let mark = if samples.is_steady() { "" } else { " †" };
    format!("{median} ± {spread}{mark}")
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, Row, cell};
    use crate::samples::Samples;

    fn row(values: &[f64], more_is_better: bool) -> Row {
        let samples = values.iter().map(|&value| Samples::one(value)).collect();
        Row { more_is_better, ..Row::new("a", 1, samples) }
    }

    #[test]
    fn a_line_has_cells_and_ratios() {
        let check = |values: &[f64], more, clients: &[&str], expected: &str| {
            let row = row(values, more);
            assert_eq!(row.line(&row.cells(clients)), format!("{expected}\n"));
        };
        check(&[1.0, 4.0, 0.5], false, &CLIENTS, "| a | 1.0 | 4.0 | 0.5 | 1/4.0 | 2.00x |");
        check(&[1.0, 4.0, 0.5], true, &CLIENTS, "| a | 1.0 | 4.0 | 0.5 | 0.25x | 2.00x |");
        check(&[1.0, 4.0], false, &CLIENTS, "| a | 1.0 | 4.0 | - | 1/4.0 | - |");
        check(&[1.0, 4.0], false, &CLIENTS[..2], "| a | 1.0 | 4.0 | 1/4.0 |");
        check(&[0.0, 4.0, 0.01], false, &CLIENTS, "| a | 0.0 | 4.0 | 0.0 | - | - |");
    }

    #[test]
    fn a_large_spread_is_marked() {
        let check = |values: &[f64], expected| assert_eq!(cell(&Samples::of(values.to_vec()), 0), expected);
        check(&[100.0, 100.0, 115.0], "100 ± 15");
        check(&[100.0, 100.0, 116.0], "100 ± 16 †");
        check(&[84.0, 100.0, 100.0], "100 ± 16 †");
        check(&[0.1, 0.2, 0.3], "0");
    }

    #[test]
    fn the_share_of_the_server_is_in_percent() {
        let with = |shares: &[f64]| Row {
            server: shares.iter().map(|&share| Samples::one(share)).collect(),
            ..row(&[1.0], true)
        };
        assert_eq!(with(&[]).server_cell(), "-");
        assert_eq!(with(&[0.5, 0.204, 0.995]).server_cell(), "50 %, 20 %, 100 %");
    }
}
