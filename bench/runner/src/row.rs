//! One line of a table.

use crate::figures::{multiple, number, part};
use crate::samples::Samples;
use crate::targets::Target;

/// The clients in the order of the columns.
pub(crate) const CLIENTS: [&str; 3] = ["ours", "official", "plain"];

/// What was measured of each client.
#[derive(Debug)]
pub(crate) struct Row {
    /// What it is, with its unit.
    pub(crate) what: &'static str,
    /// Of each client in their order. Of plain, the last, there is not everything.
    pub(crate) samples: Vec<Samples>,
    /// Digits after the point.
    pub(crate) digits: usize,
    /// Whether more is better.
    pub(crate) more_is_better: bool,
    /// What ours is held to.
    pub(crate) target: Option<Target>,
}

impl Row {
    /// With what ours is held to.
    pub(crate) fn held_to(self, target: Target) -> Self {
        Self { target: Some(target), ..self }
    }

    /// The median of a client, where there is one.
    pub(crate) fn median(&self, client: &str) -> Option<f64> {
        let column = CLIENTS.iter().position(|name| *name == client)?;
        self.samples.get(column).map(Samples::median)
    }

    /// A line with these clients' cells, and how ours is beside each of the others.
    pub(crate) fn line(&self, clients: &[&str]) -> String {
        let cells = (0..clients.len()).map(|column| {
            self.samples.get(column).map_or("-".to_owned(), |samples| cell(samples, self.digits))
        });
        let ratios = clients.iter().skip(1).map(|other| self.beside(other));
        format!("| {} | {} |\n", self.what, cells.chain(ratios).collect::<Vec<_>>().join(" | "))
    }

    /// Ours beside another; `-` where one is not there, or nothing.
    fn beside(&self, other: &str) -> String {
        let (Some(ours), Some(other)) = (self.median("ours"), self.median(other)) else {
            return "-".to_owned();
        };
        let nothing = number(0.0, self.digits);
        if [ours, other].map(|median| number(median, self.digits)).contains(&nothing) {
            return "-".to_owned();
        }
        if self.more_is_better { multiple(ours / other) } else { part(ours / other, 1) }
    }
}

/// The median, and how far the values spread where they do.
fn cell(samples: &Samples, digits: usize) -> String {
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
    fn a_line_has_a_cell_for_each_client_and_a_ratio_for_each_other() {
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
