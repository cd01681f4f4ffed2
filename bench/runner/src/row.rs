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
    /// Target for the client `ours`.
    pub(crate) target: Option<Target>,
}

impl Row {
    /// Returns the row with a target.
    pub(crate) fn target(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// Returns the median of a client, or `None` if the client was not measured.
    pub(crate) fn median(&self, client: &str) -> Option<f64> {
        let column = CLIENTS.iter().position(|name| *name == client)?;
        self.samples.get(column).map(Samples::median)
    }

    /// Returns a line with the cells of `clients`, and the ratios of the first client to each of the other
    /// clients.
    pub(crate) fn line(&self, clients: &[&str]) -> String {
        let cells = (0..clients.len()).map(|column| {
            self.samples.get(column).map_or("-".to_owned(), |samples| cell(samples, self.digits))
        });
        let ratios = clients.iter().skip(1).map(|other| self.ratio_to(other));
        format!("| {} | {} |\n", self.what, cells.chain(ratios).collect::<Vec<_>>().join(" | "))
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

/// Formats the median and the spread. Omits the spread if it is zero.
pub(crate) fn cell(samples: &Samples, digits: usize) -> String {
    let [median, spread] = [samples.median(), samples.spread()].map(|value| number(value, digits));
    if spread == number(0.0, digits) { median } else { format!("{median} ± {spread}") }
}

#[cfg(test)]
mod tests {
    use super::{CLIENTS, Row};
    use crate::samples::Samples;

    fn row(values: &[f64], more_is_better: bool) -> Row {
        let samples = values.iter().map(|&value| Samples::one(value)).collect();
        Row { what: "a", samples, digits: 1, more_is_better, target: None }
    }

    #[test]
    fn a_line_has_cells_and_ratios() {
        let check = |values: &[f64], more, clients: &[&str], expected: &str| {
            assert_eq!(row(values, more).line(clients), format!("{expected}\n"));
        };
        check(&[1.0, 4.0, 0.5], false, &CLIENTS, "| a | 1.0 | 4.0 | 0.5 | 1/4.0 | 2.00x |");
        check(&[1.0, 4.0, 0.5], true, &CLIENTS, "| a | 1.0 | 4.0 | 0.5 | 0.25x | 2.00x |");
        check(&[1.0, 4.0], false, &CLIENTS, "| a | 1.0 | 4.0 | - | 1/4.0 | - |");
        check(&[1.0, 4.0], false, &CLIENTS[..2], "| a | 1.0 | 4.0 | 1/4.0 |");
        check(&[0.0, 4.0, 0.01], false, &CLIENTS, "| a | 0.0 | 4.0 | 0.0 | - | - |");
    }
}
